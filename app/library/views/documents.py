"""Pages of the library: browsing, one document, and editing it."""

from __future__ import annotations

from typing import Any

from flask import (
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.core import settings
from app.core.access import access
from app.core.addresses import address
from app.core.i18n import LANGUAGES
from app.core.limits import limited
from app.core.refusals import NotThere, Refusal
from app.library import queries, service
from app.library.forms import DocumentForm
from app.library.queries import DocumentView, FileView, Progress
from app.library.rules import (
    PICTURES,
    REASONS,
    SOURCES,
    TYPES,
    EndsTooSoon,
    Kind,
    NoTitle,
    citing,
    date_said,
    initial_of,
    page_number,
)
from app.library.rules.layout import BROKEN_LINES, laid_out
from app.library.views.frame import bp
from app.library.views.uploading import offered
from app.members.access import EDITOR, SIGNED_IN, reader
from app.members.rules import Reader
from app.search import queries as search
from app.search.rules import LONGEST_QUERY, place_name
from app.search.snippets import Sought, marked

KIND_NAMES = {
    Kind.PDF: _l("PDF"),
    Kind.DOCX: _l("Word"),
    Kind.PPTX: _l("PowerPoint"),
    Kind.XLSX: _l("Excel"),
    Kind.ODT: _l("OpenDocument text"),
    Kind.ODP: _l("OpenDocument slides"),
    Kind.ODS: _l("OpenDocument table"),
    Kind.EPUB: "EPUB",
    Kind.HTML: "HTML",
    Kind.RTF: "RTF",
    Kind.DOC: _l("Word"),
    Kind.PPT: _l("PowerPoint"),
    Kind.XLS: _l("Excel"),
    Kind.JPEG: _l("Picture"),
    Kind.PNG: _l("Picture"),
    Kind.TEXT: _l("Text"),
    Kind.MARKDOWN: _l("Markdown"),
}
ICONS = {
    Kind.PDF: "file-earmark-pdf",
    Kind.DOCX: "file-earmark-word",
    Kind.PPTX: "file-earmark-slides",
    Kind.XLSX: "file-earmark-spreadsheet",
    Kind.ODT: "file-earmark-richtext",
    Kind.ODP: "file-earmark-slides",
    Kind.ODS: "file-earmark-spreadsheet",
    Kind.EPUB: "book",
    Kind.HTML: "filetype-html",
    Kind.RTF: "file-earmark-richtext",
    Kind.DOC: "file-earmark-word",
    Kind.PPT: "file-earmark-slides",
    Kind.XLS: "file-earmark-spreadsheet",
    Kind.JPEG: "file-earmark-image",
    Kind.PNG: "file-earmark-image",
    Kind.TEXT: "file-earmark-text",
    Kind.MARKDOWN: "markdown",
}
WITH_HEADINGS = frozenset(Kind) - PICTURES - {Kind.PDF, Kind.TEXT}
# Old versions may be of any kind; all that we send is an attachment of a type on our list.
DOWNLOAD_POLICY = "sandbox; default-src 'none'"


@bp.context_processor
def words() -> dict[str, Any]:
    """What the templates of this room ask for."""
    return {
        "kind_names": KIND_NAMES,
        "icons": ICONS,
        "reasons": REASONS,
        "sources": SOURCES,
        "place_name": place_name,
        "extent": extent,
        "date_said": date_said,
        "initial_of": initial_of,
        "is_editor": lambda: _is_editor(reader()),
        "upload_limit": lambda: current_app.extensions["weike"].document_limit,
    }


def _is_editor(who: Reader) -> bool:
    return who.is_author or who.is_organizer


def extent(file: FileView) -> str:
    """How long a document is, in its own measure: pages, slides, sheets; "" when not known."""
    if file.pages < 1:
        return ""
    if file.kind is Kind.PDF:
        return str(ngettext("%(num)s page", "%(num)s pages", file.pages))
    if file.kind in {Kind.PPTX, Kind.PPT, Kind.ODP}:
        return str(ngettext("%(num)s slide", "%(num)s slides", file.pages))
    if file.kind in {Kind.XLSX, Kind.XLS, Kind.ODS}:
        return str(ngettext("%(num)s sheet", "%(num)s sheets", file.pages))
    return ""


# Browsing


@bp.get("")
@access(SIGNED_IN)
def index() -> str:
    me = reader()
    kind = request.args.get("kind", "")
    chosen = Kind(kind) if kind in set(Kind) else None
    number = request.args.get("collection", type=int)
    collection = queries.collection_for(me, number) if number else None
    place = collection.id if collection else None
    year = request.args.get("year", type=int)
    year = year if year and 0 < year < 10_000 else None
    documents = queries.documents_for(
        me,
        collection_id=place,
        kind=chosen,
        year=year,
        page=request.args.get("page", 1, type=int),
    )

    def here(**changed: Any) -> str:
        parts = {"collection": number, "kind": chosen, "year": year, **changed}
        return url_for("library.index", **{k: v for k, v in parts.items() if v})

    return render_template(
        "library/index.html",
        documents=documents,
        collections=queries.collections_for(me, empty=_is_editor(me)),
        collection=collection,
        read_here=queries.read_in_branch(me) if not collection else [],
        required=queries.required_for(me) if not collection else [],
        trail=queries.collection_trail(number) if collection else [],
        kinds=queries.kinds_for(me),
        kind=chosen,
        years=queries.years_for(me, collection_id=place) if collection else [],
        year=year,
        here=here,
    )


@bp.get("/<uuid>")
@access(SIGNED_IN)
def document(uuid: str) -> str:
    found = queries.document_for(reader(), uuid)
    text = request.args.get("q", "").strip()[:LONGEST_QUERY]
    sought = search.sought_for(text) if text else Sought()
    notes = queries.notes_in(reader().id, found.id)
    return render_template(
        "library/document.html",
        document=found,
        trail=queries.collection_trail(found.collection_id),
        parts=queries.parts(found.file.id, request.args.get("page", 1, type=int)),
        text=text,
        hits=queries.hits(found.file.id, text) if text else [],
        mark=lambda words: marked(words, sought),
        words_of=lambda part: laid_out(
            queries.highlighted(
                part.text, [n.quote for n in notes if n.anchor == part.anchor and n.quote], sought
            ),
            found.file.kind,
        ),
        as_lines=found.file.kind in BROKEN_LINES,
        headings=queries.headings(found.file.id) if found.file.kind in WITH_HEADINGS else [],
        notes=notes,
        progress=queries.progress_of(reader().id, [found.id]).get(found.id, Progress()),
        lists=queries.lists_to_fill(reader()),
        citations=_citations(found),
        courses=queries.related_courses(reader(), found.id),
        stopped=queries.read_on_at(reader().id, found.id, found.file.id),
        branches=queries.branch_names(found.branches)
        if found.branches and found.may_change
        else [],
        versions=queries.versions(found.id) if found.may_change else [],
        longest=LONGEST_QUERY,
    )


def _citations(found: DocumentView) -> list[tuple[str, str]]:
    """How the document is cited: (name of the style, citation)."""
    base = current_app.extensions["weike"].base_url.rstrip("/")
    url = base + address("document", document=found.uuid)
    return [
        ("GB/T 7714", citing.gbt(found.label, found.file.kind, url, settings.today())),
        ("APA", citing.apa(found.label, found.file.kind, url)),
        ("BibTeX", citing.bibtex(found.label, found.file.kind, found.uuid, url)),
    ]


@bp.get("/<uuid>/read")
@access(SIGNED_IN)
def read(uuid: str) -> ResponseReturnValue:
    """A PDF as its pages look. Other kinds of documents are read as text."""
    found = queries.document_for(reader(), uuid)
    text = request.args.get("q", "").strip()[:LONGEST_QUERY]
    if found.file.kind is not Kind.PDF:
        return redirect(url_for("library.document", uuid=uuid, q=text or None))
    return render_template(
        "library/read.html",
        document=found,
        text=text,
        start=page_number(queries.place_of(reader().id, found.id)),
        words=queries.words_in(found.file.id, search.sought_for(text)) if text else [],
        notes=queries.notes_in(reader().id, found.id),
    )


@bp.get("/<uuid>/file")
@access(SIGNED_IN)
def file(uuid: str) -> Response:
    """The bytes of a PDF or a picture, for the page that shows it."""
    found = queries.document_for(reader(), uuid)
    path = service.shelf().path(found.uuid, found.file.number, found.file.kind)
    if found.file.kind not in {Kind.PDF, *PICTURES} or not path.is_file():
        raise NotThere
    response = send_file(path, mimetype=TYPES[found.file.kind], conditional=True)
    return _harmless(response)


@bp.get("/<uuid>/cover")
@access(SIGNED_IN)
def cover(uuid: str) -> Response:
    """The first page as a small picture."""
    found = queries.document_for(reader(), uuid)
    shelf = service.shelf()
    path = shelf.cover(shelf.path(found.uuid, found.file.number, found.file.kind))
    if not path.is_file():
        raise NotThere
    response = _harmless(send_file(path, mimetype="image/jpeg", conditional=True))
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@bp.post("/<uuid>/place")
@access(SIGNED_IN)
@limited("library-place", most=60, seconds=60)
def keep_place(uuid: str) -> ResponseReturnValue:
    """Remember where the reader is in a document, and what was on the screen since before."""
    found = queries.document_for(reader(), uuid)
    service.report_reading(reader().id, found.id, request.form.getlist("anchor"))
    return "", 204


@bp.get("/<uuid>/state")
@access(SIGNED_IN)
def state(uuid: str) -> Response:
    """The state as a fragment that asks again until the reading is over."""
    found = queries.document_for(reader(), uuid)
    response = make_response(render_template("library/_state.html", document=found))
    if not found.file.is_unfinished:
        response.headers["HX-Trigger"] = "weike:document-read"
    return response


@bp.get("/<uuid>/download")
@access(SIGNED_IN)
def download(uuid: str) -> Response:
    found = queries.document_for(reader(), uuid)
    if not found.may_download:
        raise NotThere
    file = queries.version(found, request.args.get("version", type=int))
    path = service.shelf().path(found.uuid, file.number, file.kind)
    if not path.is_file():
        raise NotThere
    response = send_file(
        path,
        mimetype=TYPES[file.kind],
        as_attachment=True,
        download_name=file.filename,
        conditional=True,
    )
    return _harmless(response)


def _harmless(response: Response) -> Response:
    """A file from anybody, sent so that it runs nothing and stays with who may see it."""
    response.headers["Content-Security-Policy"] = DOWNLOAD_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


# Uploading: the body is the file itself and is on the disk before the first query


# Changing


@bp.route("/<uuid>/edit", methods=["GET", "POST"])
@access(EDITOR)
def edit(uuid: str) -> ResponseReturnValue:
    found = queries.changeable_for(reader(), uuid)
    label = found.label
    # What the file says of itself, when that was asked for: it is saved only by who looks it over.
    said = found.proposed if request.args.get("from") == "file" else {}
    form = offered(
        DocumentForm(
            title=said.get("title", found.title),
            collection=found.collection_id or 0,
            audience="all" if found.branches is None else "branches",
            branches=sorted(found.branches or ()),
            authors=said.get("authors", label.authors),
            publisher=said.get("publisher", label.publisher),
            dated=said.get("dated", date_said(label.dated)),
            issue=label.issue,
            source=label.source,
            language=said.get("language", label.language),
            tags=said.get("tags", ", ".join(label.tags)),
            summary=said.get("summary", label.summary),
            courses=queries.course_ids(found.id),
            is_pinned=label.is_pinned,
            read_only=not label.may_download,
            valid_from=label.valid_from,
            valid_until=label.valid_until,
        )
    )
    form.offer_more(
        LANGUAGES,
        _("As the text shows it"),
        queries.course_choices(reader()),
        _("As the label shows it"),
    )
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                service.edit(
                    found.id,
                    form.label_said,
                    collection_id=form.chosen_collection,
                    branches=form.chosen_branches,
                    courses=form.courses.data or (),
                )
            except NoTitle as refusal:
                form.title.errors = [str(refusal)]
            except EndsTooSoon as refusal:
                form.valid_until.errors = [str(refusal)]
            except Refusal as refusal:
                form.branches.errors = [str(refusal)]
            else:
                flash(_("Saved."), "good")
                return redirect(url_for("library.document", uuid=uuid))
    return render_template("library/edit.html", document=found, form=form, said=said), status


@bp.post("/<uuid>/delete")
@access(EDITOR)
def delete(uuid: str) -> ResponseReturnValue:
    found = queries.changeable_for(reader(), uuid)
    service.remove(found.id)
    flash(_("“%(title)s” is deleted.", title=found.title), "good")
    return redirect(url_for("library.index", collection=found.collection_id))


@bp.post("/<uuid>/read-again")
@access(EDITOR)
def read_again(uuid: str) -> ResponseReturnValue:
    found = queries.changeable_for(reader(), uuid)
    service.read_again(found.file.id)
    return redirect(url_for("library.document", uuid=uuid))
