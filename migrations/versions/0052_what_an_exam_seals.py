"""Whether an exam seals the keys of its questions elsewhere, and answers whose worth was not told

Revision: 0052, after 0051
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Exams of before stay as their organizers know them.
    with op.batch_alter_table("exam") as batch:
        batch.add_column(sa.Column("seals", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("checkpoint_answer") as batch:
        batch.add_column(
            sa.Column("sealed", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    with op.batch_alter_table("checkpoint_answer") as batch:
        batch.drop_column("sealed")
    with op.batch_alter_table("exam") as batch:
        batch.drop_column("seals")
