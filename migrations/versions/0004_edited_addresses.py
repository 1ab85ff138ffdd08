"""The merchant's own address of an order, apart from Amazon's, and how often it was changed."""

import sqlalchemy as sa
from alembic import op

from bridge.db import Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order_personal_data", sa.Column("address_edited", Json(), nullable=True))
    op.add_column("orders", sa.Column("address_edits", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("orders", "address_edits")
    op.drop_column("order_personal_data", "address_edited")
