"""Markdown as safe HTML: what trainers write becomes what readers see, and nothing else."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import isWhiteSpace
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, hr
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

LONGEST = 200_000  # characters; more is refused before this is called
# From this length on results are kept, the last ones of each process: 60 000 characters that are
# all marks take 0.6 s, and one page may ask for the same text several times.
LONG, MOST_KEPT = 4_000, 24
TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre"),
    *("code", "em", "strong", "s", "a", "img", "table", "thead", "tbody", "tr", "th", "td"),
}
# Chinese and Japanese signs, with their full-width points: between two of them stands no space.
_WIDE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60“”‘’…—]")
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes=_ATTRIBUTES,
    url_schemes={"https", "http", "mailto"},
    link_rel="noopener noreferrer nofollow ugc",
)
# Only names of ours can be there: raw HTML never gets this far.
_placed_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes={**_ATTRIBUTES, **{f"h{level}": {"id"} for level in range(2, 7)}},
    url_schemes={"https", "http", "mailto"},
    link_rel="noopener noreferrer nofollow ugc",
)
# One dollar sign stands before a formula when something follows it at once and the formula ends
# before the line does: “$5 and $6” is money.
_FORMULA = r"\$\$[^$\n]{1,2000}?\$\$|\$(?![\s$])[^$\n]{0,999}?[^\s$\\]\$(?![0-9])"
_FORMULA_HERE = re.compile(_FORMULA)
_FORMULAS = re.compile(rf"(?<!\\)({_FORMULA})")
_OURS = r"/media/(?:images/[0-9a-f]{32}/[0-9]{1,5}\.webp|sounds/[0-9a-f]{32}\.m4a)"
_GAP = re.compile(r"\[\[\d{1,3}\]\]")
_IN_LINE = re.compile(rf"({_FORMULA}|!\[[^\]\n]{{0,300}}\]\({_OURS}\))")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.\-]*:|//", re.IGNORECASE)
_SOUND = re.compile(r"/media/sounds/[0-9a-f]{32}\.m4a")


def _new_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(
        ["table", "strikethrough"]
    )
    parser.options["maxNesting"] = 20
    parser.inline.ruler.at("emphasis", _emphasis)
    parser.inline.ruler.before("emphasis", "literal", _literal)
    before = ["paragraph", "reference", "blockquote", "list"]
    parser.block.ruler.at("hr", _line, {"alt": before})
    parser.add_render_rule("softbreak", _broken)
    return parser


def _emphasis(state: StateInline, silent: bool) -> bool:
    """The parser's own rule, for writing without spaces too.

    CommonMark wants a space between a mark beside a point and a letter: in 见**“成绩”**页面 nothing
    would be bold. Beside a wide sign no space is asked for.
    """
    start, marker = state.pos, state.src[state.pos]
    if silent or marker not in "_*":
        return False
    scanned = state.scanDelims(start, marker == "*")
    opens, closes = scanned.can_open, scanned.can_close
    before = state.src[start - 1] if start else " "
    after = state.src[start + scanned.length] if start + scanned.length < state.posMax else " "
    if marker == "*" and (_WIDE.match(before) or _WIDE.match(after)):
        opens = not isWhiteSpace(ord(after))
        closes = not isWhiteSpace(ord(before))
    for _ in range(scanned.length):
        token = state.push("text", "", 0)
        token.content = marker
        end = len(state.tokens) - 1
        state.delimiters.append(Delimiter(ord(marker), scanned.length, end, -1, opens, closes))
    state.pos += scanned.length
    return True


def _is_joined(tokens: Sequence[Token], at: int) -> bool:
    """Whether a line that ends here goes on in the next one without a space: 开\\n始 is 开始."""
    # No slices: a paragraph may have as many lines as characters.
    before = next((tokens[i].content for i in range(at - 1, -1, -1) if tokens[i].content), "")
    after = next((tokens[i].content for i in range(at + 1, len(tokens)) if tokens[i].content), "")
    return bool(_WIDE.match(before[-1:]) and _WIDE.match(after[:1]))


def _broken(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    return "" if _is_joined(tokens, at) else "\n"


def _ended(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """The end of a line of a question: ①… and ②… below each other are two lines."""
    return "<br>\n"


def _formula(state: StateInline, silent: bool) -> bool:
    """A rule of the parser: a formula is taken as it stands, whatever Markdown would make of it."""
    if state.src[state.pos] != "$":
        return False
    found = _FORMULA_HERE.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        token = state.push("formula", "code", 0)
        token.content = found.group().strip("$").strip()
        token.markup = "$$" if found.group().startswith("$$") else "$"
    state.pos = found.end()
    return True


_TIMES = re.compile(r"[A-Za-z0-9)]\*[A-Za-z0-9(]")


def _literal(state: StateInline, silent: bool) -> bool:
    """A rule of the parser: blanks to be filled in (____), stars that multiply (2*3) and places of
    gaps ([[1]] in front of a bracket) are no marks, which CommonMark would take them for."""
    start = end = state.pos
    place = _GAP.match(state.src, start)
    while end < state.posMax and state.src[end] == "_":
        end += 1
    if end == start and _TIMES.match(state.src, start - 1, start + 2):
        end += 1
    elif place:
        end = place.end()
    elif end < start + 3:
        return False
    if not silent:
        state.pending += state.src[start:end]
    state.pos = end
    return True


def _line(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A line across the page; of underscores it is a blank to be filled in."""
    first = state.bMarks[start] + state.tShift[start]
    return state.src[first : first + 1] != "_" and hr(state, start, end, silent)


def _drawn(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    kind = "formula formula-block" if tokens[at].markup == "$$" else "formula"
    return f'<code class="{kind}">{escape(tokens[at].content)}</code>'


def _seen(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """A picture; of one on another host only its words: no browser would be allowed to load it."""
    if _ELSEWHERE.match(str(tokens[at].attrs.get("src", ""))):
        words = self.renderInlineAsText(tokens[at].children, options, env).strip()
        return f"<em>{escape(words)}</em>" if words else ""
    return self.image(tokens, at, options, env)


def _seen_or_heard(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    source = str(tokens[at].attrs.get("src", ""))
    if _SOUND.fullmatch(source):
        name = escape(tokens[at].content)
        return f'<audio controls preload="none" src="{source}" aria-label="{name}"></audio>'
    return _seen(self, tokens, at, options, env)


_parser = _new_parser()
_parser.add_render_rule("image", _seen)
_rich_parser = _new_parser()
_rich_parser.inline.ruler.before("escape", "formula", _formula)
_rich_parser.add_render_rule("softbreak", _ended)
_rich_parser.add_render_rule("formula", _drawn)
_rich_parser.add_render_rule("image", _seen_or_heard)
_rich_cleaner = nh3.Cleaner(
    tags=TAGS | {"audio"},
    attributes={**_ATTRIBUTES, "audio": {"controls", "preload", "src", "aria-label"}},
    allowed_classes={"code": {"formula", "formula-block"}},
    url_schemes={"https", "http", "mailto"},
    link_rel="noopener noreferrer nofollow ugc",
)


def render(text: str) -> Markup:
    """HTML of a Markdown text; headings start at h2, raw HTML is shown as text, links are tame.

    The page has its h1; whichever level a writer begins with, the highest becomes h2.
    """
    return _rendered(_parser, _cleaner, text)


def with_places(text: str) -> Markup:
    """The same with a name at each heading that `heading_place` says, for one text of a page."""
    return _rendered(_parser, _placed_cleaner, text, places=True)


def heading_place(heading: str) -> str:
    """What a heading is called in addresses, by its words: a link survives what is added above."""
    return f"h-{zlib.crc32(heading.strip(' #').encode()):08x}"


def rich(text: str) -> Markup:
    """The same with formulas ($x^2$, $$x^2$$: js/formulas.js draws them) and sounds, which are
    written like pictures: ![Listen](/media/sounds/….m4a)."""
    return _rendered(_rich_parser, _rich_cleaner, text)


def rich_line(text: str) -> Markup:
    """A text that is no Markdown, such as an answer to choose from: only formulas, pictures and
    sounds are drawn; everything else stays as it is written."""
    return Markup("").join(
        _rich_cleaned(piece) if at % 2 else escape(piece)
        for at, piece in enumerate(_IN_LINE.split(text[:LONGEST]))
    )


def pieces(text: str) -> list[tuple[str, bool]]:
    """A text as (text, False) and (TeX with its dollar signs, True), for what is no page."""
    found = [(part, at % 2 == 1) for at, part in enumerate(_FORMULAS.split(text))]
    return [(part, is_formula) for part, is_formula in found if part]


def _rich_cleaned(piece: str) -> Markup:
    html = _rich_parser.renderInline(piece)
    return Markup(_rich_cleaner.clean(html))  # noqa: S704 - cleaned in this line


def _rendered(
    parser: MarkdownIt, cleaner: nh3.Cleaner, text: str, *, places: bool = False
) -> Markup:
    render = _rendered_anew if len(text) < LONG else _rendered_once
    return render(parser, cleaner, text[:LONGEST], places)


def _rendered_anew(parser: MarkdownIt, cleaner: nh3.Cleaner, text: str, places: bool) -> Markup:
    tokens = parser.parse(text)
    headings = [t for t in tokens if t.type in {"heading_open", "heading_close"}]
    highest = min((int(token.tag[1]) for token in headings), default=1)
    for token in headings:
        token.tag = f"h{min(6, int(token.tag[1]) - highest + 2)}"
    if places:
        taken = set[str]()
        for token, inside in pairwise(tokens):
            name = heading_place(inside.content) if token.type == "heading_open" else ""
            if name and name not in taken:
                taken.add(name)
                token.attrs["id"] = name
    html = parser.renderer.render(tokens, parser.options, {})
    return Markup(cleaner.clean(html))  # noqa: S704 - cleaned in this line


_rendered_once = lru_cache(maxsize=MOST_KEPT)(_rendered_anew)


def plain(text: str) -> str:
    """The words of a Markdown text without its marks, for searching and counting."""
    return (_plain if len(text) < LONG else _plain_once)(text[:LONGEST])


def _plain(text: str) -> str:
    lines: list[str] = []
    for block in _parser.parse(text):
        if block.children is None:
            lines += [block.content] if block.type in {"fence", "code_block"} else []
            continue
        line = ""
        for at, token in enumerate(block.children):
            if token.type in {"text", "code_inline"}:
                line += token.content
            elif token.type in {"softbreak", "hardbreak"}:
                joined = token.type == "softbreak" and _is_joined(block.children, at)
                line += "" if joined else "\n"
        lines += line.split("\n")
    return "\n".join(line.strip() for line in lines if line.strip())


_plain_once = lru_cache(maxsize=MOST_KEPT)(_plain)
