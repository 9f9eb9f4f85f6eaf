"""Which versions of questions show which pictures and sounds

Revision: 0036, after 0035
"""

import json
import re

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

URL = re.compile(r"/media/(?:images/([0-9a-f]{32})/[0-9]{1,5}\.webp|sounds/([0-9a-f]{32})\.m4a)")


def shown(value):
    return {image or sound for image, sound in URL.findall(json.dumps(value))}


def upgrade() -> None:
    op.create_table(
        "question_clip",
        sa.Column("uuid", sa.String(32), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("after", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["question_version.id"], name=op.f("fk_question_clip_version_id")
        ),
        sa.PrimaryKeyConstraint("uuid", "version_id", name=op.f("pk_question_clip")),
    )
    op.create_index(op.f("ix_question_clip_version_id"), "question_clip", ["version_id"])
    version = sa.table("question_version", sa.column("id"), sa.column("body", sa.JSON()))
    clip = sa.table("question_clip", sa.column("uuid"), sa.column("version_id"), sa.column("after"))
    rows = []
    has_one = sa.cast(version.c.body, sa.Text()).contains("/media/")
    for number, body in op.get_bind().execute(sa.select(version).where(has_one)).all():
        asked = shown({key: each for key, each in body.items() if key != "explanation"})
        for uuid in shown(body):
            rows.append({"uuid": uuid, "version_id": number, "after": uuid not in asked})
    if rows:
        op.bulk_insert(clip, rows)


def downgrade() -> None:
    op.drop_table("question_clip")
