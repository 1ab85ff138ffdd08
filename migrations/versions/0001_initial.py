"""The first tables."""

import sqlalchemy as sa
from alembic import op

from bridge.db import Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("store_ids", Json(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
        sa.UniqueConstraint("name", name=op.f("uq_api_keys_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "global_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("clear_log_history", sa.String(length=16), nullable=False),
        sa.Column("read_only_mode", sa.Boolean(), nullable=False),
        sa.Column("debug_logging", sa.Boolean(), nullable=False),
        sa.Column("public_url", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_global_settings")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "quota_buckets",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("operation", sa.String(length=48), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "operation", name=op.f("pk_quota_buckets")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "stores",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("seller_id", sa.String(length=32), nullable=False),
        sa.Column("marketplace_id", sa.String(length=32), nullable=False),
        sa.Column("commerce_url", sa.String(length=255), nullable=False),
        sa.Column("commerce_admin_url", sa.String(length=255), nullable=True),
        sa.Column("website_code", sa.String(length=32), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("integration_time", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stores")),
        sa.UniqueConstraint("name", name=op.f("uq_stores_name")),
        sa.UniqueConstraint("seller_id", "marketplace_id", name=op.f("uq_stores_seller_id_marketplace_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "communication_errors",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("system", sa.String(length=16), nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_communication_errors_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_communication_errors")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_communication_errors_at", "communication_errors", ["at"], unique=False)
    op.create_table(
        "job_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job", sa.String(length=24), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("result", Json(), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_job_runs_store_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_job_runs_job", "job_runs", ["job", "store_id", "id"], unique=False)
    op.create_index("ix_job_runs_started", "job_runs", ["started_at"], unique=False)
    op.create_table(
        "order_settings",
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("import_orders", sa.String(length=16), nullable=False),
        sa.Column("commerce_store_view", sa.String(length=32), nullable=True),
        sa.Column("customer_creation", sa.String(length=16), nullable=False),
        sa.Column("order_number_source", sa.String(length=16), nullable=False),
        sa.Column("order_number_prefix", sa.String(length=20), nullable=True),
        sa.Column("pending_orders", sa.String(length=16), nullable=False),
        sa.Column("order_status", sa.String(length=16), nullable=False),
        sa.Column("processing_status", sa.String(length=32), nullable=True),
        sa.Column("invoice", sa.String(length=16), nullable=False),
        sa.Column("stock_strategy", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_order_settings_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_order_settings")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amazon_order_id", sa.String(length=32), nullable=False),
        sa.Column("amazon_order_tail", sa.String(length=7), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("amazon_status", sa.String(length=24), nullable=False),
        sa.Column("import_state", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("purchase_date", UtcDateTime(), nullable=False),
        sa.Column("last_update_date", UtcDateTime(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("grand_total_minor", sa.BigInteger(), nullable=True),
        sa.Column("tip_minor", sa.BigInteger(), nullable=False),
        sa.Column("amounts_problem", sa.Text(), nullable=True),
        sa.Column("order_note", sa.String(length=500), nullable=False),
        sa.Column("programs", Json(), nullable=False),
        sa.Column("service_level", sa.String(length=32), nullable=True),
        sa.Column("ship_by", UtcDateTime(), nullable=True),
        sa.Column("deliver_by", UtcDateTime(), nullable=True),
        sa.Column("replaces", sa.String(length=32), nullable=True),
        sa.Column("tax_collected_by_amazon", sa.Boolean(), nullable=False),
        sa.Column("buyer_cancel_requested_at", UtcDateTime(), nullable=True),
        sa.Column("packages", Json(), nullable=False),
        sa.Column("commerce_order_id", sa.BigInteger(), nullable=True),
        sa.Column("commerce_order_number", sa.String(length=50), nullable=True),
        sa.Column("commerce_status", sa.String(length=32), nullable=True),
        sa.Column("imported_at", UtcDateTime(), nullable=True),
        sa.Column("claim", sa.String(length=40), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_orders_store_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("store_id", "amazon_order_id", name=op.f("uq_orders_store_id_amazon_order_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_orders_all_dates", "orders", ["purchase_date", "id"], unique=False)
    op.create_index("ix_orders_channel", "orders", ["store_id", "channel", "purchase_date", "id"], unique=False)
    op.create_index("ix_orders_commerce_id", "orders", ["store_id", "commerce_order_id"], unique=False)
    op.create_index("ix_orders_commerce_number", "orders", ["commerce_order_number"], unique=False)
    op.create_index("ix_orders_date", "orders", ["store_id", "purchase_date", "id"], unique=False)
    op.create_index("ix_orders_due", "orders", ["store_id", "import_state", "due_at", "id"], unique=False)
    op.create_index("ix_orders_number", "orders", ["amazon_order_id"], unique=False)
    op.create_index("ix_orders_state", "orders", ["store_id", "import_state", "purchase_date", "id"], unique=False)
    op.create_index("ix_orders_status", "orders", ["store_id", "status", "purchase_date", "id"], unique=False)
    op.create_index("ix_orders_tail", "orders", ["amazon_order_tail"], unique=False)
    op.create_index("ix_orders_total", "orders", ["store_id", "grand_total_minor", "id"], unique=False)
    op.create_table(
        "product_matches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seller_sku", sa.String(length=128), nullable=True),
        sa.Column("asin", sa.String(length=16), nullable=True),
        sa.Column("commerce_sku", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_product_matches_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_matches")),
        sa.UniqueConstraint("store_id", "asin", name=op.f("uq_product_matches_store_id_asin")),
        sa.UniqueConstraint("store_id", "seller_sku", name=op.f("uq_product_matches_store_id_seller_sku")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "store_secrets",
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("encrypted", sa.LargeBinary(length=8192), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_store_secrets_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_store_secrets")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "sync_cursors",
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("position", sa.String(length=40), nullable=True),
        sa.Column("query", Json(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("bound", sa.String(length=40), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_sync_cursors_store_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("store_id", "name", name=op.f("pk_sync_cursors")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "unreadable_orders",
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amazon_order_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_unreadable_orders_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", "amazon_order_id", name=op.f("pk_unreadable_orders")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "buyer_words",
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("word", sa.String(length=64), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_buyer_words_order_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_buyer_words_store_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("order_id", "word", name=op.f("pk_buyer_words")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_buyer_words_word", "buyer_words", ["store_id", "word", "order_id"], unique=False)
    op.create_table(
        "order_blockers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amazon_item_id", sa.String(length=32), nullable=True),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("fix", sa.String(length=500), nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_blockers_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_blockers")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_order_blockers_code", "order_blockers", ["code", "order_id"], unique=False)
    op.create_index(op.f("ix_order_blockers_order_id"), "order_blockers", ["order_id"], unique=False)
    op.create_table(
        "order_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("old", sa.String(length=32), nullable=True),
        sa.Column("new", sa.String(length=32), nullable=True),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_events_order_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_events")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_order_events_at", "order_events", ["at"], unique=False)
    op.create_index("ix_order_events_order", "order_events", ["order_id", "id"], unique=False)
    op.create_table(
        "order_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amazon_item_id", sa.String(length=32), nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=True),
        sa.Column("asin", sa.String(length=16), nullable=True),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("quantity_shipped", sa.Integer(), nullable=False),
        sa.Column("quantity_unshipped", sa.Integer(), nullable=False),
        sa.Column("amounts", Json(), nullable=True),
        sa.Column("details", Json(), nullable=True),
        sa.Column("commerce_item_id", sa.BigInteger(), nullable=True),
        sa.Column("commerce_sku", sa.String(length=64), nullable=True),
        sa.Column("units_per_item", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
        sa.UniqueConstraint("order_id", "amazon_item_id", name=op.f("uq_order_lines_order_id_amazon_item_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_order_lines_sku", "order_lines", ["sku"], unique=False)
    op.create_table(
        "order_personal_data",
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("buyer_name", sa.String(length=255), nullable=True),
        sa.Column("buyer_sort", sa.String(length=255), nullable=False),
        sa.Column("buyer_email", sa.String(length=255), nullable=True),
        sa.Column("buyer_company", sa.String(length=255), nullable=True),
        sa.Column("purchase_order_number", sa.String(length=100), nullable=True),
        sa.Column("address", Json(), nullable=True),
        sa.Column("buyer_cancel_reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_personal_data_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_order_personal_data_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_personal_data")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        "ix_order_personal_data_buyer", "order_personal_data", ["store_id", "buyer_sort", "order_id"], unique=False
    )
    op.create_table(
        "outgoing_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("payload", Json(), nullable=True),
        sa.Column("payload_tracked", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_outgoing_changes_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_outgoing_changes_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_changes")),
        sa.UniqueConstraint("order_id", "kind", "reference", name=op.f("uq_outgoing_changes_order_id_kind_reference")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        "ix_outgoing_changes_due", "outgoing_changes", ["store_id", "kind", "state", "due_at", "id"], unique=False
    )
    op.create_table(
        "shipments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commerce_shipment_id", sa.BigInteger(), nullable=False),
        sa.Column("shipped_at", UtcDateTime(), nullable=False),
        sa.Column("items", Json(), nullable=False),
        sa.Column("tracks", Json(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_shipments_order_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
        sa.UniqueConstraint(
            "order_id", "commerce_shipment_id", name=op.f("uq_shipments_order_id_commerce_shipment_id")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    op.drop_table("shipments")
    op.drop_table("outgoing_changes")
    op.drop_table("order_personal_data")
    op.drop_table("order_lines")
    op.drop_table("order_events")
    op.drop_table("order_blockers")
    op.drop_table("buyer_words")
    op.drop_table("unreadable_orders")
    op.drop_table("sync_cursors")
    op.drop_table("store_secrets")
    op.drop_table("product_matches")
    op.drop_table("orders")
    op.drop_table("order_settings")
    op.drop_table("job_runs")
    op.drop_table("communication_errors")
    op.drop_table("stores")
    op.drop_table("quota_buckets")
    op.drop_table("leases")
    op.drop_table("global_settings")
    op.drop_table("api_keys")
