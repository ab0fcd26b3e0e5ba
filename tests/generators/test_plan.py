"""Plans: what is hit and let go, form, curves, the file a person edits."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from encoders.stream import Streams
from generators.grid import PlanError
from generators.key import Key
from generators.plan import make_plan
from generators.plan_file import load_plan, plan_from_json, plan_to_json, save_plan
from generators.wishes import Wishes
from tests.generators.streams_by_hand import beats, clip, curve, cuts, events

CUTS = [2.3, 5.1, 9.77, 13.2, 18.4, 22.0, 26.9]


def film(duration_s: float = 30.0, cut_times: list[float] = CUTS, **affect: float) -> Streams:
    feel = {"valence": 0.0, "arousal": 0.0, "tension": 0.3} | affect
    return clip(
        duration_s,
        cuts([t for t in cut_times if t < duration_s]),
        curve("motion", duration_s, 1 / 30, energy=[0.02, 0.1, 0.5, 0.1, 0.02]),
        curve("affect", duration_s, 0.5, **feel),
        events("visual_onsets", [1.0, 3.1, 7.7], strength=[0.9, 0.8, 0.7], accent=[1, 1, 0]),
    )


def test_every_lone_cut_is_planned_and_played_within_half_the_tolerance() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        times = np.cumsum(rng.uniform(1.05, 5, 8)).tolist()
        plan = make_plan(film(times[-1] + 3, times), Wishes())
        lone = [h for h in plan.hits if h.kind in ("cut", "section") and h.time_s in np.round(times, 4)]
        assert len(lone) == len(times)
        assert np.mean([h.planned for h in lone]) >= 0.95
        assert max(abs(h.error_s) for h in plan.planned_hits) <= 0.06


def test_planned_hits_are_accents_of_the_grid_and_no_slot_sounds_twice() -> None:
    plan = make_plan(film(), Wishes())
    for hit in plan.planned_hits:
        assert plan.grid.played_time_s(hit.bar, hit.slot) == hit.played_s
    for bar in plan.grid.bars:
        slots = [accent.slot for accent in bar.accents]
        assert slots == sorted(set(slots))


def test_dense_cutting_lets_some_cuts_go_and_says_why() -> None:
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.uniform(0.25, 0.75, 40)).tolist()
    plan = make_plan(film(times[-1] + 1, times), Wishes())
    gone = [h for h in plan.hits if not h.planned]
    kept = [h for h in plan.planned_hits if h.kind in ("cut", "section")]
    assert gone
    assert all(h.why for h in gone)
    assert len(kept) >= 10
    half = {0: True}
    assert all(h.kind == "section" or h.slot % 2 in half for h in kept)


def test_dense_cutting_on_a_pulse_keeps_nearly_all() -> None:
    times = (0.5 * np.arange(1, 28)).tolist()
    plan = make_plan(film(14.0, times), Wishes())
    assert np.mean([h.planned for h in plan.hits]) >= 0.9


def test_a_still_clip_gets_a_form_that_returns_and_ends() -> None:
    plan = make_plan(
        clip(60.0, cuts([]), curve("affect", 60.0, 0.5, valence=0.2, arousal=-0.5, tension=0.1)), Wishes()
    )
    labels = [s.label for s in plan.sections]
    assert len(labels) >= 3
    assert labels[0] == labels[-1] == "A"
    assert "B" in labels
    assert 0.8 <= plan.duration_s - plan.final_s <= 5


def test_the_same_place_brings_back_its_theme() -> None:
    names = [f"{c}{i}" for c in "lab" for i in range(9)]
    times = np.arange(0, 36, 0.2)
    look = np.where(((times >= 12) & (times < 24))[:, None], 0.2, 0.7) * np.ones((1, 27))
    colour = replace(curve("colour", 36, 0.2, **dict.fromkeys(names, 0.0)), values=look.astype(np.float32))
    plan = make_plan(clip(36.0, cuts([12.0, 24.0]), colour), Wishes())
    assert [s.title for s in plan.sections] == ["A", "B", "A'"]
    starts = [plan.grid.bars[s.start_bar].start_s for s in plan.sections]
    assert starts[1:] == pytest.approx([12.0, 24.0], abs=0.05)


def test_what_the_picture_means_makes_sections_too() -> None:
    names = [f"{c}{i}" for c in "lab" for i in range(9)]
    colour = curve("colour", 36, 0.2, **dict.fromkeys(names, 0.5))
    turned = ((np.arange(36) >= 12) & (np.arange(36) < 24))[:, None]
    meaning = replace(
        curve("semantics", 36, 1.0, e0=0.0, e1=0.0),
        values=np.where(turned, [0.0, 1.0], [1.0, 0.0]).astype(np.float32),
    )
    plan = make_plan(clip(36.0, cuts([7.0, 12.0, 17.0, 24.0, 30.0]), colour, meaning), Wishes())
    assert [s.label for s in plan.sections] == ["A", "B", "A"]
    starts = [plan.grid.bars[s.start_bar].start_s for s in plan.sections]
    assert starts[1:] == pytest.approx([12.0, 24.0], abs=0.05)


def test_curves_follow_motion_and_mood() -> None:
    plan = make_plan(film(), Wishes())
    loud = plan.curves.loudness
    assert max(loud[len(loud) // 3 : -len(loud) // 3]) > loud[0] + 0.2
    sad, glad = (make_plan(film(), Wishes(mood=m)) for m in ("sad", "joyful"))
    assert np.mean(sad.curves.valence) < np.mean(glad.curves.valence) - 0.8
    assert {sad.key.mode, glad.key.mode} == {"minor", "lydian"}


@pytest.mark.parametrize(("metre", "beats", "slots"), [("3/4", 3, 4), ("4/4", 4, 4), ("6/8", 2, 3)])
@pytest.mark.parametrize("style", ["cinematic", "pop"])
def test_a_metre_that_is_asked_for_is_kept(metre: str, beats: int, slots: int, style: str) -> None:
    """Whether the style lists it or not; but for single bars that a cut makes shorter."""
    bars = make_plan(film(), Wishes(metre=metre, style=style)).grid.bars
    whole = [bar for bar in bars if len(bar.beats_s) == beats and bar.slots_per_beat == slots]
    assert len(whole) > 0.7 * len(bars)
    assert max(len(bar.beats_s) for bar in bars) <= beats


def test_a_dancer_makes_it_a_dance_and_a_speaker_does_not() -> None:
    period = 60 / 110
    times = 0.3 + period * np.arange(34)
    dancer = clip(20.0, cuts([]), beats(times.tolist()), curve("limbs", 20.0, 0.07, speed=3.0))
    speaker = clip(20.0, cuts([]), beats(times.tolist()), curve("limbs", 20.0, 0.07, speed=0.3))
    plan = make_plan(dancer, Wishes())
    assert plan.mode == "dance"
    assert make_plan(speaker, Wishes()).mode == "film"
    gap = np.abs(times[:, None] - plan.grid.beats_s).min(axis=1)
    assert (gap < 0.06).mean() >= 0.95


def test_wishes_are_kept() -> None:
    plan = make_plan(
        film(), Wishes(mode="dance", style="cinematic", key=Key(6, "minor"), tempo_bpm=120, seed=7)
    )
    assert (plan.mode, plan.style, plan.key, plan.seed) == ("dance", "cinematic", Key(6, "minor"), 7)
    assert 60 / np.diff(plan.grid.beats_s).mean() == pytest.approx(120, rel=0.04)


@pytest.mark.parametrize(
    "wish",
    [{"mode": "opera"}, {"mood": "purple"}, {"tempo_bpm": 3.0}, {"seed": -1}],
    ids=lambda w: next(iter(w)),
)
def test_impossible_wishes_are_refused_in_one_line(wish: dict[str, object]) -> None:
    with pytest.raises(PlanError) as caught:
        Wishes(**wish)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_an_unknown_style_is_answered_with_the_known_ones() -> None:
    with pytest.raises(PlanError, match="cinematic"):
        make_plan(film(), Wishes(style="polka-core"))


def test_the_file_gives_back_the_same_plan(tmp_path: Path) -> None:
    plan = make_plan(film(), Wishes(seed=11))
    path = save_plan(plan, tmp_path / "plan.json")
    assert load_plan(path) == plan
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]


def test_a_moved_hit_is_played_where_it_was_moved_to() -> None:
    plan = make_plan(film(), Wishes())
    data = json.loads(plan_to_json(plan))
    row = next(r for r in data["hits"] if r["time_s"] == 13.2)
    row["time_s"] = 13.4
    moved = plan_from_json(json.dumps(data))
    hit = next(h for h in moved.hits if h.time_s == 13.4)
    assert abs(hit.error_s) <= 0.06
    assert moved.grid.played_time_s(hit.bar, hit.slot) == hit.played_s
    old = next(h for h in plan.hits if h.time_s == 13.2)
    assert all(
        abs(a.time_s - old.played_s) > 1e-3 or a.source != "cut" for b in moved.grid.bars for a in b.accents
    )


def test_a_hit_let_go_by_hand_leaves_the_grid() -> None:
    plan = make_plan(film(), Wishes())
    data = json.loads(plan_to_json(plan))
    for row in data["hits"]:
        row["planned"] = False
    bare = plan_from_json(json.dumps(data))
    assert not bare.planned_hits
    assert all(a.source in ("accent", "onset") for bar in bare.grid.bars for a in bar.accents)


@cache
def film_plan_text() -> str:
    return plan_to_json(make_plan(film(), Wishes()))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda d: d.pop("bars"), "bars is missing"),
        (lambda d: d["hits"][0].update(time_s=999), "hit 1"),
        (lambda d: d["hits"][0].update(planned="yes"), "planned"),
        (lambda d: d["bars"][2].update(loudness=7), "loudness"),
        (lambda d: d["bars"][1].update(beats_s=[0.0], accents=[]), "increase"),
        (lambda d: d["sections"].pop(), "sections"),
        (lambda d: d.update(key="H blue"), "H blue"),
        (lambda d: d.update(style="polka-core"), "cinematic"),
        (lambda d: d.update(format="midi"), "format"),
        (lambda d: d.update(version=99), "newer"),
        (lambda d: d["bars"][0].update(accents=[[99, 0.1, 0.5, "onset"]]), "slot"),
        (lambda d: d.update(seed="x"), "seed"),
        (lambda d: d.update(seed=-1), "seed"),
        (lambda d: d.update(end_s=1e9), "end_s"),
        (lambda d: d["bars"][0].update(accents=[[1, 1e6, 0.5, "onset"]]), "accent"),
        (lambda d: d["sections"][0].update(role="xx"), "role"),
    ],
)
def test_a_broken_plan_file_says_what_is_wrong(edit: object, says: str, tmp_path: Path) -> None:
    data = json.loads(film_plan_text())
    edit(data)  # type: ignore[operator]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(data))
    with pytest.raises(PlanError, match=says) as caught:
        load_plan(path)
    assert "\n" not in str(caught.value)
    assert "plan.json" in str(caught.value)


def test_not_json_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("{\n  oops\n}")
    with pytest.raises(PlanError, match="line 2"):
        load_plan(path)
