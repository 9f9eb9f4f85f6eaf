"""How a document is cited: in Chinese writing, in English writing, and for programs."""

from __future__ import annotations

import calendar
import re
from datetime import date

from app.library.rules import Kind, Label, Source, date_said

# GB/T 7714-2015, annex B: what kind of source it is; /OL is for one that is read online.
_MARKS = {
    Source.BOOK: "M",
    Source.JOURNAL: "J",
    Source.NEWSPAPER: "N",
    Source.REGULATION: "Z",
    Source.STANDARD: "S",
    Source.REPORT: "R",
    Source.THESIS: "D",
    Source.PAGE: "EB",
}
_TABLES = {Kind.XLSX, Kind.XLS, Kind.ODS}
_NUMBERED = {Source.REGULATION, Source.STANDARD, Source.REPORT}  # their number follows the title
_LISTED = re.compile(r"\s*[;；]\s*")
_NAMES = re.compile(r"\s*[;；,，、]\s*|\s+and\s+")
_VOLUME = re.compile(r"第\s*(\d+)\s*卷|\bvol(?:ume)?\.?\s*(\d+)|^\s*(\d+)\s*[(（]", re.IGNORECASE)
_NUMBER = re.compile(
    r"第\s*(\d+(?:[-–/、]\d+)?)\s*[期号版]|\b(?:no|nr|issue|page|p)\.?\s*([A-Z]?\d+)"
    r"|^\s*(\d+)\s*$|[(（]\s*(\d+)\s*[)）]\s*$",
    re.IGNORECASE,
)
_CHINESE = re.compile(r"[\u3400-\u9fff]")
MOST_NAMED = 20  # by APA; of more, the first 19 and the last


def source_of(label: Label, kind: Kind) -> Source:
    """What kind of source a document is, as its label says or lets one guess."""
    if label.source:
        return Source(label.source)
    if label.issue:
        return Source.NEWSPAPER if "版" in label.issue else Source.JOURNAL
    return Source.BOOK if kind is Kind.EPUB else Source.PAGE


def people(text: str) -> list[str]:
    """The names in a line of authors; between semicolons one may be “Family, Given”."""
    if _CHINESE.search(text) or not _LISTED.search(text):
        return [name for name in _NAMES.split(text.strip()) if name]
    return [name for name in _LISTED.split(text.strip()) if name]


def volume_and_number(issue: str) -> tuple[str, str]:
    """(volume, number) of an issue as people write it: 第12卷第3期, Vol. 12, No. 3, 12(3), 6.

    The number is the whole text where nothing is recognised.
    """
    volume, number = _first(_VOLUME, issue), _first(_NUMBER, issue)
    return volume, number or ("" if volume else issue)


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return next(filter(None, match.groups()), "") if match else ""


def gbt(label: Label, kind: Kind, url: str, day: date) -> str:
    """A citation by GB/T 7714-2015."""
    source = source_of(label, kind)
    names = [_by_gbt(name) for name in people(label.authors)]
    others = ", 等" if _CHINESE.search(label.authors) else ", et al"
    shown = ", ".join(names[:3]) + (others if len(names) > 3 else "")
    is_table = source is Source.PAGE and kind in _TABLES
    mark = "DB" if is_table else _MARKS[source]
    title = label.title
    if source in _NUMBERED and label.issue:
        title = f"{title}: {label.issue}"
    parts = [f"{shown}{'' if shown.endswith('.') else '.'}" if shown else ""]
    parts += [f"{title}[{mark}/OL].", f"{_where(label, source)}[{day.isoformat()}].", f"{url}."]
    return " ".join(filter(None, parts))


def _where(label: Label, source: Source) -> str:
    """Where and when it was published, by GB/T."""
    said, year = date_said(label.dated), _year(label)
    publisher = "" if label.publisher == label.authors else label.publisher
    volume, number = volume_and_number(label.issue)
    if source is Source.JOURNAL:
        number = f"({number})" if number else ""
        when = f"{year}, {volume}{number}" if volume and year else f"{year}{volume}{number}"
        return ", ".join(filter(None, (publisher, when)))
    if source is Source.NEWSPAPER:
        page = f"({number})" if number else ""
        return ", ".join(filter(None, (publisher, f"{said}{page}")))
    if source in {Source.REGULATION, Source.PAGE}:  # these change: the day stands with them
        if publisher:
            return ", ".join(filter(None, (publisher, year))) + (
                f"({said})" if said != year else ""
            )
        return f"({said})" if said else ""
    return ", ".join(filter(None, (publisher, year)))


def apa(label: Label, kind: Kind, url: str) -> str:
    """A citation by APA, seventh edition, as far as the label allows."""
    source = source_of(label, kind)
    names = [_by_apa(name) for name in people(label.authors)]
    if len(names) > MOST_NAMED:
        shown = f"{', '.join(names[:19])}, … {names[-1]}"
    else:
        shown = ", & ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
    when = f"({_when(label, source) or 'n.d.'})."
    title, published = _titled(label, source)
    by = f"{shown}{'' if shown.endswith('.') else '.'}"
    head = f"{by} {when} {title}." if shown else f"{title}. {when}"
    return " ".join(filter(None, (head, f"{published}." if published else "", url)))


def _titled(label: Label, source: Source) -> tuple[str, str]:
    """The title with what belongs to it, and what published it, by APA."""
    publisher = "" if label.publisher == label.authors else label.publisher
    volume, number = volume_and_number(label.issue)
    if source is Source.JOURNAL and publisher:
        issue = f"{volume}({number})" if number else volume
        return label.title, ", ".join(filter(None, (publisher, issue)))
    if source is Source.NEWSPAPER and publisher:
        return label.title, ", ".join(filter(None, (publisher, number)))
    if source is Source.THESIS:
        return f"{label.title} [{', '.join(filter(None, ('Thesis', publisher)))}]", ""
    return label.title + (f" ({label.issue})" if label.issue else ""), publisher


def _when(label: Label, source: Source) -> str:
    said = date_said(label.dated)
    if source not in {Source.NEWSPAPER, Source.PAGE} or label.dated is None or len(said) == 4:
        return said[:4]
    month = f"{said[:4]}, {calendar.month_name[label.dated.month]}"
    return f"{month} {label.dated.day}" if len(said) == 10 else month


def bibtex(label: Label, kind: Kind, uuid: str, url: str) -> str:
    """An entry for BibTeX, which Zotero and others read."""
    source = source_of(label, kind)
    entry, publisher = {
        Source.BOOK: ("book", "publisher"),
        Source.JOURNAL: ("article", "journal"),
        Source.NEWSPAPER: ("article", "journal"),
        Source.REPORT: ("techreport", "institution"),
        Source.THESIS: ("phdthesis", "school"),
    }.get(source, ("misc", "publisher"))
    periodical = source in {Source.JOURNAL, Source.NEWSPAPER}
    volume, number = volume_and_number(label.issue) if periodical else ("", label.issue)
    fields = {
        "title": f"{{{_plain(label.title)}}}",
        "author": " and ".join(map(_plain, people(label.authors))),
        "year": _year(label),
        publisher: _plain(label.publisher),
        "volume": _plain(volume),
        "number": _plain(number),
        "url": url,
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@{entry}{{weike-{uuid[:8]},\n" + ",\n".join(lines) + "\n}"


def _family_first(name: str) -> tuple[str, str] | None:
    """(family, initials without points) of “Smith, Jane Anne”; None for a name of another form."""
    family, comma, given = name.partition(",")
    if not comma or not given.strip():
        return None
    return family.strip(), " ".join(piece[0].upper() for piece in given.split())


def _by_gbt(name: str) -> str:
    parts = _family_first(name)
    return f"{parts[0].upper()} {parts[1]}" if parts else name


def _by_apa(name: str) -> str:
    parts = _family_first(name)
    return f"{parts[0]}, {'. '.join(parts[1].split())}." if parts else name


def _plain(text: str) -> str:
    return re.sub(r"([&%#$_])", r"\\\1", re.sub(r"[{}\\]", " ", text))


def _year(label: Label) -> str:
    return date_said(label.dated)[:4]
