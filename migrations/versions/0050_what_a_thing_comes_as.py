"""What a thing that is found comes as: the ending of a document's file, the kind of a lesson

Revision: 0050, after 0049
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("search_thing") as batch:
        batch.add_column(sa.Column("form", sa.String(10), nullable=False, server_default=""))
    # The index is of another version from now on, so that the worker builds it anew from these.
    op.execute(
        sa.text(
            "UPDATE search_thing SET form = coalesce((SELECT library_file.kind"
            " FROM library_document JOIN library_file"
            " ON library_file.document_id = library_document.id"
            " AND library_file.number = library_document.number"
            " WHERE library_document.uuid = search_thing.ref), '') WHERE kind = 'document'"
        )
    )
    op.execute(
        sa.text(
            "UPDATE search_thing SET form = coalesce((SELECT lesson.kind FROM lesson"
            " WHERE lesson.id = CAST(search_thing.ref AS INTEGER)), '')"
            " WHERE kind IN ('lesson', 'caption')"
        )
    )


def downgrade() -> None:
    with op.batch_alter_table("search_thing") as batch:
        batch.drop_column("form")
