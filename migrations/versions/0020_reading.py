"""Notes of one's own, reading lists, how far a document is read, and text out of pictures

Revision: 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "library_file",
        sa.Column("is_recognised", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "library_reading",
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.JSON(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_library_reading_member_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["library_document.id"],
            name="fk_library_reading_document_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "document_id", name="pk_library_reading"),
    )
    op.create_index("ix_library_reading_document_id", "library_reading", ["document_id"])
    op.create_table(
        "library_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("anchor", sa.String(20), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_library_note_member_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["library_document.id"],
            name="fk_library_note_document_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_library_note"),
    )
    op.create_index("ix_library_note_document_id", "library_note", ["document_id"])
    op.create_index(
        "ix_library_note_member_id_document_id", "library_note", ["member_id", "document_id"]
    )
    op.create_table(
        "library_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("shown_to", sa.String(8), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "shown_to in ('me', 'all', 'branches')", name="ck_library_list_shown_to"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["member.id"], name="fk_library_list_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_library_list"),
    )
    op.create_index("ix_library_list_owner_id", "library_list", ["owner_id"])
    op.create_table(
        "library_list_branch",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["library_list.id"], name="fk_library_list_branch_list_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name="fk_library_list_branch_branch_id"),
        sa.PrimaryKeyConstraint("list_id", "branch_id", name="pk_library_list_branch"),
    )
    op.create_index("ix_library_list_branch_branch_id", "library_list_branch", ["branch_id"])
    op.create_table(
        "library_list_item",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["library_list.id"], name="fk_library_list_item_list_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["library_document.id"],
            name="fk_library_list_item_document_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("list_id", "document_id", name="pk_library_list_item"),
    )
    op.create_index("ix_library_list_item_document_id", "library_list_item", ["document_id"])


def downgrade() -> None:
    for table in (
        "library_list_item",
        "library_list_branch",
        "library_list",
        "library_note",
        "library_reading",
    ):
        op.drop_table(table)
    with op.batch_alter_table("library_file") as table:
        table.drop_column("is_recognised")
