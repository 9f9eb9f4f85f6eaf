"""What stands on the label of a document, more kinds of files, and words that mean the same

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OLD_KINDS = "kind in ('pdf', 'docx', 'pptx', 'xlsx', 'txt', 'md')"
KINDS = (
    "kind in ('pdf', 'docx', 'pptx', 'xlsx', 'odt', 'odp', 'ods', 'epub', 'html', 'rtf', "
    "'doc', 'ppt', 'xls', 'txt', 'md', 'jpg', 'png')"
)
LABEL = (
    ("authors", sa.String(length=300), ""),
    ("publisher", sa.String(length=200), ""),
    ("dated", sa.Date(), None),
    ("issue", sa.String(length=60), ""),
    ("language", sa.String(length=10), ""),
    ("tags", sa.String(length=300), ""),
    ("summary", sa.Text(), ""),
    ("is_pinned", sa.Boolean(), sa.false()),
    ("may_download", sa.Boolean(), sa.true()),
    ("valid_from", sa.Date(), None),
    ("valid_until", sa.Date(), None),
)
FOUND_BY = (
    ("authors", sa.String(length=300), ""),
    ("shelf", sa.String(length=500), ""),
    ("dated", sa.Date(), None),
)


def upgrade():
    add("search_thing", FOUND_BY)
    add("library_document", LABEL)
    add("library_file", (("has_cover", sa.Boolean(), sa.false()),))
    take_kinds(KINDS)
    op.create_table(
        "search_words",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["member.id"], name=op.f("fk_search_words_changed_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_words")),
    )
    op.create_table(
        "library_document_course",
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["library_document.id"],
            name=op.f("fk_library_document_course_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["course.id"],
            name=op.f("fk_library_document_course_course_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "document_id", "course_id", name=op.f("pk_library_document_course")
        ),
    )
    op.create_index(
        op.f("ix_library_document_course_course_id"), "library_document_course", ["course_id"]
    )
    op.create_table(
        "library_place",
        sa.Column("member_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("anchor", sa.String(length=20), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
            name=op.f("fk_library_place_member_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["library_document.id"],
            name=op.f("fk_library_place_document_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "document_id", name=op.f("pk_library_place")),
    )
    op.create_index(op.f("ix_library_place_document_id"), "library_place", ["document_id"])


def downgrade():
    op.drop_table("library_place")
    op.drop_table("library_document_course")
    op.drop_table("search_words")
    op.execute(
        "delete from library_file where kind not in ('pdf', 'docx', 'pptx', 'xlsx', 'txt', 'md')"
    )
    take_kinds(OLD_KINDS)
    drop("library_file", (("has_cover",),))
    drop("library_document", LABEL)
    drop("search_thing", FOUND_BY)


def add(table, columns):
    for name, kind, default in columns:
        op.add_column(
            table,
            sa.Column(name, kind, nullable=default is None, server_default=default),
        )


def drop(table, columns):
    # SQLite drops plain columns by itself; a copy of the table would lose its constraints.
    for name, *_ in columns:
        op.drop_column(table, name)


def take_kinds(kinds):
    """Say anew which kinds of files there are."""
    with op.batch_alter_table("library_file") as batch:
        batch.drop_constraint(op.f("ck_library_file_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_library_file_kind"), kinds)
