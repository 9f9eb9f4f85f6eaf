"""Papers on paper are made by the worker: the files that somebody asked for

Revision: 0054, after 0053
"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exam_printout",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("exam_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        sa.Column("letter", sa.String(1), nullable=False),
        sa.Column("part", sa.String(5), nullable=False),
        sa.Column("ending", sa.String(4), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "part in ('paper', 'sheet', 'key', 'all')", name="ck_exam_printout_part"
        ),
        sa.CheckConstraint("ending in ('pdf', 'docx')", name="ck_exam_printout_ending"),
        sa.CheckConstraint("letter = '' or attempt_id is null", name="ck_exam_printout_whose"),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name="fk_exam_printout_exam_id"),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name="fk_exam_printout_attempt_id"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_exam_printout_member_id"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_exam_printout_job_id", ondelete="SET NULL"
        ),
        sa.UniqueConstraint("token", name="uq_exam_printout_token"),
    )
    op.create_index("ix_exam_printout_exam_id_member_id", "exam_printout", ["exam_id", "member_id"])
    op.create_index("ix_exam_printout_asked_at", "exam_printout", ["asked_at"])


def downgrade() -> None:
    op.drop_table("exam_printout")
