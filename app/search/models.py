"""Tables of the search room: things that can be found, their passages, the outbox, and words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class SearchThing(Base):
    """One thing that can be found (a course, a document …), as it is to be shown in results."""

    __tablename__ = "search_thing"
    __table_args__ = (UniqueConstraint("kind", "ref"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    ref: Mapped[str] = mapped_column(String(80))  # the id that the thing's own room knows it by
    title: Mapped[str] = mapped_column(String(300))
    others: Mapped[dict[str, Any]] = mapped_column(default=dict)  # see service.put
    search_title: Mapped[str] = mapped_column(Text)  # in all languages, folded and cut
    note: Mapped[str] = mapped_column(String(300), default="")  # shown below the title
    url: Mapped[str] = mapped_column(String(500))
    language: Mapped[str] = mapped_column(String(10), default="")
    authors: Mapped[str] = mapped_column(String(300), default="")  # found by author:
    shelf: Mapped[str] = mapped_column(String(500), default="")  # found by collection:
    form: Mapped[str] = mapped_column(String(10), default="", server_default="")  # as kind: has it
    dated: Mapped[date | None]  # of the thing itself, when that is known; found by year:
    until: Mapped[date | None] = mapped_column(index=True)  # the last day on which it is found
    audience: Mapped[str] = mapped_column(Text)  # "all", or branch ids as "|4|9|"
    # "kind:ref" of the thing that this one stands in and whose audience it has; "": in none
    within: Mapped[str] = mapped_column(String(101), default="", server_default="", index=True)
    # "|kind:ref|kind:ref|" of things it is made of: whoever may find none of them finds it neither
    made_of: Mapped[str] = mapped_column(Text, default="", server_default="")
    digest: Mapped[str] = mapped_column(String(64))  # of all that was put: the same is no change
    revision: Mapped[int] = mapped_column(default=1)  # grows with each change
    changed_at: Mapped[datetime]


class SearchPassage(Base):
    """One passage of a thing. `search_text` is folded and cut into words by single spaces."""

    __tablename__ = "search_passage"

    thing_id: Mapped[int] = mapped_column(
        ForeignKey("search_thing.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 0
    anchor: Mapped[str] = mapped_column(String(60))
    label: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(String(500))
    text: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)
    lines: Mapped[list[Any]] = mapped_column(
        default=list
    )  # [label, url] of each line, where lines are places of their own


class SearchChange(Base):
    """The outbox: a thing that was put or removed and is not yet so in the index."""

    __tablename__ = "search_change"
    __table_args__ = (Index("ix_search_change_thing", "kind", "ref"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    ref: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]


class SearchKept(Base):
    """A search that a member keeps, to be told what is new in it."""

    __tablename__ = "search_kept"
    __table_args__ = (UniqueConstraint("member_id", "text", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20), default="")  # "": all
    tells: Mapped[bool] = mapped_column(default=True)  # whether the member is told of what is new
    seen_at: Mapped[datetime]  # what changed later is new
    told_at: Mapped[datetime]  # the same, for notices


class SearchMissed(Base):
    """What was searched and not found in one month, by whomever: nobody is named."""

    __tablename__ = "search_missed"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)  # 2024-06
    text: Mapped[str] = mapped_column(String(200), primary_key=True)  # folded
    times: Mapped[int] = mapped_column(default=1)


class SearchWords(Base):
    """Words that mean the same, one to a line; a single one is only a word that jieba must know."""

    __tablename__ = "search_words"

    id: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[str] = mapped_column(Text)
    changed_by: Mapped[int] = mapped_column(ForeignKey("member.id"))
    changed_at: Mapped[datetime]
