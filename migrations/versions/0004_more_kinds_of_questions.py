"""More kinds of questions; categories, tags, review states and imports

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

OLD_KINDS = "kind in ('single', 'multiple', 'truefalse')"
KINDS = (
    "kind in ('single', 'multiple', 'truefalse', 'short', 'numeric', 'blanks', 'cloze',"
    " 'matching', 'ordering', 'essay', 'hotspot', 'file')"
)


def upgrade() -> None:
    op.create_table('question_category',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('parent_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('path', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['parent_id'], ['question_category.id'], name=op.f('fk_question_category_parent_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question_category')),
    sa.UniqueConstraint('parent_id', 'name', name=op.f('uq_question_category_parent_id_name'))
    )
    op.create_index(op.f('ix_question_category_path'), 'question_category', ['path'], unique=False)

    op.create_table('question_import',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('filename', sa.String(length=200), nullable=False),
    sa.Column('format', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('items', sa.JSON(), nullable=False),
    sa.Column('notes', sa.JSON(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state in ('open', 'done', 'undone', 'dropped')", name=op.f('ck_question_import_state')),
    sa.CheckConstraint("(state in ('done', 'undone')) = (finished_at is not null)", name=op.f('ck_question_import_final')),
    sa.ForeignKeyConstraint(['author_id'], ['member.id'], name=op.f('fk_question_import_author_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question_import'))
    )
    op.create_index(op.f('ix_question_import_author_id'), 'question_import', ['author_id'], unique=False)

    # No trigger stands on this table; those on its versions stay where they are.
    with op.batch_alter_table('question', schema=None) as batch_op:
        batch_op.add_column(sa.Column('category_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('difficulty', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('source', sa.String(length=500), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('state', sa.String(length=8), nullable=False, server_default='ready'))
        batch_op.add_column(sa.Column('import_id', sa.Integer(), nullable=True))
        batch_op.drop_constraint(op.f('ck_question_kind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_question_kind'), KINDS)
        batch_op.create_check_constraint(op.f('ck_question_state'), "state in ('draft', 'review', 'ready', 'retired')")
        batch_op.create_check_constraint(op.f('ck_question_difficulty'), 'difficulty between 1 and 5')
        batch_op.create_foreign_key(op.f('fk_question_category_id'), 'question_category', ['category_id'], ['id'])
        batch_op.create_foreign_key(op.f('fk_question_import_id'), 'question_import', ['import_id'], ['id'])
        batch_op.create_index(batch_op.f('ix_question_category_id'), ['category_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_question_import_id'), ['import_id'], unique=False)

    op.create_table('question_tag',
    sa.Column('question_id', sa.Integer(), nullable=False),
    sa.Column('tag', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], name=op.f('fk_question_tag_question_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('question_id', 'tag', name=op.f('pk_question_tag'))
    )
    op.create_index(op.f('ix_question_tag_tag'), 'question_tag', ['tag'], unique=False)

    op.create_table('question_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('question_id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('what', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_question_change_member_id')),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], name=op.f('fk_question_change_question_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question_change'))
    )
    op.create_index(op.f('ix_question_change_question_id'), 'question_change', ['question_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_question_change_question_id'), table_name='question_change')
    op.drop_table('question_change')
    op.drop_index(op.f('ix_question_tag_tag'), table_name='question_tag')
    op.drop_table('question_tag')
    with op.batch_alter_table('question', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_question_import_id'))
        batch_op.drop_index(batch_op.f('ix_question_category_id'))
        batch_op.drop_constraint(op.f('fk_question_import_id'), type_='foreignkey')
        batch_op.drop_constraint(op.f('fk_question_category_id'), type_='foreignkey')
        batch_op.drop_constraint(op.f('ck_question_difficulty'), type_='check')
        batch_op.drop_constraint(op.f('ck_question_state'), type_='check')
        batch_op.drop_constraint(op.f('ck_question_kind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_question_kind'), OLD_KINDS)
        batch_op.drop_column('import_id')
        batch_op.drop_column('state')
        batch_op.drop_column('source')
        batch_op.drop_column('difficulty')
        batch_op.drop_column('category_id')
    op.drop_index(op.f('ix_question_import_author_id'), table_name='question_import')
    op.drop_table('question_import')
    op.drop_index(op.f('ix_question_category_path'), table_name='question_category')
    op.drop_table('question_category')
