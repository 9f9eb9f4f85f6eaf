"""Verbs of discussions: ask, answer, say what helped, report, hide. Tells those who take part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext
from sqlalchemy import exists, or_, select, update

from app.community import queries
from app.community.models import Post, PostReport
from app.community.rules import (
    LONGEST_QUOTE,
    LONGEST_REASON,
    MOST_TOLD,
    SAME_WITHIN,
    Answered,
    NotYours,
    OwnAnswer,
    checked_reason,
    cleaned,
    is_page,
)
from app.core import clock
from app.core.addresses import address
from app.core.db import db
from app.core.refusals import NotThere
from app.courses.models import Course, Lesson, Theme
from app.courses.queries import words_of
from app.members import service as members
from app.members.queries import reader_for
from app.members.rules.audit import Act
from app.notices import service as notices
from app.notices.rules import Kind, cut, one_line
from app.points import service as points
from app.search import folding
from app.search import service as search
from app.search.service import Passage


def ask(lesson_id: int, *, author_id: int, body: str, quote: str = "", source: str = "") -> int:
    """Ask below a lesson that the author sees; returns the question's id.

    `quote` is what the question is about, `source` the page it is from. The same words again
    within minutes are the same question. Raises what `cleaned` refuses.
    """
    quote = cleaned(quote[:LONGEST_QUOTE]) if quote.strip() else ""
    post, is_new = _written(
        lesson_id,
        None,
        author_id,
        cleaned(body),
        quote=quote,
        source=source if quote and is_page(source) else "",
    )
    if is_new:
        trainer, lesson = _about(lesson_id)
        _tell(
            {trainer} - {author_id},
            post,
            lambda: gettext("A question about “%(lesson)s”", lesson=words_of(lesson).title),
        )
    return post.id


def answer(question_id: int, *, author_id: int, body: str) -> int:
    """Answer a question that the author sees; returns the answer's id. All who take part are told,
    as far as they still see the lesson."""
    question = db.session().get_one(Post, question_id)
    if question.question_id is not None:
        raise NotThere
    post, is_new = _written(question.lesson_id, question_id, author_id, cleaned(body))
    if is_new:
        trainer, lesson = _about(question.lesson_id)
        _tell(
            {*queries.taking_part(question_id, MOST_TOLD), trainer} - {author_id},
            post,
            lambda: gettext("An answer about “%(lesson)s”", lesson=words_of(lesson).title),
        )
    return post.id


def _written(
    lesson_id: int, question_id: int | None, author_id: int, body: str, **more: str
) -> tuple[Post, bool]:
    session, now = db.session(), clock.now()
    known = session.scalar(
        select(Post)
        .where(Post.author_id == author_id, Post.created_at > now - SAME_WITHIN)
        .where(Post.lesson_id == lesson_id, Post.body == body, Post.withdrawn_at.is_(None))
        .where(
            Post.question_id.is_(None) if question_id is None else Post.question_id == question_id
        )
        .limit(1)
    )
    if known is not None:
        return known, False
    post = Post(
        lesson_id=lesson_id,
        question_id=question_id,
        author_id=author_id,
        body=body,
        created_at=now,
        **more,
    )
    session.add(post)
    session.flush()
    _refresh_search(post)
    return post, True


def _about(lesson_id: int) -> tuple[int, Lesson]:
    """The trainer of a lesson's course, and the lesson."""
    row = db.session().execute(
        select(Course.author_id, Lesson)
        .join(Lesson, Lesson.course_id == Course.id)
        .where(Lesson.id == lesson_id)
    )
    trainer, lesson = row.one()
    return int(trainer), lesson


def _tell(member_ids: Iterable[int], post: Post, title: Any, *, about: str = "") -> None:
    """Tell those of the members who still see the lesson."""
    notices.tell(
        [each for each in member_ids if _sees(each, post.lesson_id)],
        kind=Kind.COMMUNITY,
        title=title,
        body=about or cut(one_line(post.body), 200),
        address=_address(post),
        once_key=f"post:{post.id}",
    )


def _sees(member_id: int, lesson_id: int) -> bool:
    reader = reader_for(member_id)
    if reader is None:
        return False
    try:
        queries.place_for(reader, lesson_id)
    except NotThere:
        return False
    return True


def _address(post: Post) -> str:
    return address("post", post=post.question_id or post.id)


def mark_helpful(answer_id: int, *, by: int, teaches: bool) -> None:
    """Say that an answer helped: who asked may, and who teaches the course. Once and for good;
    it counts for its author in the ledger, by the rules of the organisation. Raises NotYours,
    OwnAnswer."""
    session = db.session()
    post = session.get(Post, answer_id, with_for_update=True, populate_existing=True)
    if post is None or post.question_id is None or post.hidden_at or post.withdrawn_at:
        raise NotThere
    if post.author_id == by:
        raise OwnAnswer
    asker = session.scalar(select(Post.author_id).where(Post.id == post.question_id))
    if not teaches and asker != by:
        raise NotYours
    if post.helpful_at is not None:
        return
    post.helpful_at, post.helpful_by = clock.now(), by
    row = session.execute(
        select(Lesson, Theme.id, Theme.title.label("theme"))
        .join(Course, Course.id == Lesson.course_id)
        .join(Theme, Theme.id == Course.theme_id)
        .where(Lesson.id == post.lesson_id)
    ).one()
    lesson = row.Lesson
    points.credit(
        member_id=post.author_id,
        reason="answer",
        source=f"answer:{post.id}",
        note=lesson.title,
        theme=(row.id, row.theme),
    )
    notices.tell(
        [post.author_id] if _sees(post.author_id, post.lesson_id) else [],
        kind=Kind.COMMUNITY,
        title=lambda: gettext(
            "Your answer about “%(lesson)s” helped", lesson=words_of(lesson).title
        ),
        body=cut(one_line(post.body), 200),
        address=_address(post),
        once_key=f"helped:{post.id}",
    )


def withdraw(post_id: int, *, author_id: int) -> None:
    """Take one's own post back. Raises Answered for a question that others have answered."""
    session = db.session()
    post = session.get(Post, post_id, with_for_update=True)
    if post is None or post.author_id != author_id:
        raise NotThere
    answered = exists().where(Post.question_id == post_id, Post.withdrawn_at.is_(None))
    if post.question_id is None and session.scalar(select(answered)):
        raise Answered
    post.withdrawn_at = post.withdrawn_at or clock.now()
    _refresh_search(post)


def put_back(post_id: int, *, author_id: int) -> None:
    """Show again what its author has taken back. Raises NotThere."""
    post = db.session().get(Post, post_id, with_for_update=True)
    if post is None or post.author_id != author_id or post.withdrawn_at is None:
        raise NotThere
    post.withdrawn_at = None
    _refresh_search(post)


def report(post_id: int, *, member_id: int, reason: str) -> None:
    """Ask that a post be looked at, once per member; the trainer of the course is told."""
    session = db.session()
    post = session.get_one(Post, post_id, with_for_update=True)
    known = exists().where(PostReport.post_id == post_id, PostReport.member_id == member_id)
    if session.scalar(select(known)):
        return
    session.add(
        PostReport(
            post_id=post_id,
            member_id=member_id,
            reason=one_line(reason)[:LONGEST_REASON],
            created_at=clock.now(),
        )
    )
    trainer, lesson = _about(post.lesson_id)
    notices.tell(
        {trainer} - {post.author_id},
        kind=Kind.COMMUNITY,
        title=lambda: gettext(
            "A post about “%(lesson)s” was reported", lesson=words_of(lesson).title
        ),
        body=cut(one_line(post.body), 200),
        address=address("desk_discussions"),
        once_key=f"reported:{post_id}",
    )


def hide(post_id: int, *, by: int, reason: str) -> None:
    """Take a post out of everybody's sight but its author's; the author is told why."""
    post = db.session().get_one(Post, post_id, with_for_update=True)
    post.hidden_why = checked_reason(reason)
    post.hidden_at, post.hidden_by = clock.now(), by
    settle(post_id)
    _record(Act.POST_HIDDEN, post)
    _refresh_search(post)
    if post.author_id != by:
        notices.tell(
            [post.author_id],
            kind=Kind.COMMUNITY,
            title=lambda: gettext("Something you wrote was hidden"),
            body=post.hidden_why,
            address=_address(post),
            once_key=f"hidden:{post_id}:{post.hidden_at:%Y%m%d%H%M%S}",
        )


def show(post_id: int) -> None:
    """Let everybody see a hidden post again."""
    post = db.session().get_one(Post, post_id, with_for_update=True)
    if post.hidden_at is not None:
        _record(Act.POST_SHOWN, post)
    post.hidden_at, post.hidden_by, post.hidden_why = None, None, ""
    _refresh_search(post)


def _record(act: Act, post: Post) -> None:
    members.record(act, member_id=post.author_id, thing=("post", post.id))


def settle(post_id: int) -> None:
    """Nothing (more) has to be done about what was reported."""
    db.session().execute(
        update(PostReport)
        .where(PostReport.post_id == post_id, PostReport.settled_at.is_(None))
        .values(settled_at=clock.now())
    )


def _refresh_search(post: Post) -> None:
    """Let search know what a discussion says now: its question and the answers that are shown.

    It is found by whoever finds its lesson, and under nobody's name.
    """
    session = db.session()
    session.flush()
    first = post.question_id or post.id
    shown = session.scalars(
        select(Post)
        .where(or_(Post.id == first, Post.question_id == first))
        .where(Post.withdrawn_at.is_(None), Post.hidden_at.is_(None))
        .order_by(Post.id)
    ).all()
    if not shown or shown[0].id != first:
        search.remove(kind="discussion", ref=str(first))
        return
    lesson = _about(post.lesson_id)[1]
    search.put(
        kind="discussion",
        ref=str(first),
        title=cut(one_line(shown[0].body), 120),
        url=address("post", post=first),
        passages=[
            Passage(
                f"post-{each.id}",
                "",
                f"{each.quote}\n{each.body}".strip(),
                address("post", post=each.id),
            )
            for each in shown
        ],
        audience=None,
        language=folding.language_of(shown[0].body),
        note=lesson.title,
        others={code: {"note": one["title"]} for code, one in lesson.titles.items()},
        within=("lesson", str(post.lesson_id)),
    )
