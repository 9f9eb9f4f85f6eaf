"""The picture that a trainer chose for a video

Revision: 0030, after 0029
"""

import sqlalchemy as sa
from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'media_poster',
        sa.Column('media_id', sa.Integer(), nullable=False),
        sa.Column('at_ms', sa.Integer(), nullable=False),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint('at_ms between 0 and 14400000', name=op.f('ck_media_poster_moment')),
        sa.ForeignKeyConstraint(
            ['media_id'],
            ['media.id'],
            name=op.f('fk_media_poster_media_id_media'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('media_id', name=op.f('pk_media_poster')),
    )


def downgrade() -> None:
    op.drop_table('media_poster')
