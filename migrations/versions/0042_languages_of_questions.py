"""The language of a question, and of draws and duels

Revision: 0042, after 0041
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_MARKS = re.compile(
    r"\$\$.*?\$\$|\$[^$\n]+\$|`[^`]*`|!?\[([^\]]*)\]\([^)]*\)|<[^>]*>|https?://\S+", re.DOTALL
)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[\U00020000-\U0003134f]")
_WORD = re.compile(r"[A-Za-zÀ-ɏ]{2,}")


def language_of(*texts):
    for text in texts:
        plain = _MARKS.sub(r" \1 ", text[:20_000])
        han, letters = len(_HAN.findall(plain)), sum(map(len, _WORD.findall(plain)))
        if han and han * 4 > letters:
            return "zh"
        if letters >= 5:
            return "en"
    return "any"


def upgrade() -> None:
    # ADD COLUMN with its check keeps the table (and its triggers) as it is, on both databases.
    op.execute(
        "ALTER TABLE question ADD COLUMN language VARCHAR(3) DEFAULT 'any' NOT NULL"
        " CONSTRAINT ck_question_language CHECK (language in ('zh', 'en', 'any'))"
    )
    op.add_column(
        "question",
        sa.Column("language_told", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "exam_slot", sa.Column("language", sa.String(3), nullable=False, server_default="")
    )
    op.add_column(
        "practice_duel", sa.Column("language", sa.String(3), nullable=False, server_default="any")
    )
    question = sa.table("question", sa.column("id"), sa.column("language"))
    version = sa.table(
        "question_version",
        sa.column("question_id"),
        sa.column("number"),
        sa.column("body", sa.JSON()),
        sa.column("said"),
    )
    found = {}
    rows = sa.select(version.c.question_id, version.c.body, version.c.said).order_by(
        version.c.question_id, version.c.number
    )
    for number, body, said in op.get_bind().execute(rows):
        found[number] = language_of(str((body or {}).get("stem") or ""), said or "")
    for language in ("zh", "en"):
        ids = [number for number, each in found.items() if each == language]
        for start in range(0, len(ids), 500):
            op.execute(
                question.update()
                .where(question.c.id.in_(ids[start : start + 500]))
                .values(language=language)
            )


def downgrade() -> None:
    op.drop_column("practice_duel", "language")
    op.drop_column("exam_slot", "language")
    op.drop_column("question", "language_told")
    op.drop_column("question", "language")  # its check goes with it
