"""Captions that a machine wrote are marked as such

Revision: 0028, after 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("caption_track") as batch:
        batch.add_column(
            sa.Column("by_machine", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    with op.batch_alter_table("caption_track") as batch:
        batch.drop_column("by_machine")
