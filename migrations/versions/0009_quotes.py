"""The cart that was to become an order's Commerce order."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("commerce_quote_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "commerce_quote_id")
