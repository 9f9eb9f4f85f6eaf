"""Copy what browsers need from node_modules to app/static/vendor, and build the icon sprite.

Run by `make assets`. Nothing of it is committed: package-lock.json pins it.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "app" / "static" / "vendor"
FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.css",
    "bootstrap/dist/js/bootstrap.bundle.min.js": "bootstrap.js",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "plyr/dist/plyr.min.mjs": "plyr.js",
    "plyr/dist/plyr.css": "plyr.css",
    "plyr/dist/plyr.svg": "plyr.svg",
    "hls.js/dist/hls.light.min.mjs": "hls.js",
    "sortablejs/modular/sortable.esm.js": "sortable.js",
    "axe-core/axe.min.js": "axe.js",
}
# icon('x') and empty_state('x', …) in templates; icon="x" in Python; "#icon:x" anywhere else.
# These must exist. Besides, a quoted word inside Jinja's braces, or in a module that speaks of
# icons, is taken along when it happens to be the name of one: chip(_('Done'), 'good', 'check').
ICON_USE = re.compile(
    r"""\b(?:icon|empty_state)\(\s*['"]([a-z0-9-]+)['"]"""
    r"""|\bicon(?:_name)?\s*=\s*['"]([a-z0-9-]+)['"]"""
    r"""|\#icon:([a-z0-9-]+)"""
)
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


def main() -> None:
    VENDOR.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        path = MODULES / source
        if not path.exists():
            sys.exit(f"{path} is missing; run `make assets`, which runs npm first.")
        # Source maps are left out, so the lines that name them go too.
        if name.endswith((".js", ".css")):
            text = path.read_text(encoding="utf-8")
            text = re.sub(r"(?m)^(//# sourceMappingURL=.*|/\*# sourceMappingURL=.*\*/)$", "", text)
            (VENDOR / name).write_text(text, encoding="utf-8")
        else:
            shutil.copyfile(path, VENDOR / name)
    (VENDOR / "icons.svg").write_text(sprite(icons_in_use()), encoding="utf-8")


if __name__ == "__main__":
    main()
