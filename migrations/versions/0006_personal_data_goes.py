"""When an order's personal data was deleted, and after how many days that happens."""

import sqlalchemy as sa
from alembic import op

from bridge.db import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order_personal_data", sa.Column("purged_at", UtcDateTime(), nullable=True))
    op.add_column("global_settings", sa.Column("personal_data_days", sa.Integer(), server_default="30", nullable=False))


def downgrade() -> None:
    op.drop_column("global_settings", "personal_data_days")
    op.drop_column("order_personal_data", "purged_at")
