"""Regions: which bars and beats they mean; writing them anew leaves everything else note for note."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generators.grid import PlanError
from generators.kept import KeptTracks
from generators.music import SymbolicMusic
from generators.plan import Plan
from generators.region import Region
from generators.rhythm import compose
from generators.steer import steer
from generators.wishes import Stretch
from tests.generators import plans
from tests.v2m import midi_by_hand as by_hand
from v2m.midi import write_midi
from v2m.midi_reading import read_tracks

BEAT_S = 0.625  # of `plans.film`: 96 bpm, bars of 2.5 s
LEAD_S = 0.06  # how early at most a note for a beat is played
Rows = dict[str, np.ndarray]


@pytest.mark.parametrize(
    ("text", "bars", "beats"),
    [
        ("bars 3-4", (2, 4), (8, 16)),
        ("bar 1", (0, 1), (0, 4)),
        ("Bars 22 - 22", (21, 22), (84, 88)),
        ("5:10", (2, 4), (8, 16)),
        ("5.04:9.96", (2, 4), (8, 16)),  # as near as music is played to its beats
        ("5.2:9.8", (2, 4), (9, 15)),  # inwards: what lies outside is not touched
        ("6:7", (2, 3), (10, 11)),
        (":5", (0, 2), (0, 8)),
        ("50:", (20, 22), (80, 88)),
        ("50:55.3", (20, 22), (80, 88)),
    ],
)
def test_what_a_region_means(text: str, bars: tuple[int, int], beats: tuple[int, int]) -> None:
    plan = plans.film()
    region = Region.parse(text)
    assert region.bars(plan.grid, plan.duration_s) == range(*bars)
    assert region.beats(plan.grid, plan.duration_s) == range(*beats)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("twelve", "write seconds, as 12.5:20, or bars"),
        ("12", "write seconds"),
        ("a:b", "write seconds"),
        ("20:12", "ends after that"),
        ("-1:4", "begins at 0 or later"),
        ("nan:4", "begins at 0 or later"),
        ("bars 0-3", "counted from 1"),
        ("bars 5-3", "counted from 1"),
        ("60:70", "begins after the clip's 55.30 s"),
        ("50:70", "ends after the clip's 55.30 s"),
        ("bars 20-23", "the music has 22 bars"),
        ("5.2:5.4", "holds no whole beat"),
    ],
)
def test_what_is_no_region_is_one_line(text: str, said: str) -> None:
    plan = plans.film()
    with pytest.raises(PlanError, match=said):
        Region.parse(text).beats(plan.grid, plan.duration_s)


class Made:
    """A piece, its tracks as they are kept, and rows of `[start, end, pitch, velocity]` by voice."""

    def __init__(self, folder: Path, style: str) -> None:
        self.plan: Plan = plans.film(style)
        music = compose(self.plan)
        self.kept: KeptTracks = read_tracks(write_midi(music, self.plan.grid, folder / f"{style}.mid"))
        self.before = rows_of(compose(self.plan, self.kept))

    def anew(self, *regions: str, seed: int = 99, plan: Plan | None = None) -> SymbolicMusic:
        plan = replace(plan or self.plan, seed=seed)
        return compose(plan, self.kept, [Region.parse(text) for text in regions])


@pytest.fixture(scope="module", params=["cinematic", "electronic", "funk"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made"), request.param)


def rows_of(music: SymbolicMusic) -> Rows:
    rows = {}
    for voice, track in zip(music.voices, music.score.tracks, strict=True):
        n = track.notes.numpy()
        start = n["time"].astype(np.float64)
        found = np.stack([start, start + n["duration"], n["pitch"], n["velocity"]], axis=1)
        rows[voice.name] = found[np.lexsort((found[:, 2], start))]
    return rows


def outside(rows: np.ndarray, *spans: tuple[float, float]) -> np.ndarray:
    keep = np.ones(len(rows), dtype=bool)
    for a, b in spans:
        keep &= (rows[:, 0] < a - LEAD_S) | (rows[:, 0] >= b - LEAD_S)
    return rows[keep]


def inside(rows: np.ndarray, a: float, b: float) -> np.ndarray:
    return rows[(rows[:, 0] >= a - LEAD_S) & (rows[:, 0] < b - LEAD_S)]


def test_outside_of_a_region_every_note_is_as_it_was(made: Made) -> None:
    after = rows_of(made.anew("bars 6-9", "30:37.5"))
    spans = ((12.5, 22.5), (30.0, 37.5))
    changed = 0
    for name in {*made.before, *after}:
        nothing = np.zeros((0, 4))
        was, now = (outside(rows.get(name, nothing), *spans) for rows in (made.before, after))
        assert np.array_equal(was, now), name
        changed += not np.array_equal(made.before.get(name, nothing), after.get(name, nothing))
    assert changed >= 4


def test_a_region_in_seconds_changes_nothing_before_or_after_it(made: Made) -> None:
    """Its edges lie between beats: not a note that begins outside them is another."""
    after = rows_of(made.anew("13.3:21.2"))
    for name, rows in made.before.items():
        was, now = (r[(r[:, 0] < 13.3) | (r[:, 0] >= 21.2)] for r in (rows, after[name]))
        assert np.array_equal(was, now), name


def test_seeds_write_different_regions_and_one_seed_the_same(made: Made) -> None:
    first, second, third = (
        {
            name: inside(rows, 12.5, 22.5).tobytes()
            for name, rows in rows_of(made.anew("bars 6-9", seed=s)).items()
        }
        for s in (1, 2, 1)
    )
    assert first == third
    assert sum(first[name] != second[name] for name in first) >= 3
    own = {name: inside(rows, 12.5, 22.5).tobytes() for name, rows in made.before.items()}
    assert sum(first[name] != own[name] for name in first) >= 3


def test_seams_have_no_hole_and_no_cut_note(made: Made) -> None:
    """Something sounds wherever something sounded, keys are never struck while they are down, and lines
    of one note at a time stay that."""
    for seed in (1, 2):
        music = made.anew("bars 6-9", seed=seed)
        after = rows_of(music)
        drums = {v.name for v in music.voices if v.is_drum}
        for t in np.arange(11.0, 25.0, 0.05):
            was, now = (
                sum(
                    int(((r[:, 0] <= t) & (r[:, 1] > t)).sum())
                    for name, r in rows.items()
                    if name not in drums
                )
                for rows in (made.before, after)
            )
            assert now > 0 or was == 0, t
        for voice in music.voices:
            rows = after[voice.name]
            if voice.is_drum:
                continue
            for pitch in np.unique(rows[:, 2]):
                line = rows[rows[:, 2] == pitch]
                assert (line[1:, 0] >= line[:-1, 1] - 1e-3).all(), (voice.name, pitch)
            if voice.role in ("bass", "melody"):
                # No more than where a player leaned on a beat before.
                near = rows[(rows[:, 0] > 11.5) & (rows[:, 0] < 24.0)]
                assert (near[1:, 0] >= near[:-1, 1] - 0.12).all(), voice.name


def test_seams_do_not_clash(made: Made) -> None:
    """Around the edges semitones sound at once as seldom as there or anywhere in music of one go."""

    def share(music: SymbolicMusic, times: np.ndarray) -> float:
        rows = [r for v, r in zip(music.voices, rows_of(music).values(), strict=True)
                if not v.is_drum and v.role != "accents"]  # fmt: skip
        close = pairs = 0
        for t in times:
            held = np.concatenate([r[(r[:, 0] <= t) & (r[:, 1] > t), 2] for r in rows])
            apart = np.abs(held[:, None] - held[None, :])[np.triu_indices(len(held), 1)]
            close, pairs = close + int(np.isin(apart, (1, 11, 13)).sum()), pairs + len(apart)
        return close / max(pairs, 1)

    edges = np.concatenate([edge + np.arange(-0.6, 0.6, 0.1) for edge in (12.5, 22.5)])
    seams = [share(made.anew("bars 6-9", seed=seed), edges) for seed in range(2)]
    once = compose(made.plan)
    assert np.mean(seams) <= max(share(once, edges), share(once, np.arange(1.0, 50.0, 0.5))) + 0.005


def test_a_tune_goes_over_the_seams_by_singable_steps(made: Made) -> None:
    leaps = []
    for seed in range(4):
        music = made.anew("bars 6-9", seed=seed)
        for voice, rows in zip(music.voices, rows_of(music).values(), strict=True):
            for edge in (12.5, 22.5) if voice.role == "melody" else ():
                k = int(np.searchsorted(rows[:, 0], edge - LEAD_S))
                if 0 < k < len(rows) and rows[k, 0] - rows[k - 1, 0] < 3.0:
                    leaps.append(abs(rows[k, 2] - rows[k - 1, 2]))
    assert len(leaps) >= 4
    assert max(leaps) <= 9
    assert np.mean(leaps) <= 4


def test_a_region_is_as_full_and_loud_as_is_asked(made: Made) -> None:
    """The same region with another energy: nothing else moves."""
    counts, strengths = [], []
    for energy in (0.1, 0.5, 0.95):
        plan = steer(made.plan, [Stretch.parse(f"bars 6-9 energy={energy}")])
        after = rows_of(made.anew("bars 6-9", plan=plan))
        region = np.concatenate([inside(rows, 12.5, 22.5) for rows in after.values()])
        counts.append(len(region))
        strengths.append(float(region[:, 3].mean()))
        for name, rows in made.before.items():
            assert np.array_equal(outside(rows, (12.5, 22.5)), outside(after[name], (12.5, 22.5)))
    assert counts[0] * 1.5 < min(counts[1:])
    assert strengths[0] + 10 < strengths[1] < strengths[2] - 10


def test_controllers_are_the_kept_ones_after_a_region(tmp_path: Path) -> None:
    """A swell that is written anew does not stay on: at the region's end the old one has its say again."""
    made = Made(tmp_path, "cinematic")

    def level(music: SymbolicMusic, time_s: float) -> int:
        track = next(t for t in music.score.tracks if t.name == "Strings")
        return [c.value for c in track.controls if c.number == 11 and c.time <= time_s][-1]

    quiet = steer(made.plan, [Stretch.parse("bars 6-9 loudness=pp")])
    was, now = compose(made.plan), made.anew("bars 6-9", plan=quiet)
    assert level(now, 17.0) < level(was, 17.0) - 5
    for time_s in (10.0, 22.6, 24.0, 40.0):
        assert level(now, time_s) == level(was, time_s)


def test_a_kept_pedal_does_not_stay_down_in_a_region(tmp_path: Path) -> None:
    """It comes up where it came up, goes down no more until the region's end, and then is as it was."""
    line = by_hand.Line("Strings", 0, 48, [(4.0 * b, 3.9, 60, 80) for b in range(20)])
    pedal = [(18, 64, 127), (22, 64, 0), (24, 64, 127), (34, 64, 0), (35, 64, 127), (50, 64, 0)]
    path = by_hand.write(tmp_path / "a.mid", [line], bpm=96.0, controls={"Strings": pedal})
    plan = plans.film("cinematic")
    music = compose(plan, read_tracks(path), [Region.parse("bars 6-9")])
    track = next(t for t in music.score.tracks if t.name == "Strings")
    said = [(round(c.time / BEAT_S, 2), c.value >= 64) for c in track.controls if c.number == 64]
    assert said == [(18, True), (22, False), (34, False), (36, True), (50, False)]
    # The swells of the region are its own: a track that had none is at full expression after it.
    swells = [(c.time, c.value) for c in track.controls if c.number == 11]
    assert swells[0][0] == pytest.approx(12.5)
    assert (swells[-1][0], swells[-1][1]) == (pytest.approx(22.5), 127)


def test_regions_that_overlap_are_refused(made: Made) -> None:
    with pytest.raises(PlanError, match="12:20 and bars 7-9 overlap"):
        made.anew("bars 7-9", "12:20")
