"""Practice: runs, the notebook, open categories, duels

Revision: 0023, after 0022
"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('practice_duel',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('seed', sa.BigInteger(), nullable=False),
    sa.Column('pool', sa.JSON(), nullable=False),
    sa.Column('questions', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled', sa.Boolean(), nullable=False),
    sa.CheckConstraint('size in (2, 4)', name=op.f('ck_practice_duel_size')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_practice_duel'))
    )
    with op.batch_alter_table('practice_duel', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_practice_duel_starts_at'), ['starts_at'], unique=False)

    op.create_table('practice_duel_answer',
    sa.Column('duel_id', sa.Integer(), nullable=False),
    sa.Column('seat', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('response', sa.JSON(), nullable=False),
    sa.Column('right', sa.Boolean(), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['duel_id'], ['practice_duel.id'], name=op.f('fk_practice_duel_answer_duel_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('duel_id', 'seat', 'number', name=op.f('pk_practice_duel_answer'))
    )
    op.create_table('practice_category',
    sa.Column('category_id', sa.Integer(), nullable=False),
    sa.Column('opened_by', sa.Integer(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['category_id'], ['question_category.id'], name=op.f('fk_practice_category_category_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['opened_by'], ['member.id'], name=op.f('fk_practice_category_opened_by')),
    sa.PrimaryKeyConstraint('category_id', name=op.f('pk_practice_category'))
    )
    op.create_table('practice_duel_seat',
    sa.Column('duel_id', sa.Integer(), nullable=False),
    sa.Column('seat', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['duel_id'], ['practice_duel.id'], name=op.f('fk_practice_duel_seat_duel_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_practice_duel_seat_member_id')),
    sa.PrimaryKeyConstraint('duel_id', 'seat', name=op.f('pk_practice_duel_seat')),
    sa.UniqueConstraint('duel_id', 'member_id', name=op.f('uq_practice_duel_seat_duel_id_member_id'))
    )
    with op.batch_alter_table('practice_duel_seat', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_practice_duel_seat_member_id'), ['member_id'], unique=False)

    op.create_table('practice_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('mode', sa.String(length=9), nullable=False),
    sa.Column('key', sa.String(length=40), nullable=True),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('queue', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=4), nullable=False),
    sa.Column('answered', sa.Integer(), nullable=False),
    sa.Column('right', sa.Integer(), nullable=False),
    sa.Column('points', sa.Integer(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('deadline_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'done') = (ended_at is not null)", name=op.f('ck_practice_run_ended')),
    sa.CheckConstraint("mode in ('theme', 'category', 'notebook', 'daily', 'weekly', 'challenge', 'sprint')", name=op.f('ck_practice_run_mode')),
    sa.CheckConstraint("state in ('open', 'done')", name=op.f('ck_practice_run_state')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_practice_run_member_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_practice_run')),
    sa.UniqueConstraint('member_id', 'key', name=op.f('uq_practice_run_member_id_key'))
    )
    with op.batch_alter_table('practice_run', schema=None) as batch_op:
        batch_op.create_index('uq_practice_run_open', ['member_id', 'mode'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    op.create_table('practice_notebook',
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('question_id', sa.Integer(), nullable=False),
    sa.Column('spaced', sa.Integer(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('out', sa.Boolean(), nullable=False),
    sa.Column('wrong', sa.Integer(), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_practice_notebook_member_id')),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], name=op.f('fk_practice_notebook_question_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('member_id', 'question_id', name=op.f('pk_practice_notebook'))
    )
    with op.batch_alter_table('practice_notebook', schema=None) as batch_op:
        batch_op.create_index('ix_practice_notebook_due', ['member_id', 'out', 'due_at'], unique=False)

    op.create_table('practice_item',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('response', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('mark', sa.Integer(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(mark is null) = (answered_at is null)', name=op.f('ck_practice_item_answered')),
    sa.ForeignKeyConstraint(['run_id'], ['practice_run.id'], name=op.f('fk_practice_item_run_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['version_id'], ['question_version.id'], name=op.f('fk_practice_item_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_practice_item')),
    sa.UniqueConstraint('run_id', 'position', name=op.f('uq_practice_item_run_id_position'))
    )


def downgrade() -> None:
    op.drop_table('practice_item')
    with op.batch_alter_table('practice_notebook', schema=None) as batch_op:
        batch_op.drop_index('ix_practice_notebook_due')

    op.drop_table('practice_notebook')
    with op.batch_alter_table('practice_run', schema=None) as batch_op:
        batch_op.drop_index('uq_practice_run_open', sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    op.drop_table('practice_run')
    with op.batch_alter_table('practice_duel_seat', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_practice_duel_seat_member_id'))

    op.drop_table('practice_duel_seat')
    op.drop_table('practice_category')
    op.drop_table('practice_duel_answer')
    with op.batch_alter_table('practice_duel', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_practice_duel_starts_at'))

    op.drop_table('practice_duel')
