"""What kind of source a document is to who cites it

Revision: 0048, after 0047
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "library_document",
        sa.Column("source", sa.String(10), nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_column("library_document", "source")
