"""Second marks, everybody who marks, and appeals

Revision: 0031, after 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("exam") as batch:
        batch.add_column(
            sa.Column("second_marking", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch.add_column(
            sa.Column("apart_percent", sa.Integer(), nullable=False, server_default="10")
        )
        # Nobody was told of a time to appeal in the exams that exist.
        batch.add_column(sa.Column("appeal_days", sa.Integer(), nullable=False, server_default="0"))
        batch.create_check_constraint("apart", "apart_percent between 0 and 100")
        batch.create_check_constraint("appeal_days", "appeal_days between 0 and 365")
    with op.batch_alter_table("exam") as batch:
        for name in ("second_marking", "apart_percent", "appeal_days"):
            batch.alter_column(name, server_default=None)
    op.create_table(
        "exam_marker",
        sa.Column("exam_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name="fk_exam_marker_exam_id"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_exam_marker_member_id"),
        sa.PrimaryKeyConstraint("exam_id", "member_id", name="pk_exam_marker"),
    )
    op.create_index("ix_exam_marker_member_id", "exam_marker", ["member_id"])
    op.create_table(
        "given_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("marker_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(6), nullable=False),
        sa.Column("mark", sa.String(20), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("saved", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind in ('first', 'second', 'agreed', 'third', 'again', 'appeal')",
            name=op.f("ck_given_mark_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["attempt_item.id"], name="fk_given_mark_item_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["marker_id"], ["member.id"], name="fk_given_mark_marker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_given_mark"),
    )
    op.create_index("ix_given_mark_item_id", "given_mark", ["item_id", "id"])
    # The marks that stand are the beginning of the history.
    op.execute(
        "insert into given_mark (item_id, marker_id, kind, mark, comment, saved, at)"
        " select id, marked_by, 'first', mark, comment, saved, marked_at from attempt_item"
        " where marked_by is not null and marked_at is not null and mark is not null"
    )
    op.create_table(
        "appeal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exam_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(6), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mark_before", sa.String(20), nullable=False),
        sa.Column("mark_after", sa.String(20), nullable=True),
        sa.CheckConstraint("state in ('open', 'upheld', 'kept')", name=op.f("ck_appeal_state")),
        sa.CheckConstraint(
            "(state = 'open') = (answered_at is null)", name=op.f("ck_appeal_answered")
        ),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name="fk_appeal_exam_id"),
        sa.ForeignKeyConstraint(
            ["item_id"], ["attempt_item.id"], name="fk_appeal_item_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["answered_by"], ["member.id"], name="fk_appeal_answered_by"),
        sa.PrimaryKeyConstraint("id", name="pk_appeal"),
        sa.UniqueConstraint("item_id", name="uq_appeal_item_id"),
    )
    op.create_index("ix_appeal_exam_id_state", "appeal", ["exam_id", "state"])


def downgrade() -> None:
    op.drop_table("appeal")
    op.drop_table("given_mark")
    op.drop_table("exam_marker")
    with op.batch_alter_table("exam") as batch:
        batch.drop_constraint("apart", type_="check")
        batch.drop_constraint("appeal_days", type_="check")
        for name in ("second_marking", "apart_percent", "appeal_days"):
            batch.drop_column(name)
