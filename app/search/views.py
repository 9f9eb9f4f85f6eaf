"""The search page, suggestions while typing, and the organisation's own words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.access import access
from app.core.i18n import LANGUAGES
from app.core.limits import limited
from app.core.pages import offer_undo
from app.core.refusals import Refusal
from app.members import queries as members
from app.members.access import EDITOR, ORGANIZER, SIGNED_IN, reader
from app.search import queries, service
from app.search.forms import WordsForm
from app.search.rules import LONGEST_QUERY, ONLY_AUTHORS, SEVERAL, Kind, Order, place_name, words_of

MOST_REMEMBERED = 8  # searches that a browser tells of

bp = Blueprint("search", __name__, template_folder="templates")

LABELS = {
    Kind.COURSE: _l("Courses"),
    Kind.LESSON: _l("Lessons"),
    Kind.CAPTION: _l("Captions"),
    Kind.DOCUMENT: _l("Documents"),
    Kind.THEME: _l("Themes"),
    Kind.DISCUSSION: _l("Discussions"),
    Kind.QUESTION: _l("Questions"),
    Kind.PATH: _l("Learning paths"),
}
ICONS = {
    Kind.COURSE: "collection-play",  # icon="collection-play"
    Kind.LESSON: "play-btn",  # icon="play-btn"
    Kind.CAPTION: "badge-cc",  # icon="badge-cc"
    Kind.DOCUMENT: "file-earmark-text",  # icon="file-earmark-text"
    Kind.THEME: "bookmarks",  # icon="bookmarks"
    Kind.DISCUSSION: "chat-left-text",  # icon="chat-left-text"
    Kind.QUESTION: "patch-question",  # icon="patch-question"
    Kind.PATH: "signpost-split",  # icon="signpost-split"
}


@bp.get("/search")
@access(SIGNED_IN)
@limited("search", most=30, seconds=60)
def results() -> str:
    text = request.args.get("q", "").strip()[:LONGEST_QUERY]
    kind = _kind(request.args.get("kind", ""))
    sort = request.args.get("sort", "")
    order = Order(sort) if sort in set(Order) else Order.BEST
    language = request.args.get("language", "")
    year = request.args.get("year", type=int)
    shelf = request.args.get("collection", "")[:500]
    branch = request.args.get("branch", type=int)
    found = queries.find(
        reader(),
        text,
        kind=kind,
        page=request.args.get("page", 1, type=int),
        order=order,
        language=language,
        year=year if year and 0 < year < 10_000 else None,
        shelf=shelf,
        branch=branch,
        speaks=str(get_locale()),
    )

    def here(**changed: Any) -> str:
        """The address of this search with something changed."""
        parts: dict[str, Any] = {"q": text, "kind": kind, "language": language, "year": year}
        parts |= {"collection": shelf, "branch": branch}
        if order is not Order.BEST:
            parts["sort"] = order.value
        return url_for(
            "search.results", **{k: v for k, v in {**parts, **changed}.items() if v or v == 0}
        )

    return render_template(
        "search/results.html",
        found=found,
        kind=kind,
        order=order,
        language=language,
        year=year,
        shelf=shelf,
        branch=branch,
        branch_names=_branch_names(found.branches, branch),
        languages=LANGUAGES,
        labels=LABELS,
        icons=ICONS,
        longest=LONGEST_QUERY,
        place_name=place_name,
        with_words=lambda excerpt, thing: _with_words(excerpt.url, thing.kind, text),
        whole=lambda thing: _with_words(thing.url, thing.kind, text),
        here=here,
        page_url=lambda number: here(page=number),
        may_teach=reader().is_organizer,
        may_shelve=reader().is_author or reader().is_organizer,
        kept=queries.kept_id(reader(), text, kind) if text else None,
        mine=queries.kept_by(reader()) if not text else [],
    )


@bp.get("/search/suggest")
@access(SIGNED_IN)
@limited("suggest", most=300, seconds=60)
def suggest() -> ResponseReturnValue:
    """Lines for the list below a search box; nothing when there are none.

    Asked for with nothing typed when somebody goes to a box: the moment to load what the first
    letter will need. The browser tells what was searched for on this device; it is kept nowhere
    else.
    """
    text = request.args.get("q", "")[:LONGEST_QUERY]
    recent = queries.recalled(text, [each[:LONGEST_QUERY] for each in _recent()])
    known = {each.text for each in recent}
    lines = render_template(
        "search/_suggestions.html",
        suggestions=[*recent, *(s for s in queries.suggest(reader(), text) if s.text not in known)],
        may_forget=bool(recent) and not text.strip(),
        labels=LABELS,
        icons=ICONS,
    )
    response = make_response(lines)
    if not text.strip():
        response.call_on_close(queries.waking(reader()))
    return response


def _recent() -> list[str]:
    return request.args.getlist("recent")[:MOST_REMEMBERED]


@bp.get("/search/like/<kind>/<ref>")
@access(SIGNED_IN)
@limited("search-like", most=60, seconds=60)
def like(kind: str, ref: str) -> str:
    """What is like a thing, as a part of its page; nothing when there is nothing."""
    known = _kind(kind)
    rows = queries.alike(reader(), known, ref[:80]) if known else []
    return render_template("search/_alike.html", rows=rows, labels=LABELS, icons=ICONS)


def _branch_names(found: dict[int, int], chosen: int | None) -> dict[int, str]:
    """What the branches of things are called, for those that were found."""
    names = dict(members.branch_choices()) if found or chosen is not None else {}
    said = {
        0: str(_("For everybody")),
        SEVERAL: str(_("For several branches")),
        ONLY_AUTHORS: str(_("For trainers")),
    }
    wanted = {*found, *(() if chosen is None else (chosen,))}
    known = {number: said.get(number) or names.get(number, "").strip() for number in wanted}
    return {number: name for number, name in known.items() if name}


# Kept searches, and what was not found


@bp.post("/search/kept")
@access(SIGNED_IN)
def keep() -> ResponseReturnValue:
    text, kind = request.form.get("q", "")[:LONGEST_QUERY], _kind(request.form.get("kind", ""))
    service.keep_search(reader().id, text, kind)
    flash(_("Kept. You will be told of what is new in it."), "good")
    return redirect(url_for("search.results", q=text, kind=kind))


@bp.post("/search/kept/<int:number>")
@access(SIGNED_IN)
def open_kept(number: int) -> ResponseReturnValue:
    """Go to a kept search; what is there now is no longer new."""
    service.look_at(reader().id, number)
    return redirect(
        url_for(
            "search.results",
            q=request.form.get("q", "")[:LONGEST_QUERY],
            kind=_kind(request.form.get("kind", "")),
            sort=Order.NEWEST.value,
        )
    )


@bp.post("/search/kept/<int:number>/delete")
@access(SIGNED_IN)
def drop(number: int) -> ResponseReturnValue:
    me = reader()
    kept = next((each for each in queries.kept_by(me) if each.id == number), None)
    service.drop_search(me.id, number)
    if kept is not None:
        offer_undo(
            _("You no longer keep “%(words)s”.", words=kept.text),
            url_for("search.keep"),
            q=kept.text,
            kind=kept.kind.value if kept.kind else "",
        )
    return redirect(url_for("search.results"))


@bp.post("/search/missed")
@access(SIGNED_IN)
@limited("search-missed", most=20, seconds=60)
def note_missed() -> ResponseReturnValue:
    """The page says that it had no answer; looked at again, since anybody can say so."""
    text = request.form.get("q", "").strip()[:LONGEST_QUERY]
    if not queries.find(reader(), text).total:
        service.note_missed(text)
    return "", 204


@bp.get("/search/missed")
@access(EDITOR)
def missed() -> str:
    return render_template("search/missed.html", rows=queries.missed())


# The organisation's own words


@bp.get("/search/words")
@access(ORGANIZER)
def words() -> str:
    return _words_page(WordsForm(formdata=None))


@bp.post("/search/words")
@access(ORGANIZER)
def add_words() -> ResponseReturnValue:
    form = WordsForm()
    if form.validate():
        try:
            service.keep_words(form.words.data or "", by=reader().id)
        except Refusal as refusal:
            form.words.errors = [str(refusal)]
        else:
            flash(_("Saved. Search takes the words up within a minute."), "good")
            return redirect(url_for("search.words"))
    return _words_page(form), 422


@bp.post("/search/words/<int:number>")
@access(ORGANIZER)
def change_words(number: int) -> ResponseReturnValue:
    service.keep_words(request.form.get("words", ""), by=reader().id, words_id=number)
    flash(_("Saved. Search takes the words up within a minute."), "good")
    return redirect(url_for("search.words"))


@bp.post("/search/words/<int:number>/delete")
@access(ORGANIZER)
def remove_words(number: int) -> ResponseReturnValue:
    held = {row.id: words_of(row.words) for row in queries.all_words()}.get(number)
    service.remove_words(number)
    if held:
        offer_undo(_("Deleted."), url_for("search.add_words"), words="=".join(held))
    return redirect(url_for("search.words"))


def _words_page(form: WordsForm) -> str:
    rows = [(row.id, words_of(row.words)) for row in queries.all_words()]
    return render_template("search/words.html", form=form, rows=rows)


def _kind(text: str) -> Kind | None:
    return Kind(text) if text in set(Kind) else None


def _with_words(url: str, kind: Kind, text: str) -> str:
    """A document's address with the query, so that its page can mark the words too."""
    if kind is not Kind.DOCUMENT:
        return url
    path, sign, anchor = url.partition("#")
    return f"{path}{'&' if '?' in path else '?'}{urlencode({'q': text})}{sign}{anchor}"
