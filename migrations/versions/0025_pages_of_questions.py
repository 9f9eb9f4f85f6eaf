"""A question has a place in a recording, in a document, or in both

Revision: 0025, after 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def _rebuilt(rows: list[dict], *more: sa.Column, key: tuple[str, ...], ref: sa.types.TypeEngine) -> None:
    op.drop_table("question_place")
    table = op.create_table(
        "question_place",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(9), nullable=False),
        sa.Column("ref", ref, nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("finish", sa.Integer(), nullable=True),
        *more,
        sa.CheckConstraint(
            "kind in ('recording', 'document')", name=op.f("ck_question_place_kind")
        ),
        sa.CheckConstraint(
            "start >= 0 and (finish is null or finish >= start)",
            name=op.f("ck_question_place_span"),
        ),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["question.id"],
            name=op.f("fk_question_place_question_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_question_place")),
    )
    if rows:
        op.bulk_insert(table, rows)


def upgrade() -> None:
    found = op.get_bind().execute(sa.text("select * from question_place")).mappings()
    rows = [{**row, "ref": str(row["ref"]), "anchor": ""} for row in found]
    anchor = sa.Column("anchor", sa.String(20), nullable=False)
    _rebuilt(rows, anchor, key=("question_id", "kind"), ref=sa.String(32))


def downgrade() -> None:
    kept = "select * from question_place where kind = 'recording'"
    rows = []
    for row in op.get_bind().execute(sa.text(kept)).mappings():
        rows.append({**row, "ref": int(row["ref"])})
        del rows[-1]["anchor"]
    _rebuilt(rows, key=("question_id",), ref=sa.Integer())
