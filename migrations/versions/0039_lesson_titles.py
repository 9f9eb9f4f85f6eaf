"""Titles of lessons and learning paths in other languages

Revision: 0039, after 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("lesson", "learning_path"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("titles", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    for table in ("learning_path", "lesson"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("titles")
