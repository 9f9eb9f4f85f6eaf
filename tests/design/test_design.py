"""The design language keeps its promises: contrast, brands of any colour, working components."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from app import create_app
from app.core import colours
from config import ROOT
from tests.conftest import make_config
from tests.factories import People
from tests.live import DESKTOP, PHONE, Site, Window

STATIC = ROOT / "app" / "static"
TOKENS = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
THEMES = ("light", "dark")
Colour = tuple[float, float, float]

# Ground → what may stand on it as text (4.5 : 1).
TEXT = {
    "canvas": ("ink", "ink-2", "brand-text", "good", "warn", "bad", "info"),
    "surface": ("ink", "ink-2", "brand-text", "good", "warn", "bad", "info"),
    "surface-2": ("ink", "ink-2", "brand-text"),
    "brand": ("brand-ink",),
    "brand-strong": ("brand-ink",),
    "brand-soft": ("brand-text", "ink", "ink-2"),
    "good-soft": ("good", "ink", "brand-text"),
    "warn-soft": ("warn", "ink", "brand-text"),
    "bad-soft": ("bad", "ink", "brand-text"),
    "info-soft": ("info", "ink", "brand-text"),
    "good": ("surface",),
    "bad": ("surface",),
    "warn": ("surface",),
    "info": ("surface",),
}
# Ground → edges and marks that must be seen (3 : 1).
MARKS = {
    "canvas": ("line-strong", "focus", "brand-text"),
    "surface": ("line-strong", "focus", "brand-text"),
    "surface-2": ("line-strong", "brand-text", "good", "warn", "bad"),
    "line": ("brand-text", "good"),  # the ring's value on its track
}


def blocks(selector: str, *, mixed: bool) -> dict[str, str]:
    """Custom properties of every rule with this selector, outside or inside of @supports."""
    css = re.sub(r"/\*.*?\*/", "", TOKENS, flags=re.DOTALL)
    inside = "".join(
        body for body in re.findall(r"@supports \(color: color-mix[^{]*\{(.*?\n)\}", css, re.DOTALL)
    )
    text = inside if mixed else re.sub(r"@\w[^{]*\{.*?\n\}", "", css, flags=re.DOTALL)
    found: dict[str, str] = {}
    for body in re.findall(rf"(?:^|\n)\s*{re.escape(selector)} \{{(.*?)\}}", text, re.DOTALL):
        found |= dict(re.findall(r"--([\w-]+):\s*(.*?);", body, re.DOTALL))
    return found


def tokens(theme: str, *, mixed: bool = True, seed: str | None = None) -> dict[str, str]:
    """All tokens of a theme, as a browser with or without color-mix sees them."""
    selectors = (":root",) if theme == "light" else (":root", '[data-bs-theme="dark"]')
    found: dict[str, str] = {}
    for selector in selectors:
        found |= blocks(selector, mixed=False)
        if mixed:
            found |= blocks(selector, mixed=True)
    if seed:
        found["brand-seed"] = seed
    return found


def colour(value: str, names: dict[str, str]) -> Colour:
    """The red, green and blue (0…255) of a token's value."""
    value = value.strip()
    if value in {"white", "black"}:
        return (255.0,) * 3 if value == "white" else (0.0,) * 3
    if reference := re.fullmatch(r"var\(--([\w-]+)\)", value):
        return colour(names[reference.group(1)], names)
    if mix := re.fullmatch(r"color-mix\(in srgb, (\S+) (\d+)%, (\S+)\)", value):
        first, share, second = mix.groups()
        part = int(share) / 100
        a, b = colour(first, names), colour(second, names)
        return tuple(x * part + y * (1 - part) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]
    digits = re.fullmatch(r"#([0-9a-f]{6}|[0-9a-f]{3})", value)
    assert digits, value
    text = digits.group(1)
    if len(text) == 3:
        text = "".join(2 * c for c in text)
    return tuple(float(int(text[i : i + 2], 16)) for i in (0, 2, 4))  # type: ignore[return-value]


def luminance(rgb: Colour) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [c / 255 for c in rgb]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def too_faint(names: dict[str, str], pairs: dict[str, tuple[str, ...]], least: float) -> list[str]:
    return [
        f"--{mark} on --{ground}: {ratio:.2f}"
        for ground, marks in pairs.items()
        for mark in marks
        if (
            ratio := contrast(
                colour(names[mark], names),
                colour(names[ground], names),
            )
        )
        < least
    ]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("mixed", [True, False], ids=["mixed", "plain"])
def test_every_pair_of_tokens_can_be_read(theme: str, mixed: bool) -> None:
    names = tokens(theme, mixed=mixed)
    assert too_faint(names, TEXT, 4.5) == []
    assert too_faint(names, MARKS, 3.0) == []


# Brands as they might be set: state red, bank blue and green, tea brown, a violet, near-black.
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("seed", ["#b80f1a", "#0b5cab", "#00704a", "#7a4a12", "#5b2a86", "#222222"])
def test_a_brand_of_another_colour_can_be_read_too(theme: str, seed: str) -> None:
    names = tokens(theme, seed=seed)
    brand = {
        ground: tuple(m for m in marks if "brand" in ground + m) for ground, marks in TEXT.items()
    }
    assert too_faint(names, brand, 4.5) == []


SHADES = ("00", "55", "aa", "ff")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("red", SHADES)
def test_any_colour_becomes_a_brand_that_can_be_read(theme: str, red: str) -> None:
    for green in SHADES:
        for blue in SHADES:
            given = f"#{red}{green}{blue}"
            seed = colours.readable(colours.parsed(given)).seed
            names = tokens(theme, seed=seed)
            brand = {
                ground: tuple(m for m in marks if "brand" in ground + m)
                for ground, marks in TEXT.items()
            }
            assert too_faint(names, brand, 4.5) == [], (given, seed)
            assert too_faint(names, {"line": ("brand-text",)}, 3.0) == [], (given, seed)


def test_a_colour_that_can_be_read_is_left_alone() -> None:
    for seed in colours.PRESETS:
        assert colours.readable(colours.parsed(seed)).seed == seed


@pytest.mark.parametrize("theme", THEMES)
def test_the_brands_style_sheet_says_what_the_tokens_mix(theme: str) -> None:
    names = tokens(theme, seed="#0b5cab")
    rule = colours.style_sheet("#0b5cab").splitlines()[THEMES.index(theme)]
    for name, value in re.findall(r"--(brand-[\w]+):(#\w+)", rule):
        pair = zip(colour(value, names), colour(names[name], names), strict=True)
        assert all(abs(a - b) <= 1 for a, b in pair), name


@pytest.mark.parametrize("theme", THEMES)
def test_plain_values_are_what_the_mixes_give(theme: str) -> None:
    """Browsers without color-mix see the same brand, to within a shade that nobody sees."""
    plain, mixed = tokens(theme, mixed=False), tokens(theme)
    for name in ("brand-strong", "brand-text", "brand-soft", "brand-line"):
        pair = zip(colour(plain[name], plain), colour(mixed[name], mixed), strict=True)
        assert all(abs(a - b) <= 3 for a, b in pair), (name, colour(mixed[name], mixed))


def test_style_sheets_use_only_tokens_that_exist() -> None:
    known = set(re.findall(r"(--[\w-]+):", TOKENS))
    unknown = {}
    for path in sorted((STATIC / "css").glob("*.css")):
        text = path.read_text(encoding="utf-8")
        own = set(re.findall(r"(--[\w-]+):", text))
        used = set(re.findall(r"var\((--[\w-]+)\)", text))
        bootstrap = {name for name in used if name.startswith("--bs-")}
        if lost := used - known - own - bootstrap:
            unknown[path.name] = sorted(lost)
    assert unknown == {}


def test_no_style_sheet_brings_a_colour_of_its_own() -> None:
    """Colours live in tokens.css, so that both themes and every brand follow.

    Only black and white are free: the stage of a video is black in every theme.
    """
    colours = re.compile(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*[;}])|\b(?:rgb|hsl)a?\([^)]*\)")
    free = re.compile(r"#(?:0{3,6}|[fF]{3,6})|rgb\((?:0 0 0|255 255 255)\b.*\)")
    found = {}
    for path in sorted((STATIC / "css").glob("*.css")):
        if path.name == "tokens.css":
            continue
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"/\*.*?\*/|@media print \{.*", "", text, flags=re.DOTALL)
        if own := [c for c in colours.findall(text) if not free.fullmatch(c)]:
            found[path.name] = own
    assert found == {}


def test_the_design_page_is_there_only_for_builders(tmp_path: Path, people: People) -> None:
    administrator = people.member(role="administrator")
    assert people.client(administrator).get("/design").status_code == 404
    assert people.client().get("/design").status_code == 404
    builders = create_app(make_config(tmp_path / "builders", debug=True))
    page = builders.test_client().get("/design")
    assert page.status_code == 200
    assert "设计语言" in page.get_data(as_text=True)


def test_every_macro_of_the_components_is_shown_on_the_design_page() -> None:
    templates = ROOT / "app" / "templates"
    written = {
        name
        for path in (templates / "components").glob("*.html")
        for name in re.findall(r"{%-? macro ([a-z]\w*)\(", path.read_text(encoding="utf-8"))
    }
    shown = set(re.findall(r"\bui\.(\w+)\(", (templates / "design.html").read_text("utf-8")))
    assert len(written) > 25
    assert written - shown == set()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("size", "look", "locale"),
    [
        (PHONE, "light", "zh-CN"),
        (PHONE, "dark", "en-US"),
        (DESKTOP, "light", "en-US"),
        (DESKTOP, "dark", "zh-CN"),
    ],
    ids=["phone-light", "phone-dark", "desktop-light", "desktop-dark"],
)
def test_every_component_is_accessible(design, size: dict, look: str, locale: str) -> None:
    window = design(f"?look={look}", viewport=size, locale=locale)
    assert window.axe() == []
    assert not window.scrolls_sideways()
    assert window.problems == []


@pytest.mark.browser
def test_large_type_and_narrow_screens_never_scroll_sideways(design) -> None:
    window = design("?type=large", viewport={"width": 320, "height": 640})
    assert window.page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"
    assert not window.scrolls_sideways()
    assert window.axe() == []


@pytest.mark.browser
def test_what_a_finger_must_hit_is_44_pixels_high(design) -> None:
    small = design(viewport=PHONE).page.evaluate(
        """() => [...document.querySelectorAll(
             "main .btn, .icon-button, .bottombar a, .choice, .form-control, .form-select, " +
             ".tabs a, .segments > *, .row-link")]
           .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 43.5)
           .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert small == []


@pytest.mark.browser
def test_the_theme_follows_the_system_when_no_one_was_chosen(design) -> None:
    page = design(color_scheme="dark").page
    theme = "document.documentElement.dataset.bsTheme"
    assert page.evaluate(theme) == "dark"
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"() => {theme} === 'light'")


@pytest.mark.browser
def test_the_slash_key_goes_to_the_search_box_but_can_be_typed_in_fields(design) -> None:
    page = design(viewport=DESKTOP).page
    focused = "document.activeElement.id"
    page.keyboard.press("/")
    assert page.evaluate(focused) == "global-search"
    page.locator("#title").focus()
    page.keyboard.type("1/2")
    assert page.locator("#title").input_value() == "1/2"


@pytest.mark.browser
def test_an_error_goes_when_its_field_is_changed_and_comes_back_with_what_was_refused(
    design,
) -> None:
    window = design()
    page = window.page
    page.wait_for_function("() => document.querySelector('body > [role=status].visually-hidden')")
    title, said = page.locator("#wrong-title"), page.locator("body > [role=status]").last
    error, line = page.locator("#wrong-title-error"), page.locator("[data-error-of=wrong-title]")
    refused = error.inner_text()
    assert refused.strip()
    assert title.get_attribute("aria-invalid") == "true"
    title.fill("消防安全")
    said.filter(has_text="Changed").wait_for(state="attached")
    assert title.get_attribute("aria-invalid") is None
    assert "is-invalid" not in (title.get_attribute("class") or "")
    assert error.text_content() == ""  # nor is it read as the description of the field
    assert "seen-to" in (line.get_attribute("class") or "")
    assert page.locator("#wrong-password-error .field-error").is_visible()
    assert window.axe() == []
    title.fill("")
    said.filter(has_text=refused).wait_for(state="attached")
    assert title.get_attribute("aria-invalid") == "true"
    assert error.inner_text() == refused
    assert "seen-to" not in (line.get_attribute("class") or "")
    assert page.locator("[data-error-of=wrong-sound]:not(.seen-to)").count() == 1
    page.locator("input[name=wrong-sound]").first.check()
    page.locator("[data-error-of=wrong-sound].seen-to").wait_for()
    assert not page.locator("#wrong-sound-error .field-error").is_visible()


@pytest.mark.browser
def test_a_dialog_holds_the_focus_and_gives_it_back(design) -> None:
    page = design().page
    opener = page.locator("[data-dialog=sample-dialog]")
    opener.click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "!!document.activeElement.closest('dialog') || document.activeElement === document.body"
        )
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert opener.evaluate("e => e === document.activeElement")


@pytest.mark.browser
def test_a_question_is_asked_before_posting_and_no_means_no(design) -> None:
    page = design().page
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    withdraw = page.get_by_role("button", name="Withdraw")
    withdraw.click()
    question = page.get_by_role("alertdialog")
    assert "Members will not see this course" in question.inner_text()
    question.get_by_role("button", name="Cancel").click()
    question.wait_for(state="detached")
    assert "POST" not in sent
    withdraw.click()
    with page.expect_request(lambda request: request.method == "POST"):
        question.get_by_role("button", name="Withdraw").click()


@pytest.mark.browser
def test_notices_can_be_closed_and_bad_ones_stay(design) -> None:
    window = design()
    page = window.page
    page.clock.install()
    page.locator("[data-say=good]").click()
    page.locator("[data-say=bad]").click()
    page.locator("[data-say=bad]").click()
    shown = page.locator("#notices .notice")
    assert shown.count() == 2
    page.clock.run_for(60_000)
    assert shown.count() == 1
    assert shown.get_attribute("role") == "alert"
    page.get_by_role("button", name="Close").click()
    assert shown.count() == 0


@pytest.mark.browser
def test_a_request_that_gets_no_answer_says_so(design) -> None:
    page = design().page
    page.evaluate("htmx.ajax('GET', '/nowhere-at-all', '#design')")
    page.locator("#notices .notice-bad", has_text="There is nothing here").wait_for()
    page.route("**/lost", lambda route: route.abort())
    page.evaluate("htmx.ajax('GET', '/lost', '#design').catch(() => 0)")
    page.locator("#notices .notice-bad", has_text="No connection").wait_for()
    assert page.locator("#design h2").count() > 5


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 1024, 1280])
def test_the_header_of_somebody_with_every_desk_has_room(
    chrome: Browser, builders: Site, width: int
) -> None:
    """Nothing in the header lies upon anything else, at the widths where it is tightest."""
    window = Window(chrome, builders, viewport={"width": width, "height": 700})
    window.sign_in(builders.people.member("赵管理", role="administrator"))
    window.page.goto("/")
    overlaps = window.page.evaluate(
        """() => {
          const boxes = [...document.querySelectorAll(
            ".brand, .topnav a, .topsearch, .topbar .icon-button")]
            .filter(e => e.checkVisibility())
            .map(e => [e.textContent.trim() || e.ariaLabel, e.getBoundingClientRect()]);
          return boxes.flatMap(([a, x], i) => boxes.slice(i + 1)
            .filter(([, y]) => x.left < y.right - 1 && y.left < x.right - 1)
            .map(([b]) => `${a} and ${b}`));
        }"""
    )
    assert overlaps == []
    assert not window.scrolls_sideways()
    window.close()
