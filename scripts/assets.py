"""Copy what browsers need from node_modules to app/static/vendor, and build the icon sprite.

Run by `make assets`. Nothing of it is committed: package-lock.json pins it.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "app" / "static" / "vendor"
FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.css",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "plyr/dist/plyr.min.mjs": "plyr.js",
    "plyr/dist/plyr.css": "plyr.css",
    "plyr/dist/plyr.svg": "plyr.svg",
    "hls.js/dist/hls.light.min.mjs": "hls.js",
    "sortablejs/modular/sortable.esm.js": "sortable.js",
    "tus-js-client/dist/tus.min.js": "tus.js",
    "axe-core/axe.min.js": "axe.js",
    "katex/dist/katex.mjs": "katex/katex.js",
    "katex/dist/katex.min.css": "katex/katex.css",
    # The legacy build runs in the browsers inside chat programs, too.
    "pdfjs-dist/legacy/build/pdf.min.mjs": "pdf.js",
    "pdfjs-dist/legacy/build/pdf.worker.min.mjs": "pdf.worker.js",
    "pdfjs-dist/legacy/web/pdf_viewer.mjs": "pdf_viewer.js",
}
# What PDF.js asks for by itself: tables of Chinese fonts, plain fonts, decoders of pictures.
FOLDERS = {
    "pdfjs-dist/cmaps": "pdfjs/cmaps",
    "pdfjs-dist/standard_fonts": "pdfjs/standard_fonts",
    "pdfjs-dist/wasm": "pdfjs/wasm",
    "katex/dist/fonts": "katex/fonts",
}
# icon('x') and empty_state('x', …) in templates; icon="x" in Python; "#icon:x" anywhere else.
# These must exist. Besides, a quoted word inside Jinja's braces, or in a module that speaks of
# icons, is taken along when it happens to be the name of one: chip(_('Done'), 'good', 'check').
ICON_USE = re.compile(
    r"""\b(?:icon|empty_state)\(\s*['"]([a-z0-9-]+)['"]"""
    r"""|\bicon(?:_name)?\s*=\s*['"]([a-z0-9-]+)['"]"""
    r"""|\#icon:([a-z0-9-]+)"""
)
SOURCE_MAP = re.compile(rb"(?m)^(//# sourceMappingURL=.*|/\*# sourceMappingURL=.*\*/)$")
# Where our words come from: a class of Bootstrap that stands nowhere in them is not sent.
OURS = ("**/*.html", "**/*.py", "static/js/**/*.js", "static/css/*.css")
WORD = re.compile(r"[A-Za-z0-9_-]+")
# btn-{{ tone }}, 'btn-' ~ tone, `btn-${tone}`, "btn-%s", f"btn-{tone}": any end is possible.
OPEN_END = re.compile(r"""\b([a-z][a-z0-9-]*-)(?:\{|\$\{|%s|['"]\s*[~+])""")
CLASS = re.compile(r"\.((?:[A-Za-z0-9_-]|\\.)+)")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
QUOTED = re.compile(r"""(['"])([a-z0-9]+(?:-[a-z0-9]+)*)\1""")


def icons_in_use() -> set[str]:
    """Names of icons that templates, modules and scripts mention."""
    known = {path.stem for path in (MODULES / "bootstrap-icons" / "icons").glob("*.svg")}
    named: set[str] = set()
    perhaps: set[str] = set()
    for pattern in ("**/*.html", "**/*.py", "static/js/**/*.js"):
        for path in (ROOT / "app").glob(pattern):
            text = path.read_text(encoding="utf-8")
            named |= {next(g for g in found.groups() if g) for found in ICON_USE.finditer(text)}
            if path.suffix == ".html":
                text = " ".join(JINJA.findall(text))
            elif path.suffix != ".py" or "icon" not in text:
                continue
            perhaps |= {found.group(2) for found in QUOTED.finditer(text)}
    return named | (perhaps & known)


def sprite(names: set[str]) -> str:
    """One SVG file with a symbol per icon, for <use href="…#name">."""
    symbols = []
    for name in sorted(names):
        source = MODULES / "bootstrap-icons" / "icons" / f"{name}.svg"
        if not source.exists():
            sys.exit(f"There is no icon “{name}” in bootstrap-icons; a template or room names it.")
        text = source.read_text(encoding="utf-8")
        inner = re.sub(r"^<svg[^>]*>|</svg>\s*$", "", text.strip(), flags=re.DOTALL).strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 16 16">{inner}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def styles_in_use(css: str) -> str:
    """Bootstrap's styles without the rules for classes that no page of ours can have: a quarter."""
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for pattern in OURS
        for path in sorted((ROOT / "app").glob(pattern))
    )
    words, begun = set(WORD.findall(text)), tuple(set(OPEN_END.findall(text)))

    def is_ours(selector: str) -> bool:
        plain = re.sub(r":not\([^)]*\)", "", selector)
        names = [name.replace("\\", "") for name in CLASS.findall(plain)]
        return all(name in words or name.startswith(begun) for name in names)

    def kept(css: str) -> str:
        out = []
        for head, body in _rules(css):
            if head.startswith(("@media", "@supports")):
                inner = kept(body)
                out += [f"{head}{{{inner}}}"] if inner else []
            elif head.startswith("@"):
                out.append(f"{head}{{{body}}}")
            elif ours := [one for one in _selectors(head) if is_ours(one)]:
                out.append(f"{','.join(ours)}{{{body}}}")
        return "".join(out)

    charset, _, rest = css.partition(";")
    licence = COMMENT.search(css)
    if not charset.startswith("@charset") or licence is None or "@import" in css:
        sys.exit("Bootstrap's styles begin in another way; styles_in_use does not know it.")
    return f"{charset};{licence[0]}{kept(COMMENT.sub('', rest))}"


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """(what it is for, what it says) of each rule; a rule may hold others."""
    at = 0
    while (opening := css.find("{", at)) >= 0:
        head, depth, end = css[at:opening].strip(), 1, opening + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            end += 1
        yield head, css[opening + 1 : end - 1]
        at = end


def _selectors(head: str) -> list[str]:
    """The parts between commas that do not stand in brackets."""
    return re.split(r",(?![^(]*\))", head)


FONT = "@fontsource/noto-sans-sc"
FONT_FILE = "noto-sans-sc.ttf"
# Layout of lines from top to bottom, and what only variable fonts and hinters need.
NOT_PRINTED = ("GSUB", "GPOS", "GDEF", "BASE", "STAT", "VORG", "vhea", "vmtx", "meta", "DSIG")


def font() -> None:
    """One TTF for printing out of the hundred pieces that the package has for browsers.

    Takes some ten seconds, so it is done only when the package or this file has changed.
    """
    from fontTools import subset
    from fontTools.merge import Merger, Options
    from fontTools.ttLib import TTFont

    mark = VENDOR / f"{FONT_FILE}.made-of"
    made_of = (MODULES / FONT / "package.json").read_bytes() + Path(__file__).read_bytes()
    digest = hashlib.sha256(made_of).hexdigest().encode()
    if (VENDOR / FONT_FILE).exists() and mark.exists() and mark.read_bytes() == digest:
        return
    folder = MODULES / FONT / "files"
    names = [folder / "noto-sans-sc-chinese-simplified-400-normal.woff2"]
    names += sorted(folder.glob("noto-sans-sc-[0-9]*-400-normal.woff2"))
    known: set[int] = set()
    with tempfile.TemporaryDirectory() as scratch:
        pieces = []
        for number, path in enumerate(names):
            piece = TTFont(path)
            fresh = set(piece.getBestCmap()) - known
            if not fresh:
                continue
            known |= fresh
            options = subset.Options(layout_features=[], notdef_outline=True)
            subsetter = subset.Subsetter(options)
            subsetter.populate(unicodes=fresh)
            subsetter.subset(piece)
            for table in NOT_PRINTED:
                if table in piece:
                    del piece[table]
            piece.flavor = None
            pieces.append(f"{scratch}/{number}.ttf")
            piece.save(pieces[-1])
        whole = Merger(options=Options(drop_tables=list(NOT_PRINTED))).merge(pieces)
        target = io.BytesIO()
        whole.save(target)
    put(VENDOR / FONT_FILE, target.getvalue())
    put(mark, digest)


def letters() -> None:
    """Fonts for names whose letters join or stack, as TTF for printing."""
    from fontTools.ttLib import TTFont

    for name, script in (("noto-sans-arabic", "arabic"), ("noto-serif-tibetan", "tibetan")):
        piece = TTFont(MODULES / f"@fontsource/{name}/files/{name}-{script}-400-normal.woff2")
        piece.flavor = None
        target = io.BytesIO()
        piece.save(target)
        put(VENDOR / f"{name}.ttf", target.getvalue())


def main() -> None:
    VENDOR.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        path = MODULES / source
        if not path.exists():
            sys.exit(f"{path} is missing; run `make assets`, which runs npm first.")
        content = path.read_bytes()
        # Source maps are left out, so the lines that name them go too.
        if name.endswith((".js", ".css")):
            content = SOURCE_MAP.sub(b"", content)
        if name == "bootstrap.css":
            content = styles_in_use(content.decode()).encode()
        put(VENDOR / name, content)
    for source, name in FOLDERS.items():
        for path in sorted((MODULES / source).iterdir()):
            # Of KaTeX's fonts only the form that every browser takes.
            if name == "katex/fonts" and path.suffix != ".woff2":
                continue
            if path.suffix not in {".map", ".md"} and not path.name.startswith("LICENSE"):
                put(VENDOR / name / path.name, path.read_bytes())
    put(VENDOR / "icons.svg", sprite(icons_in_use()).encode())
    for name, side, share in (
        ("icon-180", 180, 1.0),
        ("icon-192", 192, 1.0),
        ("icon-512", 512, 1.0),
    ):
        put(VENDOR / f"{name}.png", app_icon(side, share, rounded=name != "icon-180"))
    font()
    letters()
    put(VENDOR / "maskable-512.png", app_icon(512, 0.72, rounded=False))


def app_icon(side: int, share: float, *, rounded: bool) -> bytes:
    """Our sign (app/static/img/icon.svg) as a PNG; `share` of it is drawn, the rest is ground.

    A mask may cut a fifth off each side, so the sign of a maskable icon is smaller.
    """
    from PIL import Image, ImageDraw

    large = 4 * side  # drawn large and made smaller: smooth edges
    picture = Image.new("RGBA", (large, large))
    draw = ImageDraw.Draw(picture)
    radius = round(large * 14 / 64) if rounded else 0
    draw.rounded_rectangle((0, 0, large - 1, large - 1), radius, fill="#a61b24")

    def at(x: float, y: float) -> tuple[float, float]:
        return ((x - 32) * share + 32) * large / 64, ((y - 32) * share + 32) * large / 64

    draw.polygon([at(24, 18), at(24, 46), at(48, 32)], fill="white")
    draw.rounded_rectangle((*at(10, 48), *at(54, 52)), 2 * share * large / 64, fill="#ffd9a0")
    target = io.BytesIO()
    picture.resize((side, side), Image.Resampling.LANCZOS).save(target, "PNG", optimize=True)
    return target.getvalue()


def put(path: Path, content: bytes) -> None:
    """Write a file in one step, and only when it is another: a running site may be reading it."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.write_bytes(content)
    fresh.replace(path)


if __name__ == "__main__":
    main()
