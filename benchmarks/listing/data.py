"""A shop's orders in a migrated database, by bulk inserts; kept between runs while migrations and recipe are the same.

Three years of three stores (US 70 %, CA 20 %, JP 10 %), ids in the order of the dates as in life. Nearly all closed;
what is open is new.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine, make_url, text

from bridge import migrate
from bridge.db import Database
from bridge.domain.blockers import BLOCKER_CODES
from bridge.domain.commerce import plain
from bridge.domain.order import AmazonStatus as A
from bridge.domain.states import ImportState as S
from bridge.domain.states import shown_status

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2023, 11, 1, tzinfo=UTC)
YEARS = timedelta(days=3 * 365)
STORES = ((1, "Mugs US", "ATVPDKIKX0DER"), (2, "Mugs CA", "A2EUQ1WTGCTBG2"), (3, "Mugs JP", "A1VC38T7YXB528"))
CURRENCY = {1: "USD", 2: "CAD", 3: "JPY"}
BATCH = 20_000
FIRST = [f"{a}{b}" for a in ("Ja", "Mi", "So", "Ha", "Ka", "Élo", "Be", "To", "Ru", "Wi") for b in
         ("ne", "chael", "phie", "rry", "rin", "die", "njamin", "mas", "dolf", "nnie", "mi", "ra", "lia", "ko", "na",
          "bert", "ya", "lle", "sper", "vin")]  # fmt: skip
LAST = [f"{a}{b}" for a in ("Smi", "Gar", "Ta", "Mül", "O'Br", "Wu", "Lo", "Fer", "Van", "Ki", "Pe", "Ro", "Dal", "Chu",
                            "Am", "Zo", "Ni", "Hol", "Ester", "Bo") for b in
        ("th", "cía", "naka", "ler", "ien", "mann", "pez", "reira", "derson", "moto", "terson", "dríguez", "ton", "kov",
         "ado", "la", "elsen", "land", "hazy", "wen")]  # fmt: skip

Row = tuple[Any, ...]
Table = tuple[str, tuple[str, ...]]
ORDERS: Table = ("orders", (
    "id", "store_id", "amazon_order_id", "amazon_order_tail", "status", "amazon_status", "import_state", "channel",
    "purchase_date", "last_update_date", "currency", "grand_total_minor", "tip_minor", "order_note", "programs",
    "tax_collected_by_amazon", "packages", "commerce_order_id", "commerce_order_number", "commerce_status", "due_at",
    "attempts", "address_edits", "created_at", "updated_at",
))  # fmt: skip
PERSONAL: Table = ("order_personal_data", ("order_id", "store_id", "buyer_name", "buyer_sort"))
WORDS: Table = ("buyer_words", ("order_id", "word", "store_id"))
BLOCKERS: Table = ("order_blockers", ("order_id", "code", "message", "fix"))


def _life(chance: random.Random, age: float) -> tuple[A, S]:
    """What Amazon shows and how far the import is; age 0 is the newest order, 1 the oldest."""
    dice = chance.random()
    if age > 0.03:
        if dice < 0.05:
            return A.CANCELED, S.CANCELED
        return A.SHIPPED, S.VIEW_ONLY if dice < 0.06 else S.BLOCKED if dice < 0.065 else S.COMPLETED
    if age < 0.004 and dice < 0.5:
        return A.PENDING, S.WAITING
    if dice < 0.25:
        return A.UNSHIPPED, S.BLOCKED
    if dice < 0.5:
        return A.UNSHIPPED, S.IMPORTED
    return (A.SHIPPED, S.IMPORTED) if dice < 0.9 else (A.PARTIALLY_SHIPPED, S.IMPORTED)


def batches(size: int) -> Iterator[dict[str, list[Row]]]:
    """The rows of each table, BATCH orders at a time; the same in every run."""
    chance = random.Random(18)
    codes = list(BLOCKER_CODES)
    step = YEARS / size
    for begin in range(1, size + 1, BATCH):
        held: dict[str, list[Row]] = {name: [] for name, _ in (ORDERS, PERSONAL, WORDS, BLOCKERS)}
        for n in range(begin, min(begin + BATCH, size + 1)):
            dice = chance.random()
            store = 1 if dice < 0.7 else 2 if dice < 0.9 else 3
            at = START + step * n
            amazon, state = _life(chance, 1 - n / size)
            pending = amazon is A.PENDING
            in_commerce = state in (S.IMPORTED, S.COMPLETED)
            number = f"{chance.randrange(100, 120)}-{chance.randrange(10**7):07d}-{n:07d}"
            total = None if pending else int(chance.lognormvariate(3.4, 0.8) * (100 if store < 3 else 150))
            name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
            held["orders"].append((
                n, store, number, number[-7:], shown_status(amazon, state).value, amazon.value, state.value,
                "FBA" if chance.random() < 0.3 else "FBM", at, at + timedelta(hours=30),
                None if pending else CURRENCY[store], total, 0,
                "Status updated to Shipped." if amazon is A.SHIPPED else "Received from Amazon.",
                '["PRIME"]' if chance.random() < 0.4 else "[]", False, "[]", n if in_commerce else None,
                f"{n:09d}" if in_commerce else None,
                ("complete" if state is S.COMPLETED else "processing") if in_commerce else None, at, 0, 0, at, at,
            ))  # fmt: skip
            held["order_personal_data"].append((n, store, name, plain(name)))
            held["buyer_words"] += [(n, word, store) for word in sorted(set(plain(name).split()))]
            if state is S.BLOCKED:
                code = codes[min(int(chance.expovariate(1)), len(codes) - 1)]
                held["order_blockers"].append((n, code, BLOCKER_CODES[code].meaning, BLOCKER_CODES[code].fix))
        yield held


def _store_rows() -> Iterator[tuple[str, dict[str, Any]]]:
    for number, name, marketplace in STORES:
        yield "stores", {
            "id": number, "name": name, "seller_id": f"A{number:013d}", "marketplace_id": marketplace,
            "commerce_url": "https://shop.example", "commerce_admin_url": "https://shop.example/admin",
            "website_code": "base", "active": True, "integration_time": START, "created_at": START, "updated_at": START,
        }  # fmt: skip


def _recipe(size: int) -> str:
    return f"{size} {migrate.head()} {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]}"


def _index_statements(db: Database, tables: tuple[Table, ...]) -> tuple[list[str], list[str]]:
    """What drops and what makes the tables' plain indexes: made at the end they cost a tenth."""
    names = {name for name, _ in tables}
    with db.engine.connect() as c:
        if db.engine.dialect.name == "sqlite":
            asked = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        else:
            asked = (
                "SELECT indexname, tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
                " AND indexname LIKE 'ix_%'"
            )
        found = [(name, sql) for name, table, sql in c.execute(text(asked)) if table in names]
    return [f"DROP INDEX {name}" for name, _ in found], [sql for _, sql in found]


def _fill(db: Database, size: int) -> None:
    tables = (ORDERS, PERSONAL, WORDS, BLOCKERS)
    drop, make = _index_statements(db, tables)
    with db.session() as session:
        for table, values in _store_rows():
            names = ", ".join(values)
            marks = ", ".join(f":{name}" for name in values)
            kept = {k: v.replace(tzinfo=None) if isinstance(v, datetime) else v for k, v in values.items()}
            session.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), kept)
        for statement in drop:
            session.execute(text(statement))
    raw = db.engine.raw_connection()
    try:
        for held in batches(size):
            for table in tables:
                _insert(raw.driver_connection, table, held[table[0]])
        raw.commit()
    finally:
        raw.close()
    with db.session() as session:
        for statement in make:
            session.execute(text(statement))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if db.engine.dialect.name == "postgresql" else "ANALYZE")


def _insert(connection: Any, table: Table, rows: list[Row]) -> None:
    name, columns = table
    rows = [tuple(v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in row) for row in rows]
    if isinstance(connection, psycopg.Connection):
        with connection.cursor().copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    assert isinstance(connection, sqlite3.Connection)
    texts = [tuple(f"{v:%Y-%m-%d %H:%M:%S.%f}" if isinstance(v, datetime) else v for v in row) for row in rows]
    connection.execute("BEGIN")
    connection.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", texts)
    connection.execute("COMMIT")


def sqlite_orders(size: int) -> str:
    """The address of a SQLite file with so many orders, made when there is none that fits."""
    path = ROOT / "var" / "bench" / f"list-{size}.db"
    mark = path.with_suffix(".recipe")
    url = f"sqlite:///{path}"
    if not (path.exists() and mark.exists() and mark.read_text() == _recipe(size)):
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in (path, mark, Path(f"{path}-wal"), Path(f"{path}-shm")):
            old.unlink(missing_ok=True)
        db = Database(url)
        migrate.upgrade(db)
        _fill(db, size)
        db.close()
        mark.write_text(_recipe(size))
    return url


def postgresql_orders(server: str, size: int) -> str:
    """The address of a database with so many orders on this server, made when there is none that fits."""
    name = f"bridge_bench_list_{size}"
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    asked = text("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :name")
    with engine.connect() as connection:
        if connection.execute(asked, {"name": name}).scalar() != _recipe(size):
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name}"))
            db = Database(url)
            migrate.upgrade(db)
            _fill(db, size)
            db.close()
            connection.execute(text(f"COMMENT ON DATABASE {name} IS '{_recipe(size)}'"))
    engine.dispose()
    return url
