"""What one does with a player beside playing: qualities, taps, lock screen, transcript."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from app.core.db import unit_of_work
from app.courses.models import Lesson
from app.media import queries as media_queries
from app.media import service as media
from app.members.models import Comfort, Member
from tests.learning.lessons import Made, make_course
from tests.learning.test_player import opened, play, prepared

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("site")]
SECONDS = 24
CUES = [(0, "Hear the <alarm>"), (8_000, "Walk, do not run"), (16_000, "Meet outside")]
CHAPTERS = "0:00 Alarm\n0:08 <b>Way out</b>\n0:16 Outside"


@pytest.fixture(scope="module")
def course(site, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A lesson in two qualities, with captions and chapters."""
    path = tmp_path_factory.mktemp("controls") / "clip.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-f", "lavfi"),
            *("-i", f"testsrc2=s=640x360:r=8:d={SECONDS}"),
            *("-f", "lavfi", "-i", f"sine=d={SECONDS}", "-shortest"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-g", "16", "-c:a", "aac", str(path)),
        ],
        check=True,
    )
    trainer = site.people.member(role="trainer")
    media_id = prepared(site, path, trainer)
    blocks = [
        f"00:{at // 1000:02}.000 --> 00:{at // 1000 + 7:02}.000\n{words}" for at, words in CUES
    ]
    with site.app.app_context(), unit_of_work():
        data = ("WEBVTT\n\n" + "\n\n".join(blocks).replace("<", "&lt;")).encode()
        media.attach_captions(media_id, language="en", label="English", data=data)
        media.set_chapters(media_id, text=CHAPTERS)
    kinds = ["video", "reading", "audio"]
    made = make_course(site.app, trainer, [(kind, SECONDS * 1000) for kind in kinds])
    with site.app.app_context(), unit_of_work() as session:
        for lesson in made.lessons[::2]:
            session.get_one(Lesson, lesson).media_id = media_id
    return made


def choose_quality(page, name: str) -> None:
    menu = page.locator(".plyr__menu__container")
    if not menu.is_visible():
        page.locator(".plyr").hover()  # its controls hide while it plays
        page.locator("[data-plyr=settings]").first.click()
    menu.get_by_role("menuitem", name="Quality").click()
    menu.get_by_role("menuitemradio", name=name).click()
    # The menu goes back to its first pane, which says what was chosen.
    expect(menu.get_by_role("menuitem", name="Quality")).to_contain_text(name)


def asked(win) -> list[str]:
    """The names of the files of recordings that the page asks for from now on."""
    names: list[str] = []
    win.page.on("request", lambda request: names.append(request.url.rpartition("/")[2]))
    return names


def test_the_menu_of_qualities_has_sound_alone_and_saving_and_is_remembered(
    window, site, course: Made
) -> None:
    win, _member = opened(window, site, course)
    page = win.page
    names = asked(win)
    choose_quality(page, "Sound only")
    page.wait_for_function("() => document.querySelector('.plyr.sound-only')")
    play(win, 1)
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.2")
    assert "audio.m3u8" in names
    page.evaluate("() => document.querySelector('video').pause()")
    choose_quality(page, "Save data")
    page.wait_for_function("() => !document.querySelector('.plyr.sound-only')")
    page.reload()
    page.wait_for_selector("#player[data-ready]")
    names = asked(win)
    play(win, 1)
    page.wait_for_function("() => document.querySelector('video').currentTime > 9")
    assert [name for name in names if name.startswith("360p-0")] == []
    assert win.problems == []


SHEET = """() => {
  const menu = document.querySelector(".plyr__menu__container");
  const { left, top, right, bottom } = menu.getBoundingClientRect();
  const hidden = menu.scrollHeight - menu.clientHeight;
  return [left, innerWidth - right, innerHeight - bottom, top > 0, hidden];
}"""


@pytest.mark.parametrize(("width", "height"), [(360, 640), (640, 360)])
def test_on_a_phone_the_menu_is_a_sheet_that_shows_every_choice(
    window, site, course: Made, width: int, height: int
) -> None:
    member = site.people.member(large_type=True, language="zh_Hans")
    view = {"viewport": {"width": width, "height": height}, "has_touch": True}
    win, _ = opened(window, site, course, member=member, locale="zh-CN", **view)
    page = win.page
    button = page.locator(".plyr__menu > button")
    menu = page.get_by_role("dialog", name="设置")
    page.wait_for_selector(".menu-head", state="attached")
    button.tap()
    menu.get_by_role("menuitem", name="清晰度").tap()
    expect(menu.get_by_role("menuitemradio", name="仅听声音")).to_be_visible()
    page.wait_for_function(f"() => ({SHEET})()[2] === 0")
    assert page.evaluate(SHEET) == [0, 0, 0, True, 0]  # the last: nothing to scroll
    # Half of the seek bar may stand behind the sheet, where nobody is to press it.
    assert [line for line in win.axe() if 'data-plyr="seek"' not in line] == []
    page.keyboard.press("Shift+Tab")  # from the first of what can be chosen to what is before it
    for _ in range(2):
        page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('.menu-sheet') !== null")  # it goes round
    menu.get_by_role("button", name="关闭").tap()
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()
    button.tap()
    expect(menu).to_be_visible()
    page.touchscreen.tap(5, 5)  # beside it: it closes, and nothing else is pressed
    expect(menu).to_be_hidden()
    assert page.evaluate("document.querySelector('video').paused")
    assert win.problems == []


def test_a_device_that_saves_data_gets_the_small_picture(window, site, course: Made) -> None:
    win = window()
    win.page.add_init_script(
        "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
    )
    win.sign_in(site.people.member())
    names = asked(win)
    win.page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
    win.page.wait_for_selector("#player[data-ready]")
    play(win, 1)
    win.page.wait_for_function("() => document.querySelector('video').currentTime > 5")
    assert "240p-00000.m4s" in names
    assert [name for name in names if name.startswith("360p-0")] == []


def test_the_first_piece_suits_the_link(window, site, course: Made) -> None:
    win, _member = opened(window, site, course)
    levels = win.page.evaluate("""async () => {
      const { firstLevel } = await import("weike/media/quality");
      const rates = [200_000, 500_000, 1_200_000, 2_500_000];
      return [0, 1_600_000, 3_000_000, 10_000_000, 100_000_000].map(s => firstLevel(rates, s));
    }""")
    assert levels == [0, 0, 1, 2, 3]


@pytest.mark.parametrize(("speed", "small"), [(900_000, True), (90_000_000, False)])
def test_the_first_piece_is_on_its_way_before_the_player_is(
    window, site, course: Made, speed: int, small: bool
) -> None:
    """Asked for once, and no other until somebody plays: phones pay for data.

    What comes from the cache is not taken for the speed of the link.
    """
    win = window()
    page = win.page
    page.add_init_script(f"sessionStorage.setItem('weike-link-speed', '{speed}')")
    win.sign_in(site.people.member())
    names = asked(win)
    page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
    page.wait_for_selector("#player[data-ready]")
    page.wait_for_function("() => document.querySelector('video').readyState > 2")
    first = "240p-00000.m4s" if small else "360p-00000.m4s"
    page.wait_for_timeout(700)  # for what must not be asked for
    assert {name for name in names if name.endswith(".m4s")} == {first}
    assert page.evaluate("document.querySelector('video').buffered.end(0)") < 5
    received = """name => performance.getEntriesByType("resource")
      .filter((one) => one.name.endsWith(name)).map((one) => one.transferSize)"""
    sizes = page.evaluate(received, first)
    assert len([size for size in sizes if size > 300]) == 1  # any other came from the cache
    assert win.problems == []


def test_picture_in_picture_and_airplay_are_there_where_the_browser_has_them(
    window, site, course: Made
) -> None:
    """Safari's AirPlay is stood in for by its two names; in Chromium there is no such button."""
    win, _member = opened(window, site, course)
    can = win.page.evaluate("() => document.pictureInPictureEnabled")
    expect(win.page.locator("button[data-plyr=pip]")).to_have_count(int(can))
    expect(win.page.locator("button[data-plyr=airplay]")).to_have_count(0)
    # Chromium can show a video elsewhere, and says whether there is a screen: here there is none.
    expect(win.page.locator("button[data-cast]:visible")).to_have_count(0)
    other = window()
    other.page.add_init_script("""
      window.WebKitPlaybackTargetAvailabilityEvent = class extends Event {};
      HTMLVideoElement.prototype.webkitShowPlaybackTargetPicker = () => { window.asked = true; };
      Object.defineProperty(document, "pictureInPictureEnabled", { value: true });
      HTMLVideoElement.prototype.requestPictureInPicture = async () => { window.floating = true; };
    """)
    other.sign_in(site.people.member())
    page = other.page
    page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
    page.wait_for_selector("#player[data-ready]")
    page.locator("button[data-plyr=airplay]").dispatch_event("click")
    page.wait_for_function("() => window.asked")
    page.locator("button[data-plyr=pip]").dispatch_event("click")
    page.wait_for_function("() => window.floating")


def test_a_video_is_shown_on_another_screen_while_the_browser_knows_of_one(
    window, site, course: Made
) -> None:
    """Stood in for by what the Remote Playback API has: https://www.w3.org/TR/remote-playback/"""
    win = window()
    page = win.page
    page.add_init_script("""
      window.screens = Object.assign(new EventTarget(), {
        state: "disconnected",
        async watchAvailability(tell) { this.tell = tell; tell(false); return 1; },
        async prompt() {
          this.state = "connected";
          this.dispatchEvent(new Event("connect"));
        },
      });
      Object.defineProperty(HTMLMediaElement.prototype, "remote", { get: () => window.screens });
    """)
    win.sign_in(site.people.member())
    page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
    page.wait_for_selector("#player[data-ready]")
    button = page.locator("button[data-cast]")
    expect(button).to_have_count(1)
    expect(button).to_be_hidden()
    page.evaluate("screens.tell(true)")
    expect(button).to_have_attribute("aria-label", "Show on another screen")
    expect(button).to_be_visible()
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.evaluate("screens.tell(false)")  # shown there already: one must be able to end it
    expect(button).to_be_visible()
    assert win.problems == []


TAPS = """([from, third]) => {
  const video = document.querySelector("video");
  video.currentTime = from;
  const box = document.querySelector(".plyr");
  const { left, width } = box.getBoundingClientRect();
  for (const _ of [1, 2]) box.dispatchEvent(new PointerEvent("pointerup", {
    pointerType: "touch", clientX: left + width * third, bubbles: true, cancelable: true }));
  return video.currentTime;
}"""


def test_two_taps_on_a_side_go_forward_and_back(window, site, course: Made) -> None:
    win, _member = opened(window, site, course, has_touch=True)
    page = win.page
    page.wait_for_function("() => document.querySelector('video').readyState > 0")
    assert page.evaluate(TAPS, [3, 0.9]) == 13
    expect(page.locator(".seek-shown")).to_have_text(re.compile(r"^\+10"))  # what it did is said
    # The player's own meaning of two taps, full screen, is not theirs.
    page.evaluate("""() => {
      document.querySelector(".plyr").addEventListener("dblclick", () => { window.full = true; });
      document.querySelector("video").dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
    }""")
    assert page.evaluate("() => window.full") is None
    assert page.evaluate(TAPS, [13, 0.5]) == 13
    assert page.evaluate(TAPS, [13, 0.1]) == 3
    assert page.evaluate(TAPS, [3, 0.1]) == 0


def test_the_lock_screen_names_the_lesson_and_its_buttons_work(window, site, course: Made) -> None:
    win = window()
    page = win.page
    page.add_init_script("""window.buttons = {};
      navigator.mediaSession.setActionHandler = (name, action) => { buttons[name] = action; };""")
    win.sign_in(site.people.member())
    page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
    page.wait_for_selector("#player[data-ready]")
    page.wait_for_function("() => document.querySelector('video').readyState > 0")
    shown = page.evaluate("() => [navigator.mediaSession.metadata.title, Object.keys(buttons)]")
    assert shown[0] == page.locator("h1").inner_text()
    assert {"play", "pause", "seekbackward", "seekforward", "seekto"} <= set(shown[1])
    moved = page.evaluate("""() => {
      const video = document.querySelector("video");
      const places = [];
      for (const press of [
        () => buttons.seekforward({}),
        () => buttons.seekforward({seekOffset: 5}),
        () => buttons.seekbackward({}),
        () => buttons.seekto({seekTime: 9}),
      ]) {
        press();
        places.push(video.currentTime);
      }
      return places;
    }""")
    assert moved == [10, 15, 5, 9]
    page.evaluate("() => { document.querySelector('video').muted = true; buttons.play(); }")
    page.wait_for_function("() => !document.querySelector('video').paused")
    page.evaluate("() => buttons.pause()")
    page.wait_for_function("() => document.querySelector('video').paused")
    assert page.evaluate("() => buttons.previoustrack") is None  # it is the first one
    page.evaluate("() => buttons.nexttrack()")  # the next that can be heard, past a text
    page.wait_for_url(f"**/lessons/{course.lessons[2]}")
    page.wait_for_function("() => document.querySelector('audio')?.paused === false")
    shown = page.evaluate("() => navigator.mediaSession.metadata.title")
    assert shown == page.locator("h1").inner_text() == "Lesson 3"
    assert page.evaluate("() => [buttons.nexttrack, typeof buttons.previoustrack]") == [
        None,
        "function",
    ]
    page.reload()
    page.wait_for_selector("#player[data-ready]")
    assert page.evaluate("() => document.querySelector('audio').paused")  # once, not every time


def test_the_transcript_is_searched_goes_where_one_presses_and_follows(
    window, site, course: Made
) -> None:
    win, _member = opened(window, site, course)
    page = win.page
    lines = page.locator("[data-transcript-lines] li")
    expect(lines).to_have_count(3)
    expect(lines.first).to_contain_text("Hear the <alarm>")
    page.get_by_label("Search in the transcript").fill("RUN")
    expect(lines.nth(0)).to_be_hidden()
    expect(lines.nth(1)).to_be_visible()
    page.evaluate("() => { document.querySelector('video').muted = true; }")
    lines.nth(1).get_by_role("button").click()
    page.wait_for_function("() => document.querySelector('video').currentTime >= 8")
    page.get_by_label("Search in the transcript").fill("nobody said it")
    expect(page.get_by_text("Nobody says these words here.")).to_be_visible()
    page.get_by_label("Search in the transcript").fill("")
    expect(lines.nth(1)).to_have_attribute("aria-current", "true")
    page.evaluate("() => { document.querySelector('video').currentTime = 17; }")
    expect(lines.nth(2)).to_have_attribute("aria-current", "true")
    assert win.axe() == []


def test_chapters_and_small_pictures_are_on_the_seek_bar(window, site, course: Made) -> None:
    win, _member = opened(window, site, course, viewport={"width": 1200, "height": 900})
    page = win.page
    page.wait_for_function("() => document.querySelector('video').readyState > 0")
    expect(page.locator(".plyr__progress__marker")).to_have_count(2)  # none at the very beginning
    # They show at the first move after their list has come.
    shown = page.locator(".plyr__preview-thumb--is-shown")
    for step in range(100):
        page.locator(".plyr__progress input").hover(position={"x": 100 + step, "y": 5})
        with suppress(AssertionError):
            expect(shown).to_be_visible(timeout=200)
            break
    expect(shown).to_be_visible()
    expect(page.locator(".plyr__preview-thumb img[src*='storyboard-01.webp']")).to_be_visible()
    bar = page.locator(".plyr__progress").bounding_box()
    page.mouse.move(bar["x"] + bar["width"] / 3, bar["y"] + bar["height"] / 2)
    # Words of trainers are words, whatever is in them.
    expect(page.locator(".plyr__progress")).to_contain_text("<b>Way out</b>")
    # A phone has nothing to hover with: there is a list, too.
    page.locator("#chapters summary").click()
    link = page.get_by_role("link", name="<b>Way out</b>")
    assert link.get_attribute("href") == "?t=8"
    page.evaluate("() => { document.querySelector('video').muted = true; }")
    link.click()
    page.wait_for_function("() => document.querySelector('video').currentTime >= 8")
    expect(link).to_have_attribute("aria-current", "true")
    expect(page.locator("[data-chapter-now]")).to_have_text("<b>Way out</b>")
    assert "?t=" not in page.url


LONG = "火警响起时，请马上停下手里的工作，沿最近的安全出口离开大楼，不要乘坐电梯，也不要回头取东西"
CAPTION_ROOM = """() => {
  const box = (name) => document.querySelector(name).getBoundingClientRect();
  const names = [".plyr__captions", ".plyr__video-wrapper", ".plyr__controls"];
  const [caption, picture, bar] = names.map(box);
  return [caption.top - picture.top, bar.top - caption.bottom, bar.top - picture.bottom];
}"""


@pytest.mark.parametrize("width", [390, 320])
def test_in_the_easy_mode_no_caption_is_cut_or_covered_on_a_phone(
    window, site, course: Made, width: int
) -> None:
    member = site.people.member()
    with site.app.app_context(), unit_of_work() as session:
        session.get_one(Member, member).language = "zh_Hans"
        session.add(Comfort(member_id=member, easy_mode=True))
        media_id = session.get_one(Lesson, course.lesson).media_id
        data = f"WEBVTT\n\n00:00.000 --> 00:23.000\n{LONG}\n".encode()
        media.attach_captions(media_id, language="zh-Hans", label="简体中文", data=data)
    try:
        settings = {"viewport": {"width": width, "height": 800}, "locale": "zh-CN"}
        win, _ = opened(window, site, course, member=member, has_touch=True, **settings)
        page = win.page
        play(win)
        expect(page.locator(".plyr__captions")).to_contain_text("乘坐电梯")
        page.evaluate("() => document.querySelector('video').pause()")
        above, below, overlap = page.evaluate(CAPTION_ROOM)
        assert above >= 0  # the first line is inside the picture
        assert below >= 0  # and the last one above the bar
        assert overlap >= -1  # which stands below the picture
        expect(page.locator(".plyr__control--overlaid")).to_be_hidden()  # it stood on the words
        page.locator("[data-plyr=settings]").first.click()
        expect(page.locator(".plyr__menu__container")).to_be_visible()
        assert win.axe() == []
        assert not win.scrolls_sideways()
        assert win.problems == []
    finally:
        with site.app.app_context(), unit_of_work():
            media.drop_captions(media_id, language="zh-Hans")


def test_captions_are_corrected_split_and_joined_beside_the_video(
    window, site, course: Made
) -> None:
    with site.app.app_context(), unit_of_work() as session:
        media_id = session.get_one(Lesson, course.lesson).media_id
    win = window(viewport={"width": 1200, "height": 900})
    win.sign_in(site.people.member(role="administrator"))
    page = win.page
    page.goto(f"/desk/lessons/{course.lesson}/captions/en")
    rows = page.locator("[data-captions-rows] > li")
    expect(rows).to_have_count(3)
    assert win.axe() == []
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    rows.nth(1).get_by_role("button", name="Remove").click()
    rows.nth(1).get_by_label("What is said").fill("A mistake")
    page.get_by_role("button", name="Add a caption").click()
    expect(rows).to_have_count(3)
    for _ in range(3):  # the new one, the words, the one that was removed
        undo.click()
    expect(undo).to_be_disabled()
    expect(rows).to_have_count(3)
    expect(rows.nth(1).get_by_label("What is said")).to_have_value("Walk, do not run")
    rows.nth(0).get_by_label("What is said").fill("Hear the <bell>")
    rows.nth(0).get_by_role("textbox", name="To").fill("0:06.500")
    rows.nth(1).get_by_role("button", name="Split in two").click()
    expect(rows).to_have_count(4)
    rows.nth(2).get_by_role("button", name="Join with the next").click()
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("The captions are saved.").wait_for()
    with site.app.app_context():
        cues = media_queries.cues(media_id, language="en")
    assert (cues[0].start_ms, cues[0].text) == (0, "Hear the <bell>")
    assert cues[0].end_ms == 6_500
    assert len(cues) == 3
    assert cues[1].start_ms == 8_000
    assert cues[1].end_ms == cues[2].start_ms
    assert cues[2].end_ms == 23_000
    assert " ".join(f"{cues[1].text} {cues[2].text}".split()) == "Walk, do not run Meet outside"
