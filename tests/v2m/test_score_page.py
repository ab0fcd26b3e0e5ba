"""The page says what was measured, all of it and nothing else, and needs nothing but itself."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from encoders.clip import probe
from tests.conftest import MakeClip
from v2m.alignment import affect, beats, curves, learned, local, motion_beats, music_sound, sound, sync
from v2m.alignment.affect_model import Affect
from v2m.alignment.chance import STRAW_MEN, straw_man
from v2m.alignment.levels import levels_of
from v2m.alignment.measure import Measure, beside_straw_men, undefined
from v2m.alignment.music_statistics import HISTOGRAMS, UNITS
from v2m.alignment.onsets import SAMPLE_RATE, detect_onsets
from v2m.score_page import (
    Curve,
    Film,
    Panel,
    Roll,
    ScorePage,
    Targets,
    film_of,
    meet,
    render,
    svg,
    waveform_of,
)
from v2m.score_page.text import instant, late, number
from v2m.score_page.wording import WORDINGS, wording

DURATION_S = 12.0
CUTS_S = np.array([2.0, 3.5, 6.25, 9.0])
ONSETS_S = np.array([0.5, 2.04, 3.5, 6.0, 6.5, 8.7])
BAD_NAME = "a\"><script>alert(1)</script>&' \udcff\x07.mp4"

VOID = {"meta", "img", "input", "link", "br", "hr"}
CLOSED_ITSELF = {"path", "rect"}


class Page(HTMLParser):
    """Elements as (name, attributes, words inside); complains about what is not nested."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self.feed(page)
        self.close()
        assert not self._open, f"never closed: {self._open[-1][0]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in CLOSED_ITSELF, f"<{tag}> is left open"
        element = (tag, {k: v or "" for k, v in attrs}, [])
        assert len(element[1]) == len(attrs), f"<{tag}> has an attribute twice"
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}, []))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1][0] == tag, f"</{tag}> closes <{self._open[-1][0]}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element[2].append(data)

    def of(self, tag: str, kind: str = "") -> list[tuple[dict[str, str], str]]:
        """(attributes, words) of the elements of a name and class."""
        return [
            (attributes, " ".join("".join(words).split()))
            for name, attributes, words in self.elements
            if name == tag and (not kind or kind in attributes.get("class", "").split())
        ]

    def row(self, anchor: str) -> dict[str, str]:
        """A measure's row: name of the column → what stands there."""
        start = next(
            n for n, (tag, a, _) in enumerate(self.elements) if tag == "tr" and a.get("id") == anchor
        )
        cells = {}
        for tag, attributes, words in self.elements[start + 1 :]:
            if tag == "tr":
                break
            if tag in ("td", "th"):
                name = attributes.get("data-label", "about" if tag == "th" else "drawn")
                cells[name] = " ".join("".join(words).split())
        return cells


def measures(samples: np.ndarray, shifts: int = 60) -> tuple[Measure, ...]:
    onsets = detect_onsets(samples)
    return (
        *sync.evaluate(onsets, DURATION_S, cuts_s=CUTS_S, hits_s=[], shifts=shifts),
        *local.evaluate(onsets, CUTS_S, DURATION_S, shifts=shifts),
        *sound.evaluate(levels_of(samples[None], SAMPLE_RATE), picture_s=DURATION_S),
        *learned.evaluate(),
    )


@pytest.fixture(scope="module")
def clicks() -> np.ndarray:
    """A click on each of `ONSETS_S`."""
    samples = np.zeros(int(DURATION_S * SAMPLE_RATE), np.float32)
    click = np.sin(np.arange(400) * 0.4) * np.exp(-np.arange(400) / 80)
    for onset_s in ONSETS_S:
        first = round(onset_s * SAMPLE_RATE)
        samples[first : first + 400] += 0.6 * click.astype(np.float32)
    return samples


@pytest.fixture(scope="module")
def scored(clicks: np.ndarray) -> tuple[Measure, ...]:
    men = {name: measures(straw_man(name, DURATION_S, 100.0), shifts=0) for name in STRAW_MEN}
    return beside_straw_men(measures(clicks), men)


@pytest.fixture(scope="module")
def page(clicks: np.ndarray, scored: tuple[Measure, ...]) -> ScorePage:
    seconds = np.arange(12) + 0.5
    picture = Film((b"\xff\xd8 not looked into",) * 32, 171, 96)
    motion = Curve("motion", "picture", seconds, np.linspace(0.25, 0.75, 12), "px")
    level = Curve("loudness", "music", seconds, np.where(seconds < 3, np.nan, -20.0 - seconds), "dB")
    return ScorePage(
        title=BAD_NAME,
        music="score.wav",
        duration_s=DURATION_S,
        measures=scored,
        shifts=60,
        film=picture,
        waveform=waveform_of(clicks, SAMPLE_RATE, DURATION_S),
        roll=Roll(np.array([0.5, 2.0]), np.array([1.5, 14.0]), np.array([60, 67]), np.zeros(2, bool)),
        onsets_s=ONSETS_S,
        beats_s=np.arange(0.0, 12.0, 0.5),
        downbeats_s=np.arange(0.0, 12.0, 2.0),
        targets=(meet("cuts", CUTS_S, "onset", ONSETS_S, tolerance_s=0.08),),
        panels=(Panel("Motion and loudness", (motion, level)),),
        local=local.local_alignment(ONSETS_S, CUTS_S, DURATION_S),
        remarks=("Beats <are> estimated.",),
        settings={"seed": "0", "clip": BAD_NAME},
    )


@pytest.fixture(scope="module")
def parsed(page: ScorePage) -> Page:
    return Page(render(page))


def test_distances_are_those_of_the_nearest_event() -> None:
    cuts = meet("cuts", CUTS_S, "onset", ONSETS_S, tolerance_s=0.08)
    assert cuts.apart_s == pytest.approx([0.04, 0.0, -0.25, -0.3])
    assert cuts.met.tolist() == [True, True, False, False]
    rng = np.random.default_rng(3)
    times, events = np.sort(rng.uniform(0, 60, 300)), np.sort(rng.uniform(0, 60, 90))
    many = meet("cuts", times, "onset", events, tolerance_s=0.08)
    assert np.abs(many.apart_s) == pytest.approx(sync.distance_to_nearest(times, events))
    assert many.met.mean() == pytest.approx(sync.cut_hits(events, times))


def test_nothing_to_meet_with_misses_everything() -> None:
    cuts = meet("cuts", CUTS_S, "onset", [], tolerance_s=0.08)
    assert np.isnan(cuts.apart_s).all()
    assert not cuts.met.any()


def test_every_cut_is_there_met_or_missed(parsed: Page) -> None:
    marks = parsed.of("span", "mark")
    assert [float(a["style"].removeprefix("--t:")) for a, _ in marks] == CUTS_S.tolist()
    assert ["met" in a["class"].split() for a, _ in marks] == [True, True, False, False]
    assert ["missed" in a["class"].split() for a, _ in marks] == [False, False, True, True]
    assert [a["aria-label"] for a, _ in marks] == [
        "cut at 0:02.00: met, nearest onset 40 ms late",
        "cut at 0:03.50: met, nearest onset on it",
        "cut at 0:06.25: missed, nearest onset 250 ms early",
        "cut at 0:09.00: missed, nearest onset 300 ms early",
    ]
    # One is reached by Tab, the others by the arrows.
    assert [a["tabindex"] for a, _ in marks] == ["0", "-1", "-1", "-1"]
    rows = [words for _, words in parsed.of("tr") if re.match(r"0:0\d\.", words)]
    assert rows == [
        "0:02.00✓ met40 ms late",
        "0:03.50✓ meton it",
        "0:06.25✕ missed250 ms early",
        "0:09.00✕ missed300 ms early",
    ]


def test_no_score_without_its_chance_level_or_why_not(parsed: Page, scored: tuple[Measure, ...]) -> None:
    for measure in scored:
        anchor = f"{measure.task}-{measure.name}"
        if not measure.defined:
            (words,) = [words for a, words in parsed.of("li") if a.get("id") == anchor]
            assert measure.note in words
            continue
        row = parsed.row(anchor)
        signed = measure.better == "nearer"
        assert row["score"] == " ".join(number(measure.score, measure.unit, signed=signed).split())
        if measure.task == "sound":
            # One line says it of all of them.
            assert "chance" not in row
        elif measure.chance is None:
            assert row["chance"].startswith("none: ")
            assert len(row["chance"]) > 20
        else:
            assert row["chance"] == number(measure.chance.mean)
            assert row["p"] == f"{measure.chance.p_value:.2f}"
            assert row["over chance"] == f"×{number(measure.chance.lift)}"
        for man in ("silence", "noise", "metronome"):
            assert row[man] == " ".join(number(measure.straw[man], measure.unit, signed=signed).split())
    whys = [words for _, words in parsed.of("p", "none")]
    assert whys == ["No chance level: turning the music in time does not change it."]


def test_verdicts_follow_the_shifts() -> None:
    told = {"straw": {"metronome": 0.5}}
    good, bad = (
        sync.evaluate(CUTS_S, DURATION_S, cuts_s=CUTS_S)[0],
        sync.evaluate([5.0], DURATION_S, cuts_s=CUTS_S)[0],
    )
    page = ScorePage(
        "a", "b", DURATION_S, (replace(good, **told), replace(bad, name="beat_hits", **told)), 60
    )
    parsed = Page(render(page))
    assert "above chance" in parsed.row("sync-cut_hits")["about"]
    assert "As much or more" not in parsed.row("sync-cut_hits")["about"]
    assert "no better than chance" in parsed.row("sync-beat_hits")["about"]
    assert "As much or more from: metronome." in parsed.row("sync-beat_hits")["about"]
    (lede,) = [words for _, words in parsed.of("p", "lede")]
    assert lede.startswith("1 of 2 measures")
    assert "as much or more in 1 of 2" in lede


def test_means_over_clips_show_their_chance_and_a_missing_one_is_told() -> None:
    mean = Measure("beats", "loris_bcs", 0.8, details={"chance": 0.62})
    bare = Measure("sync", "cut_hits", 0.8)
    parsed = Page(render(ScorePage("a", "b", 1.0, (mean, bare), 0)))
    assert parsed.row("beats-loris_bcs")["chance"] == "0.62, mean over the clips"
    (why,) = [words for _, words in parsed.of("p", "none")]
    assert why == "No chance level: no shifted copies were scored."


def test_it_needs_nothing_but_itself(page: ScorePage, parsed: Page) -> None:
    for _, attributes, _ in parsed.elements:
        for name in ("src", "href", "xlink:href", "action", "poster", "srcset"):
            if name in attributes:
                assert attributes[name].startswith(("data:image/jpeg;base64,", "#"))
        assert not any(name.startswith("on") for name in attributes)
    text = render(page)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", re.sub(r"base64,[^\"]*", "", text))
    (policy,) = [a["content"] for a, _ in parsed.of("meta") if "http-equiv" in a]
    assert policy.startswith("default-src 'none'; img-src data:")
    assert "script-src 'sha256-" in policy


def test_what_a_name_holds_is_only_text(page: ScorePage, parsed: Page) -> None:
    assert len(parsed.of("script")) == 1
    (heading,) = [words for _, words in parsed.of("h1")]
    assert heading == "a\"><script>alert(1)</script>&' \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.mp4"
    assert "Beats <are> estimated." in [words for _, words in parsed.of("li")]
    # No half of a surrogate pair is left, which no file could hold.
    render(page).encode("utf-8")
    targets = Targets("<b>", '"x"', CUTS_S[:1], np.array([0.01]), 0.1, ("</span>",))
    curve = Curve('"><i>', "music", CUTS_S, CUTS_S, "<u>")
    odd = ScorePage("a", "</p>", 12.0, (Measure("<t>", '"n', 1.0, note="<q>"),), 0, targets=(targets,))
    marked = Page(render(replace(odd, panels=(Panel("<s>", (curve,)),))))
    assert not [name for name, told, _ in marked.elements if name in ("i", "s", "u", "q", "t") and not told]
    assert marked.of("span", "mark")[0][0]["aria-label"] == '</span> at 0:02.00: met, nearest "x" 10 ms late'


def test_same_page_same_text(page: ScorePage) -> None:
    assert render(page) == render(page)


def test_ids_are_unique_and_labels_lead_somewhere(parsed: Page) -> None:
    ids = [a["id"] for _, a, _ in parsed.elements if "id" in a]
    assert len(ids) == len(set(ids))
    pointed = [a["for"] for a, _ in parsed.of("label")] + [a["href"][1:] for a, _ in parsed.of("a")]
    pointed += [a["aria-labelledby"] for _, a, _ in parsed.elements if "aria-labelledby" in a]
    assert pointed
    assert set(pointed) <= set(ids)
    for attributes, _ in parsed.of("svg"):
        assert attributes.get("aria-hidden") == "true" or attributes["aria-label"]


def test_drawings_have_seconds_for_x(parsed: Page) -> None:
    boxes = {a["viewbox"] for a, _ in parsed.of("svg") if a.get("class") != "dots"}
    assert boxes == {"0 0 12 100"}
    drawn = {a["class"]: a["d"] for a, _ in parsed.of("path")}
    assert drawn["onset"] == "M0.5 0V48M2.04 0V48M3.5 0V48M6 0V48M6.5 0V48M8.7 0V48"
    assert drawn["through met"] == "M2 0V100M3.5 0V100"
    # From each cut down to its onset.
    assert drawn["tie missed"] == "M6.25 50L6 100M9 50L8.7 100"
    # A note that outlasts the clip ends with it; high is up.
    assert [float(y) for y in re.findall(r"M\S+ (\S+)H", drawn["note"])] == pytest.approx(
        [80.2, 11.8], abs=0.1
    )
    assert drawn["note"].endswith("H12")


def test_curves_keep_their_gaps_and_tell_their_scale(parsed: Page) -> None:
    (loud,) = [a for a, _ in parsed.of("path") if a.get("data-name") == "loudness"]
    points = re.findall(r"([ML])(\S+?) ([\d.]+)", loud["d"])
    assert points[0][:2] == ("M", "3.5")
    assert len(points) == 9
    low, high = float(loud["data-low"]), float(loud["data-high"])
    values = [low + (svg.BOTTOM - float(y)) / (svg.BOTTOM - svg.TOP) * (high - low) for *_, y in points]
    assert values == pytest.approx([-23.5 - k for k in range(9)], abs=0.02)
    assert any("loudness, −31.5 to −23.5 dB" in words for _, words in parsed.of("ul", "key"))


def test_ruler_is_on_the_clock_and_has_finer_labels_for_zooming(parsed: Page) -> None:
    ticks = parsed.of("span", "tick")
    first = ticks[: len(ticks) // 2]
    coarse = [words for a, words in first if "l0" in a["class"].split()]
    assert coarse == ["0:00", "0:05", "0:10"]
    times = [float(a["style"].removeprefix("--t:")) for a, _ in first]
    assert times == sorted(set(times))
    assert len(times) > 50


def test_an_hour_makes_no_longer_a_page() -> None:
    rng = np.random.default_rng(5)
    hour_s = 3600.0

    def draw(count: int) -> np.ndarray:
        return np.sort(rng.uniform(0, hour_s, count))

    frames = np.arange(90_000) / 25
    notes = draw(60_000)
    rough = Curve("motion", "picture", frames, rng.random(len(frames)))
    onsets = draw(20_000)
    page = ScorePage(
        "hour.mkv",
        "music.wav",
        hour_s,
        (),
        60,
        film=Film((rng.bytes(6_600),) * 96, 171, 96),
        waveform=waveform_of(rng.normal(0, 0.1, 1_000_000).astype(np.float32), 300, hour_s),
        roll=Roll(notes, notes + 0.4, rng.integers(36, 96, len(notes)), np.zeros(len(notes), bool)),
        onsets_s=onsets,
        beats_s=draw(7_000),
        targets=(
            meet("cuts", draw(1_200), "onset", onsets, tolerance_s=0.08),
            meet("body beats", draw(6_000), "onset", onsets, tolerance_s=0.08),
        ),
        panels=(Panel("motion", (rough,)),) * 4,
    )
    text = render(page)
    assert len(text.encode()) < 3_500_000
    parsed = Page(text)
    assert len([1 for a, _ in parsed.of("span", "mark") if a["aria-label"].startswith("cut at")]) == 1_200
    line = next(a["d"] for a, _ in parsed.of("path") if a.get("data-name") == "motion")
    assert line.count("L") < 3_600
    assert any("are drawn as one" in words for _, words in parsed.of("span", "about"))


def test_joined_notes_cover_what_sounds() -> None:
    rng = np.random.default_rng(8)
    start = rng.uniform(0, 600, 30_000)
    roll = Roll(start, start + 0.2, rng.integers(60, 64, 30_000), np.zeros(30_000, bool))
    pieces, gap_s = svg.roll(roll, 600.0)
    assert len(pieces) <= svg.MOST_NOTES
    assert gap_s > 0
    for pitch in range(60, 64):
        begins = np.array([a for a, _, p in pieces if p == pitch])
        ends = np.array([b for _, b, p in pieces if p == pitch])
        mine = np.sort(start[roll.pitch == pitch])
        at = np.searchsorted(begins, mine, side="right") - 1
        assert (mine >= begins[at]).all()
        assert (np.minimum(mine + 0.2, 600) <= ends[at] + 1e-9).all()


def test_waveform_has_each_stretch_in_its_place() -> None:
    samples = np.zeros(8_000, np.float32)
    samples[3_999], samples[4_000] = 0.9, -0.7
    wave = waveform_of(samples, 1_000, 16.0, columns=4)
    assert wave.high.tolist() == pytest.approx([0.9, 0, 0, 0])
    assert wave.low.tolist() == pytest.approx([0, -0.7, 0, 0])


def test_film_shows_the_shots_in_order_and_stays_small(make_clip: MakeClip) -> None:
    clip = probe(make_clip("shots"))
    film = film_of(clip, np.array([2.0, 3.2, 5.0, 6.4]))
    assert len(film.jpegs) % 8 == 0
    assert sum(map(len, film.jpegs)) < 640_000
    seen = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in film.jpegs]
    assert {picture.shape for picture in seen} == {(film.height, film.width, 3)}
    shot = np.searchsorted(
        [2.0, 3.2, 5.0, 6.4], (np.arange(len(seen)) + 0.5) / len(seen) * clip.duration_s, "right"
    )
    corner = np.array([picture[-8:, :8].mean(axis=(0, 1)) for picture in seen])
    changes = np.flatnonzero(np.abs(np.diff(corner, axis=0)).max(axis=1) > 30)
    assert changes.tolist() == np.flatnonzero(np.diff(shot)).tolist()


def test_sounds_alone_have_no_lanes() -> None:
    page = ScorePage("a.wav", "a.wav", 4.0, (undefined("sync", "lag", "nothing moves", better="nearer"),), 60)
    text = render(page)
    parsed = Page(text)
    assert [words for _, words in parsed.of("h2")] == ["Measures"]
    assert any("nothing moves" in words for _, words in parsed.of("li"))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: ScorePage("a", "b", 0.0, (), 60), "positive length"),
        (lambda: ScorePage("a", "b", 1.0, (), 60, onsets_s=np.array([2.0, 1.0])), "non-decreasing"),
        (lambda: Curve("a", "both", CUTS_S, CUTS_S), "picture or music"),
        (lambda: Curve("a", "music", CUTS_S, CUTS_S[1:]), "for each time"),
        (lambda: Curve("a", "music", CUTS_S, np.full(4, np.inf)), "finite number"),
        (lambda: Curve("a", "music", CUTS_S, CUTS_S, limits=(1.0, 1.0)), "must rise"),
        (lambda: Targets("cuts", "onset", CUTS_S, CUTS_S[1:], 0.08), "need as many"),
        (lambda: Targets("cuts", "onset", CUTS_S, CUTS_S, -1.0), "must not be negative"),
        (lambda: meet("cuts", [1.0, np.nan], "onset", [], tolerance_s=0.1), "finite"),
        (lambda: Roll(CUTS_S, CUTS_S, np.zeros(3, int), np.zeros(4, bool)), "one length"),
        (lambda: Film((), 1, 1), "at least one picture"),
        (lambda: waveform_of(np.zeros((2, 5), np.float32), 10, 1.0), "mono samples"),
    ],
)
def test_what_cannot_be_shown_is_refused(make: Callable[[], object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make()


def test_numbers_for_people() -> None:
    assert [number(v) for v in (0.8349, -0.046, 0.0, 14.06, math.nan, math.inf)] == [
        "0.83",
        "−0.046",
        "0.00",
        "14.1",
        "–",
        "∞",
    ]
    assert number(-14.06, "LUFS") == "−14.1\xa0LUFS"
    assert [number(v, "s") for v in (0.04, -0.0076, 0.0, 2.5)] == [
        "+40\xa0ms",
        "−8\xa0ms",
        "0\xa0ms",
        "+2.50 s",
    ]
    assert [late(v) for v in (0.04, -0.0076, 0.0, -2.5)] == [
        "40 ms late",
        "8 ms early",
        "on it",
        "2.50 s early",
    ]
    assert [instant(v) for v in (0, 59.7, 754.2, 3760)] == ["0:00", "1:00", "12:34", "1:02:40"]
    assert instant(59.999, exact=True) == "1:00.00"


def test_every_metric_has_its_words() -> None:
    """A metric that is added without a line here would be shown by its bare name."""
    rng = np.random.default_rng(1)
    samples = rng.normal(0, 0.1, 12 * SAMPLE_RATE).astype(np.float32)
    curve = rng.random(12)
    events = np.arange(1.0, 11.0)
    feeling = Affect(curve, curve, curve, "test")
    poses = np.cumsum(rng.normal(size=(120, 5, 2)), axis=0)
    quick, rhythm = {"shifts": 0}, beats.Rhythm.of(samples)
    known = [
        *sync.evaluate(
            events,
            12.0,
            cuts_s=events,
            hits_s=events,
            beats_s=events,
            downbeats_s=events,
            kinematic_beats_s=events,
            changes_s=events,
            boundaries_s=events,
            **quick,
        ),
        *local.evaluate(events, events, 12.0, **quick),
        *beats.evaluate(rhythm, rhythm, **quick),
        *beats.evaluate_set([beats.evaluate(rhythm, rhythm, **quick)]),
        *motion_beats.evaluate(
            events,
            12.0,
            body=motion_beats.MotionBeats.of([(poses, np.arange(120) / 10)]),
            motion_beats_s=events,
            **quick,
        ),
        *curves.evaluate(loudness=curve, density=curve, motion=curve, arousal=curve, tension=curve, **quick),
        *affect.evaluate(
            sound=feeling,
            notes=feeling,
            valence=curve,
            arousal=curve,
            tension=curve,
            emotions=np.eye(6)[rng.integers(0, 6, 12)],
            qualities=["maj"] * 12,
            qualities_midi=["min"] * 12,
            **quick,
        ),
        *music_sound.evaluate(samples),
        *sound.evaluate(levels_of(samples[None], SAMPLE_RATE), picture_s=12.0, frame_s=0.04),
        *learned.evaluate(),
    ]
    names = {(m.task, m.name) for m in known}
    names |= {("sync", "av_align"), ("music", "human_distance")}
    names |= {
        ("music", f"{n}{end}") for n in (*UNITS, *HISTOGRAMS) for end in ("", "_difference", "_overlap")
    }
    assert sorted(names - set(WORDINGS)) == []
    assert all(wording(*name).means for name in names)


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_a_browser_runs_it_without_complaint(page: ScorePage, tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    place.write_text(render(page), encoding="utf-8")
    common = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --hide-scrollbars --enable-logging=stderr --v=0"
    )
    shot = tmp_path / "page.png"
    command = [
        str(CHROMIUM),
        *common.split(),
        f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=900,1500",
        f"--screenshot={shot}",
        "--dump-dom",
        place.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True, text=True)
    assert "CONSOLE" not in done.stderr
    # The script has run: its button is there because something was missed.
    button = re.search(r'<button[^>]*class="miss"[^>]*>', done.stdout)
    assert button is not None
    assert "hidden" not in button[0]
    picture = cv2.imread(str(shot))
    assert picture is not None

    def columns(rgb: tuple[int, int, int]) -> np.ndarray:
        near = np.abs(picture[..., ::-1].astype(int) - rgb).max(axis=2) <= 12
        return np.flatnonzero(near.sum(axis=0) >= 9)

    # Met cuts are green discs at 2 and 3.5 s of 12, in an axis between the page's margins.
    green = columns((11, 122, 91))
    left, width = 37, 826
    for cut_s in (2.0, 3.5):
        assert np.abs(green - (left + cut_s / DURATION_S * width)).min() <= 3
