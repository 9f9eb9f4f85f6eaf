"""How many pages of a document are pictures of text that nobody could read

Revision: 0038, after 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("library_file") as batch:
        batch.add_column(
            sa.Column("unread_pages", sa.Integer(), nullable=False, server_default="0")
        )


def downgrade() -> None:
    with op.batch_alter_table("library_file") as batch:
        batch.drop_column("unread_pages")
