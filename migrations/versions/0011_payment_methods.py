"""How the buyer pays, and the numbers of Easy Ship, as Amazon names them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COLUMNS = ("payment_methods", "fulfillment_orders")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("orders", sa.Column(name, sa.String(255), nullable=True))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("orders", name)
