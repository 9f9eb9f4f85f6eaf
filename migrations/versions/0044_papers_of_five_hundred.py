"""Papers of up to 500 questions; which page changed an answer last

Revision: 0044, after 0043
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def _at_most(number: int) -> None:
    with op.batch_alter_table("exam_slot") as batch:
        batch.drop_constraint(op.f("ck_exam_slot_number"), type_="check")
        batch.create_check_constraint(
            op.f("ck_exam_slot_number"), f"number between 1 and {number}"
        )


def upgrade() -> None:
    _at_most(500)
    op.add_column(
        "attempt_item", sa.Column("page", sa.String(16), nullable=False, server_default="")
    )
    op.add_column(
        "attempt_item", sa.Column("turn", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("attempt_item", "turn")
    op.drop_column("attempt_item", "page")
    op.execute("update exam_slot set number = 200 where number > 200")
    _at_most(200)
