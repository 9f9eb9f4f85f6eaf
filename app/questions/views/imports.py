"""The import doctor: a file is read, looked over and mended, then taken whole or put away."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from flask import (
    abort,
    flash,
    has_request_context,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.access import access
from app.core.limits import limited
from app.core.paging import Page, window
from app.core.refusals import Refusal
from app.members.access import AUTHOR, reader
from app.questions import formats, queries, service, types
from app.questions.formats import Saying
from app.questions.formats.facts import MOST_BYTES
from app.questions.forms import BaseForm, form_for
from app.questions.rules import KIND_NAMES, BadQuestion, QuestionState
from app.questions.views import bp

EXTRA = 64 * 1024  # of the form around the file


# The pages of one import: whoever comes from the quiz of a course goes back there.
PAGES = frozenset(
    f"questions.{name}"
    for name in (
        *("imports", "read_file", "import_", "import_item", "mend_item"),
        *("keep_item", "leave_out", "take_import", "undo_import", "drop_import"),
    )
)


@bp.url_defaults
def _same_course(endpoint: str, values: dict[str, Any]) -> None:
    """Which course the paper is for stays in the address while it is read, mended and taken."""
    here = request.endpoint if has_request_context() else None
    if endpoint in PAGES and here in PAGES and (course := request.args.get("course", type=int)):
        values.setdefault("course", course)


@bp.url_value_preprocessor
def _more_room(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """A file may be larger than other forms; said before anything reads the form."""
    if endpoint == "questions.read_file":
        request.max_content_length = MOST_BYTES + EXTRA


@bp.get("/desk/questions/import")
@access(AUTHOR)
def imports() -> str:
    return _start("")


@bp.post("/desk/questions/import")
@access(AUTHOR)
@limited("files of questions", most=60, seconds=3600)
def read_file() -> ResponseReturnValue:
    file = request.files.get("file")
    data = file.read() if file else b""
    pasted = request.form.get("text", "")
    name = (file.filename or "") if file else ""
    if file:
        file.close()
    if not data and pasted.strip():
        data, name = pasted.encode(), _("pasted text")
    if not data:
        return _start(_("Choose a file, or paste the questions below.")), 422
    given = request.form.get("format", formats.AUTO)
    try:
        paper = formats.read(data, name, given if given in formats.FORMATS else formats.AUTO)
        kept = service.keep_clips(paper, patience=service.LONGEST_WORK)
        me = reader()
        service.unpack_clips(paper, kept, owner_id=me.id)
        import_id = service.open_import(paper, filename=name, author_id=me.id)
    except Refusal as refusal:
        return _start(str(refusal)), 422
    return redirect(url_for("questions.import_", import_id=import_id), 303)


def _start(problem: str) -> str:
    return render_template(
        "questions/imports.html",
        problem=problem,
        formats=formats.FORMATS,
        imports=queries.imports_for(reader()),
    )


@bp.get("/desk/questions/import/template.<name>")
@access(AUTHOR)
def import_template(name: str) -> ResponseReturnValue:
    """A file to begin with: one question of each kind, in a format that people write by hand."""
    known = {"docx": "word", "txt": "plain", "xlsx": "xlsx", "csv": "csv"}
    if name not in known:
        abort(404)
    data = formats.write(_examples(), known[name]).data
    return send_file(
        BytesIO(data),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=f"questions.{name}",
    )


def _examples() -> list[Saying]:
    rows: list[tuple[str, dict[str, Any]]] = [
        (
            "single",
            {
                "stem": "火警电话是（　）。",
                "explanation": "119 是火警电话。",
                "options": [
                    {"text": "110", "fraction": "0"},
                    {"text": "119", "fraction": "1"},
                    {"text": "120", "fraction": "0"},
                ],
            },
        ),
        (
            "multiple",
            {
                "stem": "着火时应该（　）。",
                "options": [
                    {"text": "低姿前进", "fraction": "0.5"},
                    {"text": "乘坐电梯", "fraction": "-1"},
                    {"text": "捂住口鼻", "fraction": "0.5"},
                ],
            },
        ),
        ("truefalse", {"stem": "油锅着火可以用水浇。", "answer": False}),
        ("blanks", {"stem": "中国的首都是[[北京]]，最大的城市是[[上海|上海市]]。"}),
        ("short", {"stem": "中国的首都是哪里？", "answers": [{"text": "北京"}]}),
        ("numeric", {"stem": "水的沸点是多少摄氏度？", "answers": [{"value": "100"}]}),
        ("ordering", {"stem": "按顺序排列。", "items": ["报警", "疏散", "清点人数"]}),
        (
            "matching",
            {
                "stem": "电话与用途。",
                "pairs": [{"left": "119", "right": "火警"}, {"left": "120", "right": "急救"}],
            },
        ),
        ("essay", {"stem": "发现火情后应该怎么做？", "answer": "先报警，再疏散。"}),
    ]
    facts = {"category": "安全/消防", "difficulty": 2}
    return [
        Saying(kind, types.of(kind).plain(types.of(kind).clean(body)), facts) for kind, body in rows
    ]


@bp.get("/desk/questions/import/<int:import_id>")
@access(AUTHOR)
def import_(import_id: int) -> str:
    return _doctor(queries.import_for(reader(), import_id))


def _doctor(found: queries.ImportView, problem: str = "") -> str:
    only = request.args.get("only", "")
    chosen = [
        (at, item)
        for at, item in enumerate(found.items)
        if only == ""
        or (only == "problems" and item["problems"])
        or (only == "twins" and (item["twins"] or queries.copies_of(found.items, item)))
        or (only == "out" and item["out"])
    ]
    page = max(1, request.args.get("page", 1, type=int))
    offset, limit = window(page)
    rows = [_shown(found.items, at) for at, _item in chosen[offset : offset + limit]]
    ids = {twin[0] for row in rows for twin in row["twins"]}
    made = queries.question_ids_of(found.id) if found.state in {"done", "undone"} else []
    return render_template(
        "questions/import.html",
        found=found,
        page=Page(rows, page, len(chosen)),
        twins=queries.questions(ids),
        before=queries.came_with(reader(), found),
        kinds=KIND_NAMES,
        categories=queries.categories(),
        problem=problem,
        only=only,
        made=len(made),
        course=request.args.get("course", type=int),
        label=formats.FORMATS[found.format].LABEL if found.format in formats.FORMATS else "",
        page_url=lambda number: url_for(
            "questions.import_", import_id=found.id, only=only or None, page=number
        ),
    )


def _shown(items: Sequence[dict[str, Any]], at: int) -> dict[str, Any]:
    """An item as it will look, when the rules have nothing against it."""
    item = items[at]
    row = {**item, "at": at, "asked": None, "explained": None, "copies": []}
    for first, percent in queries.copies_of(items, item):
        called = items[first]["number"] or first + 1
        row["copies"].append({"at": first, "percent": percent, "number": called})
    if item["kind"] in types.TYPES and not any(p["blocks"] for p in item["problems"]):
        of = types.of(item["kind"])
        body = of.clean(item["body"])
        names = [(token, token) for token in of.options(body)]
        row["asked"] = types.asked(item["kind"], body, names, [])
        row["explained"] = of.explained(body, [])
    return row


@bp.get("/desk/questions/import/<int:import_id>/<int:at>")
@access(AUTHOR)
def import_item(import_id: int, at: int) -> str:
    found, item = _item(import_id, at)
    kind = request.args.get("kind", item["kind"])
    kind = kind if kind in types.TYPES else "single"
    form = form_for(kind)
    form.show(kind, item["body"], found.revision)
    return _editor(found, at, kind, form)


@bp.post("/desk/questions/import/<int:import_id>/<int:at>")
@access(AUTHOR)
def mend_item(import_id: int, at: int) -> ResponseReturnValue:
    found, item = _item(import_id, at)
    kind = request.args.get("kind", item["kind"])
    if kind not in types.TYPES:
        abort(404)
    form = form_for(kind)
    if "more" in request.form:
        form.add_rows()
        return _editor(found, at, kind, form)
    if form.validate():
        try:
            service.edit_item(found.id, at, kind=kind, body=form.body(kind), seen=form.seen.data)
        except BadQuestion as refusal:
            form.refuse(refusal)
        else:
            return redirect(_back(found, at), 303)
    return _editor(found, at, kind, form), 422


def _item(import_id: int, at: int) -> tuple[queries.ImportView, dict[str, Any]]:
    found = queries.import_for(reader(), import_id)
    if found.state != "open" or at >= len(found.items):
        abort(404)
    return found, found.items[at]


def _back(found: queries.ImportView, at: int) -> str:
    page = request.args.get("page", 1 + at // 24, type=int)
    only = request.args.get("only") or None
    return url_for("questions.import_", import_id=found.id, page=page, only=only) + f"#item-{at}"


def _editor(found: queries.ImportView, at: int, kind: str, form: BaseForm) -> str:
    return render_template(
        "questions/import_item.html",
        found=found,
        at=at,
        item=found.items[at],
        kind=kind,
        kinds=KIND_NAMES,
        form=form,
        back=_back(found, at),
    )


@bp.post("/desk/questions/import/<int:import_id>/<int:at>/keep")
@access(AUTHOR)
def keep_item(import_id: int, at: int) -> ResponseReturnValue:
    found, _row = _item(import_id, at)
    service.keep_item(found.id, at, keep=request.form.get("keep") == "1")
    return redirect(_back(found, at), 303)


@bp.post("/desk/questions/import/<int:import_id>/leave-out")
@access(AUTHOR)
def leave_out(import_id: int) -> ResponseReturnValue:
    """All that are like a question of the bank, or all that must be mended."""
    found = queries.import_for(reader(), import_id)
    gone = service.leave_out(found.id, alike=request.form.get("alike") == "1")
    flash(ngettext("%(num)s question is left out.", "%(num)s questions are left out.", gone))
    return redirect(url_for("questions.import_", import_id=found.id), 303)


@bp.post("/desk/questions/import/<int:import_id>/take")
@access(AUTHOR)
@limited("imports of questions", most=30, seconds=3600)
def take_import(import_id: int) -> ResponseReturnValue:
    found = queries.import_for(reader(), import_id)
    state = request.form.get("state", QuestionState.READY.value)
    category = request.form.get("category", type=int)
    known = {each.id for each in queries.categories()}
    try:
        made = service.take_import(
            found.id,
            state=state if state in {"draft", "review", "ready"} else QuestionState.READY.value,
            category_id=category if category in known else None,
        )
    except Refusal as refusal:
        return _doctor(found, str(refusal)), 422
    flash(
        ngettext(
            "%(num)s question is in the bank.", "%(num)s questions are in the bank.", len(made)
        )
    )
    return redirect(url_for("questions.import_", import_id=found.id), 303)


@bp.post("/desk/questions/import/<int:import_id>/undo")
@access(AUTHOR)
def undo_import(import_id: int) -> ResponseReturnValue:
    found = queries.import_for(reader(), import_id)
    gone = service.undo_import(found.id, by=reader().id)
    flash(
        ngettext(
            "%(num)s question is taken back out of the bank.",
            "%(num)s questions are taken back out of the bank.",
            gone,
        )
    )
    return redirect(url_for("questions.import_", import_id=found.id), 303)


@bp.post("/desk/questions/import/<int:import_id>/drop")
@access(AUTHOR)
def drop_import(import_id: int) -> ResponseReturnValue:
    found = queries.import_for(reader(), import_id)
    service.drop_import(found.id)
    flash(_("The file is put away. Nothing of it is in the bank."))
    return redirect(url_for("questions.imports"), 303)
