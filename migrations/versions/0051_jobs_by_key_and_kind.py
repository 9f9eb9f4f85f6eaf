"""Jobs are found by their key and their kind without reading all of them

Revision: 0051, after 0050
"""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_job_key", "job", ["key"])
    op.create_index("ix_job_kind_state", "job", ["kind", "state"])


def downgrade() -> None:
    op.drop_index("ix_job_kind_state", "job")
    op.drop_index("ix_job_key", "job")
