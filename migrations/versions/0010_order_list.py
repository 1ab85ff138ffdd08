"""The order list by index on every database, whatever it is filtered and sorted by.

PostgreSQL finds the beginning of a text by index only where it compares byte by byte, which its locale may not do.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BYTEWISE = (
    ("orders", "amazon_order_id", 32, False),
    ("orders", "commerce_order_number", 50, True),
    ("order_personal_data", "buyer_sort", 255, False),
    ("buyer_words", "word", 64, False),
)
FILTERED = ("channel", "grand_total_minor", "import_state", "purchase_date", "status")
INDEXES = {
    "ix_orders_date": ("store_id", "purchase_date", "id"),
    "ix_orders_status": ("store_id", "status", "purchase_date", "id"),
    "ix_orders_total": ("store_id", "grand_total_minor", "id"),
    "ix_orders_channel": ("store_id", "channel", "purchase_date", "id"),
    "ix_orders_state": ("store_id", "import_state", "purchase_date", "id"),
    "ix_orders_all_dates": ("purchase_date", "id"),
}


def upgrade() -> None:
    compare_by("C")
    op.create_index("ix_orders_status_id", "orders", ["store_id", "status", "id"], unique=False)
    for name, columns in INDEXES.items():
        replace(name, [*columns, *(column for column in FILTERED if column not in columns)])
    op.drop_index("ix_orders_number", table_name="orders")


def downgrade() -> None:
    op.create_index("ix_orders_number", "orders", ["amazon_order_id"], unique=False)
    for name, columns in INDEXES.items():
        replace(name, list(columns))
    op.drop_index("ix_orders_status_id", table_name="orders")
    compare_by("default")


def replace(name: str, columns: list[str]) -> None:
    op.drop_index(name, table_name="orders")
    op.create_index(name, "orders", columns, unique=False)


def compare_by(collation: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column, length, nullable in BYTEWISE:
            kind = sa.String(length, collation=collation)
            op.alter_column(table, column, type_=kind, existing_type=sa.String(length), existing_nullable=nullable)
