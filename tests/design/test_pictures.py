"""How every component looks, against the pictures beside this file: one for each group and theme.

The pictures are small, and the letters come from a font that the test brings along, so that another
machine draws the same. After a change that is meant, write them anew and look at them:

    WRITE_PICTURES=yes .venv/bin/python -m pytest tests/design/test_pictures.py
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.live import PHONE, Window

PICTURES = Path(__file__).parent / "pictures"
SMALLER = 3  # a picture's pixel stands for 3 × 3 of the page
BLOCK = 8  # pixels of a picture in which letters and edges are averaged away
MOST_BLOCK, MOST_MEAN = 30, 4  # of 255: how far a block, and a whole picture, may be away
MOST_TALLER = 0.04  # of the height: a line more than before is a change
SAME_LETTERS = """async () => {
  const font = new FontFace("Design", "url(/static/vendor/noto-sans-sc.ttf)");
  document.fonts.add(await font.load());
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`*, ::before, ::after { font-family: Design !important;
    animation: none !important; transition: none !important; caret-color: transparent !important; }
    .topbar, .bottombar, .skip-link { display: none !important; }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  await document.fonts.ready;
  await new Promise(then => requestAnimationFrame(() => requestAnimationFrame(then)));
  return true;
}"""
GROUPS = """() => [...document.querySelectorAll("#design > section")].map(section => {
  const {x, y, width, height} = section.getBoundingClientRect();
  return [section.getAttribute("aria-labelledby"), [x, y + scrollY, width, height]];
})"""


def pictures(window: Window) -> dict[str, Image.Image]:
    """Every group of the open page, small, by name."""
    page = window.page
    page.wait_for_function(SAME_LETTERS)
    groups = page.evaluate(GROUPS)
    whole = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    found = {}
    for name, (x, y, width, height) in groups:
        part = whole.crop((round(x), round(y), round(x + width), round(y + height)))
        size = (part.width // SMALLER, part.height // SMALLER)
        found[name] = part.resize(size, Image.Resampling.BOX)
    return found


def difference(before: Image.Image, after: Image.Image) -> str:
    """What is different; "" when a person would call them the same."""
    if before.width != after.width or (
        abs(before.height - after.height) > max(2, MOST_TALLER * before.height)
    ):
        return f"{before.size} became {after.size}"
    size = (before.width, min(before.height, after.height))
    apart = ImageChops.difference(*(each.crop((0, 0, *size)) for each in (before, after)))
    mean = max(ImageStat.Stat(apart).mean)
    blocks = apart.resize((size[0] // BLOCK, size[1] // BLOCK), Image.Resampling.BOX)
    worst = max(high for _, high in blocks.getextrema())
    if mean > MOST_MEAN or worst > MOST_BLOCK:
        return f"on average {mean:.1f} of 255, at the worst place {worst}"
    return ""


@pytest.mark.browser
@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_component_looks_as_before(design: Callable, look: str, tmp_path: Path) -> None:
    found = pictures(design(f"?look={look}", viewport=PHONE, reduced_motion="reduce"))
    if os.environ.get("WRITE_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        for name, picture in found.items():
            picture.quantize(64).save(PICTURES / f"{name}-{look}.png", optimize=True)
    kept = {path.stem.removesuffix(f"-{look}") for path in PICTURES.glob(f"*-{look}.png")}
    assert kept == found.keys()
    changed = {}
    for name, picture in found.items():
        said = difference(Image.open(PICTURES / f"{name}-{look}.png").convert("RGB"), picture)
        if said:
            picture.save(tmp_path / f"{name}-{look}.png")
            changed[name] = f"{said}; see {tmp_path}/{name}-{look}.png"
    assert changed == {}


@pytest.mark.browser
@pytest.mark.parametrize(
    ("style", "group"),
    [
        (":root { --brand-seed: #0b5cab !important; --brand: #0b5cab !important; }", "buttons"),
        (".btn { padding: 1rem 2rem !important; }", "buttons"),
        (".notice { border-radius: 0; background: none !important; }", "notices-part"),
        (".tile-cover { display: none !important; }", "tiles"),
        (".ring { inline-size: 2rem !important; block-size: 2rem !important; }", "figures"),
    ],
)
def test_a_change_of_a_component_is_seen(design: Callable, style: str, group: str) -> None:
    window = design("?look=light", viewport=PHONE, reduced_motion="reduce")
    window.page.evaluate(
        """style => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(style);
          document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
        }""",
        style,
    )
    before = Image.open(PICTURES / f"{group}-light.png").convert("RGB")
    assert difference(before, pictures(window)[group])
