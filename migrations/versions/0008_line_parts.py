"""Which Commerce lines stand for an Amazon line that is several of them: the parts of a bundle."""

import sqlalchemy as sa
from alembic import op

from bridge.db import Json

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order_lines", sa.Column("parts", Json(), nullable=True))


def downgrade() -> None:
    op.drop_column("order_lines", "parts")
