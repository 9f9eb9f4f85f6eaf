"""Discussions below lessons: questions and answers, and what was reported

Revision: 0027, after 0026
"""

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('discussion_post',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('lesson_id', sa.Integer(), nullable=False),
    sa.Column('question_id', sa.Integer(), nullable=True),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('quote', sa.Text(), nullable=False),
    sa.Column('source', sa.String(length=400), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hidden_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hidden_by', sa.Integer(), nullable=True),
    sa.Column('hidden_why', sa.String(length=300), nullable=False),
    sa.Column('helpful_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('helpful_by', sa.Integer(), nullable=True),
    sa.CheckConstraint('helpful_at is null or question_id is not null', name=op.f('ck_discussion_post_helpful')),
    sa.CheckConstraint('helpful_by is null or helpful_by <> author_id', name=op.f('ck_discussion_post_by_others')),
    sa.ForeignKeyConstraint(['author_id'], ['member.id'], name=op.f('fk_discussion_post_author_id')),
    sa.ForeignKeyConstraint(['helpful_by'], ['member.id'], name=op.f('fk_discussion_post_helpful_by')),
    sa.ForeignKeyConstraint(['hidden_by'], ['member.id'], name=op.f('fk_discussion_post_hidden_by')),
    sa.ForeignKeyConstraint(['lesson_id'], ['lesson.id'], name=op.f('fk_discussion_post_lesson_id')),
    sa.ForeignKeyConstraint(['question_id'], ['discussion_post.id'], name=op.f('fk_discussion_post_question_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_discussion_post'))
    )
    with op.batch_alter_table('discussion_post', schema=None) as batch_op:
        batch_op.create_index('ix_discussion_post_author', ['author_id', 'created_at'], unique=False)
        batch_op.create_index('ix_discussion_post_lesson', ['lesson_id', 'question_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_discussion_post_question_id'), ['question_id'], unique=False)

    op.create_table('discussion_report',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('post_id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_discussion_report_member_id')),
    sa.ForeignKeyConstraint(['post_id'], ['discussion_post.id'], name=op.f('fk_discussion_report_post_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_discussion_report')),
    sa.UniqueConstraint('post_id', 'member_id', name=op.f('uq_discussion_report_post_id_member_id'))
    )
    with op.batch_alter_table('discussion_report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_discussion_report_settled_at'), ['settled_at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('discussion_report', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_discussion_report_settled_at'))

    op.drop_table('discussion_report')
    with op.batch_alter_table('discussion_post', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_discussion_post_question_id'))
        batch_op.drop_index('ix_discussion_post_lesson')
        batch_op.drop_index('ix_discussion_post_author')

    op.drop_table('discussion_post')
