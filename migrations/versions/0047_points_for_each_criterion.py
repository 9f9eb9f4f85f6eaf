"""Points for each criterion of an answer that a person marks

Revision: 0047, after 0046
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("given_mark", "attempt_item"):
        op.add_column(table, sa.Column("parts", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    for table in ("attempt_item", "given_mark"):
        op.drop_column(table, "parts")
