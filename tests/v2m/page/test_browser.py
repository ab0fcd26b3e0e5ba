"""The page as a person uses it: a real browser, from the upload to the download."""

from __future__ import annotations

import io
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.v2m.page.conftest import Served
from v2m.midi_reading import read_score

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this system: the page was not looked at"
)
# Of one piece of work on a small machine that does other things too.
PATIENCE_MS = int(os.environ.get("V2M_PATIENCE_MS", "240000"))
# Where screenshots go, to be looked at; nowhere unless it is said.
SHOTS = os.environ.get("V2M_SHOTS")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--mute-audio"])
        yield made
        made.close()


class Visit:
    """One visitor's browser window, and whatever went wrong in it."""

    def __init__(self, browser: Any, served: Served, **how: Any) -> None:
        how = {"viewport": {"width": 1280, "height": 900}, **how}
        self.context = browser.new_context(accept_downloads=True, **how)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.wrong: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        self.page.on(
            "request", lambda request: self.hosts.add(re.sub(r"^(\w+:/*[^/]*).*", r"\1", request.url))
        )
        self.page.goto(served.address)
        self.page.get_by_text("Drop a clip here").wait_for()
        self.served = served

    def choose(self, path: Path) -> None:
        self.page.get_by_label("Drop a clip here, or choose one").set_input_files(path)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def to_top(self) -> None:
        """Scroll up, and let the browser learn where the frame of the lanes now is: clicks go by that."""
        self.page.evaluate("window.scrollTo(0, 0)")
        self.page.wait_for_timeout(500)

    def tab(self, name: str) -> None:
        self.to_top()
        self.page.get_by_role("tab", name=name).click()

    def shot(self, name: str) -> None:
        if SHOTS:
            self.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)

    def download(self, label: str) -> tuple[str, bytes]:
        """What a link of the visible tab saves: its name and its bytes."""
        self.to_top()
        link = self.page.get_by_role("link", name=re.compile(f"^{label}"))
        with self.page.expect_download() as saved:
            link.click()
        return saved.value.suggested_filename, Path(saved.value.path()).read_bytes()

    def fits(self) -> bool:
        """Whether nothing of the page lies beside the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))

    def end(self) -> None:
        self.context.close()


@pytest.fixture
def visit(browser: Any, served: Served) -> Iterator[Visit]:
    made = Visit(browser, served)
    yield made
    made.end()
    assert made.wrong == []
    assert made.hosts <= {served.address, "data:"}


def video_time(visit: Visit, label: str) -> float:
    return float(visit.page.get_by_label(label).filter(visible=True).evaluate("video => video.currentTime"))


def notes_of(data: bytes, tmp_path: Path) -> dict[str, list[tuple[float, int]]]:
    path = tmp_path / "music.mid"
    path.write_bytes(data)
    return {
        t.name: list(zip(t.start_s.round(3).tolist(), t.pitch.tolist(), strict=True))
        for t in read_score(path).tracks
    }


def test_from_upload_to_edited_version(visit: Visit, short_clip: Path, tmp_path: Path) -> None:
    page = visit.page
    assert page.get_by_role("button", name="Compose", exact=True).is_disabled()
    visit.choose(short_clip)
    original = page.get_by_label("my holiday", exact=True)
    original.wait_for()
    assert page.get_by_text("0:03 · 320×180 · 24 frames/s · silent").is_visible()

    # Composing shows its stages, then the result beside the original.
    visit.press("Compose")
    page.get_by_text("Look at the picture").wait_for()
    page.get_by_label("With its music").wait_for()
    assert page.get_by_label("Original").is_visible()
    page.get_by_label("With its music").evaluate("video => { video.muted = true; return video.play(); }")
    page.wait_for_function("document.querySelector('[aria-label=\"With its music\"]').currentTime > 0.2")
    # To play the other is to stop this one, at the same instant.
    page.get_by_label("Original").evaluate("video => video.play()")
    assert page.get_by_label("With its music").evaluate("video => video.paused")
    assert video_time(visit, "Original") > 0.15

    # The scores stand beside their chance levels, and the lanes share the players' clock.
    fit = page.frame_locator("iframe.v-fit").first
    fit.get_by_text("Along the clip").wait_for()
    assert fit.get_by_text(re.compile("chance 0")).first.is_visible()
    page.get_by_label("Original").evaluate("video => { video.pause(); video.currentTime = 2.0; }")
    fit.locator(".cursor:not([hidden])").wait_for(state="attached")
    fit.locator(".lane.rhythm").click(position={"x": 5, "y": 30})
    page.wait_for_function("document.querySelector('[aria-label=\"Original\"]').currentTime < 0.2")
    visit.shot("composed")

    # Everything can be taken away.
    name, clip = visit.download("Clip")
    assert (name, clip[4:8]) == ("my holiday.scored.mp4", b"ftyp")
    name, sound = visit.download("Sound")
    assert (name, sound[:4]) == ("my holiday.wav", b"RIFF")
    _, stems = visit.download("Stems")
    assert all(n.endswith(".wav") for n in zipfile.ZipFile(io.BytesIO(stems)).namelist())
    _, session = visit.download("Session")
    names = zipfile.ZipFile(io.BytesIO(session)).namelist()
    assert {"clip.mp4", "clip.v2m/session.json", "clip.v2m/plan.json", "clip.v2m/melody.mid"} <= set(names)
    _, midi = visit.download("MIDI")
    before = notes_of(midi, tmp_path)

    # A hit is chosen on the sheet, moved by the arrows, and met where it is now wanted.
    visit.tab("Edit")
    hit = page.locator(".v-hit.met").first
    hit.wait_for()
    at_s = float(hit.get_attribute("data-s"))
    hit.press("Shift+ArrowRight")
    hit.press("Shift+ArrowRight")
    where = page.get_by_label("Where it is met, seconds")
    sync_api.expect(where).to_have_value(f"{at_s + 0.2:.3f}".rstrip("0"))
    visit.press("Move")
    page.get_by_role("button", name=re.compile("B 2 hit moved")).wait_for()
    assert page.locator(f".v-hit.met[data-s='{at_s + 0.2:.3f}']").count() == 1
    _, midi = visit.download("MIDI")
    moved = notes_of(midi, tmp_path)
    assert moved != before

    # A and B share a clock.
    page.locator("video[data-side=B]").evaluate("video => { video.currentTime = 1.5; }")
    page.get_by_role("button", name=re.compile("^A 1 as composed")).click()
    assert page.locator("video[data-side=A]").is_visible()
    assert abs(page.locator("video[data-side=A]").evaluate("video => video.currentTime") - 1.5) < 0.1
    visit.shot("edited")

    # One bar is written anew, with a track locked: that track stays note for note.
    locked = max(moved, key=lambda track: len(moved[track]))
    page.get_by_label(locked, exact=True).check()
    visit.press("Write these bars anew")
    page.get_by_role("button", name=re.compile("B 3 bar")).wait_for()
    _, midi = visit.download("MIDI")
    again = notes_of(midi, tmp_path)
    assert again[locked] == moved[locked]
    assert again != moved
    assert not page.locator(".v-error").filter(visible=True).count()


def test_stopping_keeps_nothing_and_lets_one_begin_again(visit: Visit) -> None:
    visit.page.locator("[data-name=talk]").click()
    visit.page.get_by_label("Talk", exact=True).wait_for()
    visit.press("Compose")
    visit.page.get_by_text("Look at the picture").wait_for()
    visit.press("Stop")
    visit.page.get_by_text("Stopped. Nothing was kept of it.").wait_for()
    assert visit.page.get_by_role("button", name="Compose", exact=True).is_enabled()
    visit.press("Choose another clip")
    visit.page.get_by_text("Drop a clip here").wait_for()


def test_what_cannot_be_taken_is_told_in_a_line(visit: Visit, tmp_path: Path) -> None:
    bad, large, empty = (tmp_path / name for name in ("holiday.mp4", "large.mp4", "empty.mp4"))
    bad.write_bytes(b"<script>alert(1)</script>" * 400)
    large.write_bytes(bytes(3 << 20))
    empty.write_bytes(b"")
    visit.choose(bad)
    line = visit.page.get_by_role("alert")
    line.wait_for()
    assert "\n" not in line.inner_text().strip()
    sync_api.expect(visit.page.locator(".v-says").first).to_be_empty()
    visit.choose(large)
    visit.page.get_by_text("The file has 3 MB; 2 MB is the most here.").wait_for()
    assert visit.page.get_by_role("button", name="Compose", exact=True).is_disabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_in_light_and_dark(
    browser: Any, served: Served, scheme: str, short_clip: Path
) -> None:
    phone = {"width": 390, "height": 844}
    visit = Visit(browser, served, viewport=phone, color_scheme=scheme, has_touch=True, is_mobile=True)
    try:
        shade = visit.page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
        )
        assert (sum(shade) < 150) == (scheme == "dark")
        for name in ("Compose", "Edit", "Measure"):
            visit.tab(name)
            assert visit.fits(), name
            visit.shot(f"phone-{scheme}-{name}")
        visit.tab("Compose")
        visit.choose(short_clip)
        visit.page.get_by_label("my holiday", exact=True).wait_for()
        assert visit.fits()
        # What is touched is as large as a finger.
        for touched in (
            visit.page.locator("label", has_text="Dancer"),
            visit.page.get_by_role("button", name="Compose"),
        ):
            box = touched.last.bounding_box()
            assert box is not None
            assert box["height"] >= 36
        assert visit.wrong == []
    finally:
        visit.end()


def test_every_control_has_a_name_and_is_reached_by_keys(visit: Visit) -> None:
    nameless = visit.page.evaluate(
        """() => [...document.querySelectorAll('input, button, select, textarea, video, iframe')]
        .filter((one) => one.offsetParent !== null)
        .filter((one) => !(one.labels && one.labels.length) && !one.getAttribute('aria-label')
            && !one.textContent.trim() && !one.title)
        .map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    reached = set()
    for _ in range(14):
        visit.page.keyboard.press("Tab")
        reached.add(
            visit.page.evaluate(
                "(document.activeElement.ariaLabel || document.activeElement.textContent).trim().slice(0, 20)"
            )
        )
    assert {"Compose", "Drop a clip here, or"} <= reached
    # A sample that is longer than clips may be here is not offered.
    assert any(name.startswith("Talk") for name in reached)
    assert visit.page.locator("[data-name=film]").count() == 0
