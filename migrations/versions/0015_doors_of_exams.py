"""Who may enter an exam: networks, seats, roles, the Safe Exam Browser; sealed answers

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("exam") as table:
        table.add_column(sa.Column("networks", sa.String(1000), nullable=False, server_default=""))
        table.add_column(sa.Column("for_role", sa.String(10), nullable=False, server_default=""))
        table.add_column(sa.Column("safe_keys", sa.String(2000), nullable=False, server_default=""))
        table.add_column(
            sa.Column("full_screen", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(
            sa.Column("watermark", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(sa.Column("makes_up_for", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_exam_makes_up_for"), "exam", ["makes_up_for"], ["id"])
        table.create_check_constraint(
            op.f("ck_exam_for_role"), "for_role in ('', 'trainer', 'organizer')"
        )
    op.create_index("ix_exam_makes_up_for", "exam", ["makes_up_for"])
    with op.batch_alter_table("attempt") as table:
        table.add_column(sa.Column("address", sa.String(45), nullable=False, server_default=""))
    with op.batch_alter_table("accommodation") as table:
        table.add_column(
            sa.Column("large_type", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("attempt_evidence") as table:
        table.drop_constraint(op.f("ck_attempt_evidence_kind"), type_="check")
        table.alter_column("kind", existing_type=sa.String(5), type_=sa.String(6))
        table.create_check_constraint(
            op.f("ck_attempt_evidence_kind"), "kind in ('late', 'stale', 'sealed')"
        )
        table.add_column(sa.Column("told", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "exam_seat",
        sa.Column("exam_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_exam_seat_exam_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_exam_seat_member_id")),
        sa.PrimaryKeyConstraint("exam_id", "member_id", name=op.f("pk_exam_seat")),
    )
    op.create_index("ix_exam_seat_member_id", "exam_seat", ["member_id"])


def downgrade() -> None:
    op.drop_table("exam_seat")
    op.execute("delete from attempt_evidence where kind = 'sealed'")
    with op.batch_alter_table("attempt_evidence") as table:
        table.drop_constraint(op.f("ck_attempt_evidence_kind"), type_="check")
        table.create_check_constraint(
            op.f("ck_attempt_evidence_kind"), "kind in ('late', 'stale')"
        )
        table.alter_column("kind", existing_type=sa.String(6), type_=sa.String(5))
        table.drop_column("counted_at")
        table.drop_column("told")
    with op.batch_alter_table("accommodation") as table:
        table.drop_column("large_type")
    with op.batch_alter_table("attempt") as table:
        table.drop_column("address")
    op.drop_index("ix_exam_makes_up_for", "exam")
    with op.batch_alter_table("exam") as table:
        table.drop_constraint(op.f("ck_exam_for_role"), type_="check")
        table.drop_constraint(op.f("fk_exam_makes_up_for"), type_="foreignkey")
        for name in (
            *("makes_up_for", "watermark", "full_screen", "safe_keys", "for_role", "networks"),
        ):
            table.drop_column(name)
