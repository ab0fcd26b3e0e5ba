"""Where music is meant to be silent: found in the picture, kept in the plan, heard in the sound."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from benchmarks.sound_descriptors import clicks
from encoders.stream import Streams
from generators.grid import PlanError
from generators.hits import EDITS
from generators.plan import Plan, make_plan, with_silences
from generators.plan_file import plan_from_json, plan_to_json
from generators.rhythm.compose import compose
from generators.rhythm.expression import EARLIEST_S
from generators.silence import Silence
from generators.wishes import Wishes
from tests.generators.plans import film
from tests.generators.streams_by_hand import clip, curve, cuts
from v2m.fades import RING_OUT_S
from v2m.mix import MixSettings, mix
from v2m.render import render
from v2m.soundfont import find_soundfont

RATE = 48000
CUTS = (4.0, 12.0, 20.0, 27.0, 30.0, 36.0)
# A title on black; two quiet shots; a lively one; black; and on.
SCENES = ((0.0, 4.0, 0.0), (4.0, 20.0, 0.15), (20.0, 27.0, 2.0), (27.0, 30.0, 0.0), (30.0, 44.0, 1.2))


def seen(*scenes: tuple[float, float, float], cuts_s: tuple[float, ...] = CUTS) -> Streams:
    """A clip whose scenes (start, end, movement) are cut to one another; without movement it is black."""
    duration = scenes[-1][1]
    times = np.arange(0, duration, 0.1)
    moves = np.zeros(len(times))
    for start, end, amount in scenes:
        moves[(times >= start) & (times < end)] = amount
    motion = curve("motion", duration, 0.1, energy=0.0, raw=0.0)
    motion.values[:, 0], motion.values[:, 1] = moves / 8, moves
    dark = moves == 0
    colour = curve("colour", duration, 0.1, brightness=0.0, contrast=0.0)
    colour.values[:, 0], colour.values[:, 1] = np.where(dark, 0.01, 0.4), np.where(dark, 0.002, 0.2)
    return clip(duration, cuts(cuts_s), motion, colour)


@cache
def planned(style: str = "cinematic", **wishes: object) -> Plan:
    wishes = {"silences": "all", **wishes}
    return make_plan(seen(*SCENES), Wishes(mode="film", style=style, **wishes))  # type: ignore[arg-type]


def starts(plan: Plan) -> NDArray[np.float64]:
    tracks = [np.asarray(t.notes.numpy()["time"], np.float64) for t in compose(plan).score.tracks]
    return np.sort(np.concatenate(tracks))


def test_the_music_comes_in_late_breathes_and_stops_where_the_picture_asks_it() -> None:
    plan = planned()
    found = {silence.kind: silence for silence in plan.silences}
    assert [silence.kind for silence in plan.silences] == ["entry", "breath", "stop"]
    assert (found["entry"].start_s, found["entry"].end_s) == (0.0, pytest.approx(4.0, abs=0.06))
    assert found["breath"].end_s == pytest.approx(20.0, abs=0.06)
    assert found["stop"].start_s > 27.0
    assert found["stop"].end_s == pytest.approx(30.0, abs=0.06)
    bar = plan.grid.bar_at(found["breath"].start_s + 0.01)
    length = found["breath"].end_s - found["breath"].start_s
    assert 0.45 <= length / (plan.grid.bar_end_s(bar) - plan.grid.bars[bar].start_s) <= 1.01


def test_every_silence_ends_on_a_hit_and_leaves_every_cut_met() -> None:
    plan, without = planned(), planned(silences="none")
    assert not without.silences
    met = [hit.time_s for hit in plan.planned_hits if hit.kind in EDITS]
    assert met == [hit.time_s for hit in without.planned_hits if hit.kind in EDITS]
    ends = np.array([hit.played_s for hit in plan.planned_hits])
    for silence in plan.silences:
        assert np.abs(ends - silence.end_s).min() < 1e-3
    onsets = starts(plan)
    for cut in CUTS:
        assert np.abs(onsets - cut).min() < 0.08, cut


@pytest.mark.parametrize("style", ["cinematic", "piano", "tense", "electronic"])
def test_nothing_begins_in_a_silence_and_the_music_is_back_when_it_ends(style: str) -> None:
    plan = planned(style)
    assert plan.silences
    onsets = starts(plan)
    for silence in plan.silences:
        inside = (onsets > silence.start_s - 0.02) & (onsets < silence.end_s - EARLIEST_S - 0.01)
        assert not inside.any()
        assert np.abs(onsets - silence.end_s).min() < 0.04


def test_music_before_a_silence_is_the_music_that_would_be_there_without() -> None:
    plan = planned()
    breath = plan.silences[1]
    with_, without = starts(plan), starts(planned(silences="none"))
    span = (breath.start_s - 4.0, breath.start_s - 0.1)
    heard = [x[(x > span[0]) & (x < span[1])] for x in (with_, without)]
    np.testing.assert_allclose(*heard)


@pytest.mark.parametrize("style", ["cinematic", "electronic", "ambient"])
def test_the_sound_dies_away_stays_away_and_comes_back_on_the_hit(style: str, tmp_path: Path) -> None:
    plan = planned(style)
    music = compose(plan)
    path = tmp_path / "s.wav"
    mix(
        render(music, find_soundfont().path, RATE),
        music.voices,
        MixSettings(),
        music.duration_s,
        path,
        desk=music.desk,
        silences_s=music.silences_s,
    )
    sound, _ = soundfile.read(path, always_2d=True)
    assert len(clicks(sound.T, RATE)) == 0
    level = np.abs(sound).max(axis=1)
    for silence in plan.silences:
        ring = min(RING_OUT_S, (silence.end_s - silence.start_s) / 2)
        quiet = level[round((silence.start_s + ring) * RATE) : round((silence.end_s - 0.06) * RATE)]
        assert quiet.max() < 10 ** (-50 / 20), silence
        back = level[round((silence.end_s - 0.06) * RATE) : round((silence.end_s + 0.04) * RATE)]
        assert back.max() > 10 ** (-40 / 20), silence


def test_a_clip_without_reason_has_no_silence() -> None:
    busy = ((0.0, 44.0, 1.0),)
    assert not make_plan(seen(*busy), Wishes(mode="film", style="cinematic")).silences
    still = ((0.0, 44.0, 0.0),)
    assert not make_plan(seen(*still, cuts_s=()), Wishes(mode="film", style="cinematic")).silences


def test_slides_that_all_stand_still_are_played_through() -> None:
    assert not make_plan(seen((0.0, 44.0, 0.0)), Wishes(mode="film", style="piano")).silences


def test_a_dance_never_stops_and_a_pump_breathes_for_a_drop_alone() -> None:
    assert not make_plan(seen(*SCENES), Wishes(mode="dance", style="electronic")).silences
    milder = (*SCENES[:2], (20.0, 27.0, 0.3), *SCENES[3:])
    kinds = [
        s.kind
        for s in make_plan(seen(*milder), Wishes(mode="film", style="electronic", silences="all")).silences
    ]
    assert "breath" not in kinds


def test_breaths_are_far_apart() -> None:
    scenes = tuple((10.0 * k, 10.0 * k + 10, 0.15 if k % 2 else 2.0) for k in range(18))
    cuts_s = tuple(10.0 * k for k in range(1, 18))
    plan = make_plan(seen(*scenes, cuts_s=cuts_s), Wishes(mode="film", style="cinematic", silences="all"))
    assert not make_plan(seen(*scenes, cuts_s=cuts_s), Wishes(mode="film", style="cinematic")).silences
    ends = [silence.end_s for silence in plan.silences]
    assert 2 <= len(ends) <= 6
    assert np.diff(ends).min() >= 30.0


def test_a_picture_that_begins_to_move_without_a_cut_brings_the_music_in() -> None:
    streams = seen((0.0, 4.0, 0.0), (4.0, 44.0, 1.0), cuts_s=())
    onsets = curve("visual_onsets", 44.0, 1.0, strength=0.0, accent=0.0)
    onsets.values[:] = (onsets.times_s == 4.0)[:, None]
    moving = Streams({**streams, "visual_onsets": onsets}, 44.0, "hash-by-hand")
    (entry,) = make_plan(moving, Wishes(mode="film", style="cinematic")).silences
    assert entry.kind == "entry"
    assert entry.end_s == pytest.approx(4.0, abs=0.1)


def test_the_list_can_be_edited() -> None:
    data = json.loads(plan_to_json(planned()))
    assert [row["kind"] for row in data["silences"]] == ["entry", "breath", "stop"]
    assert all(row["why"] for row in data["silences"])
    again = plan_from_json(json.dumps(data))
    assert again.silences == planned().silences
    assert (starts(again) == starts(planned())).all()

    del data["silences"][0]
    earlier = starts(plan_from_json(json.dumps(data)))
    assert earlier[0] < 1.0

    data["silences"] = [{"start_s": 34.0, "end_s": 37.0, "kind": "stop"}]
    edited = plan_from_json(json.dumps(data))
    onsets = starts(edited)
    assert not ((onsets > 34.0) & (onsets < 36.9)).any()
    assert np.abs(onsets - 37.0).min() < 0.06
    (over,) = [hit for hit in edited.hits if hit.time_s == pytest.approx(36.0)]
    assert not over.planned
    assert over.why == "in the silence from 34 to 37 s"
    (heard,) = [hit for hit in with_silences(edited, ()).hits if hit.time_s == over.time_s]
    assert heard.planned
    assert heard.why.startswith("on ")
    saved = json.loads(plan_to_json(edited))
    assert [row["time_s"] for row in saved["hits"] if row.get("silenced")] == [over.time_s]
    saved["silences"] = []
    assert heard in plan_from_json(json.dumps(saved)).hits

    del data["silences"]
    assert (starts(plan_from_json(json.dumps(data))) == starts(planned(silences="none"))).all()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"start_s": 5.0, "end_s": 4.0, "kind": "breath"}], "silence 1: .* must end after it begins"),
        ([{"start_s": 5.0, "end_s": 6.0, "kind": "nap"}], "silence 1: .*none of entry, breath, stop"),
        (
            [{"start_s": 5.0, "end_s": 99.0, "kind": "stop"}],
            "silence 1: end_s must be a number from 0 to 44, not 99",
        ),
        ([{"start_s": "late", "end_s": 6.0, "kind": "stop"}], "silence 1: start_s"),
        ([{"start_s": 5.0, "end_s": 6.0}], "silence 1: kind is missing"),
        (["hush"], "silence 1"),
        ("hush", "silences must be a list"),
        ([{"start_s": 40.0, "end_s": 44.0, "kind": "stop"}], "lies over the last chord"),
        (
            [
                {"start_s": 5.0, "end_s": 8.0, "kind": "stop"},
                {"start_s": 7.0, "end_s": 9.0, "kind": "stop"},
            ],
            "the silence at 7 s begins before the one ahead of it has ended",
        ),
    ],
)
def test_silences_that_make_no_sense_are_refused_in_one_line(rows: object, says: str) -> None:
    data = json.loads(plan_to_json(planned()))
    data["silences"] = rows
    with pytest.raises(PlanError, match=says) as caught:
        plan_from_json(json.dumps(data))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("style", ["cinematic", "pop", "rock", "waltz", "lofi", "latin"])
def test_a_silence_that_is_put_anywhere_is_kept_by_everyone(style: str) -> None:
    """Off the beat and across bar lines, in every kind of ensemble."""
    plan = with_silences(film(style), [Silence(11.3, 14.1, "stop"), Silence(30.0, 31.7, "breath")])
    onsets = starts(plan)
    for silence in plan.silences:
        assert not ((onsets > silence.start_s) & (onsets < silence.end_s - EARLIEST_S - 0.01)).any()
    for track in compose(plan).score.tracks:
        notes = track.notes.numpy()
        ends = np.asarray(notes["time"] + notes["duration"], np.float64)
        for silence in plan.silences:
            across = (notes["time"] < silence.start_s - 0.05) & (ends > silence.start_s + 0.06)
            assert not across.any()
