"""Takes and levels: what of a plan is done again, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generators.grid import PlanError
from generators.music import SymbolicMusic
from generators.plan import Plan
from generators.plan_file import plan_from_json, plan_to_json
from generators.region import Region
from generators.rhythm import compose, take_again
from generators.takes import Level, Take
from tests.generators.plans import film


def notes(music: SymbolicMusic) -> dict[str, np.ndarray]:
    """Voice → `[N, 4]`: start, length, pitch, velocity."""
    columns = {track.name: track.notes.numpy() for track in music.score.tracks}
    return {name: np.column_stack(list(found.values())) for name, found in columns.items()}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return film()


@pytest.fixture(scope="module")
def music(plan: Plan) -> SymbolicMusic:
    return compose(plan)


def tune_of(music: SymbolicMusic) -> str:
    return next(
        voice.name
        for voice, track in zip(music.voices, music.score.tracks, strict=True)
        if voice.role == "melody" and len(track.notes)
    )


def test_a_take_changes_its_bars_of_its_voice_and_nothing_else(plan: Plan, music: SymbolicMusic) -> None:
    tune = tune_of(music)
    take = Take(Region(3, 4, in_bars=True), (tune,), 12)
    again = compose(replace(plan, takes=(take,)))
    start_s, end_s = plan.grid.bars[2].start_s, plan.grid.bar_end_s(3)
    before, after = notes(music), notes(again)
    assert not np.array_equal(before[tune], after[tune])
    for name in before:
        if name == tune:
            # What began outside is there still, note for note (it may be cut where the new begins).
            for rows, others in ((before, after), (after, before)):
                outside = (rows[name][:, 0] < start_s - 0.06) | (rows[name][:, 0] >= end_s)
                kept = rows[name][outside]
                assert len(kept)
                assert set(map(tuple, kept[:, [0, 2, 3]])) <= set(map(tuple, others[name][:, [0, 2, 3]]))
        else:
            assert np.array_equal(before[name], after[name])
    assert again.silences_s == music.silences_s
    assert again.seed == music.seed


def test_takes_follow_one_another(plan: Plan, music: SymbolicMusic) -> None:
    takes = tuple(Take(Region(bar, bar, in_bars=True), (tune_of(music),), bar) for bar in (2, 4))
    one_by_one = music
    for take in takes:
        one_by_one = take_again(plan, one_by_one, take)
    together = notes(compose(replace(plan, takes=takes)))
    assert all(np.array_equal(rows, together[name]) for name, rows in notes(one_by_one).items())


def test_a_level_moves_its_voice_alone(plan: Plan, music: SymbolicMusic) -> None:
    tune = tune_of(music)
    louder = compose(replace(plan, levels=(Level(tune, 2.5),)))
    for before, after in zip(music.voices, louder.voices, strict=True):
        assert after.gain_db == pytest.approx(before.gain_db + (2.5 if before.name == tune else 0.0))
    assert all(np.array_equal(rows, notes(louder)[name]) for name, rows in notes(music).items())


def test_takes_and_levels_come_back_from_a_plan_file(plan: Plan) -> None:
    plan = replace(plan, hits=())  # those of plans made by hand are of a kind that files have not
    said = replace(
        plan,
        takes=(
            Take(Region(1, 2, in_bars=True), ("Violins", "Harp"), 7),
            Take(Region(3, 3, in_bars=True), (), 8),
        ),
        levels=(Level("Harp", -1.5),),
    )
    back = plan_from_json(plan_to_json(said))
    assert (back.takes, back.levels) == (said.takes, said.levels)
    assert '"takes"' not in plan_to_json(plan)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (lambda plan: replace(plan, takes=(Take(Region(90, 91, in_bars=True), (), 1),)), "the music has"),
        (lambda plan: Take(Region(1.0, 2.0), (), 1), "a take is of bars"),
        (lambda plan: Level("Harp", 40.0), "more than 6 either way"),
        (lambda plan: replace(plan, levels=(Level("Harp", 1.0), Level("Harp", 2.0))), "two levels"),
    ],
)
def test_what_cannot_be_done_again_is_refused(plan: Plan, said: object, expected: str) -> None:
    with pytest.raises(PlanError, match=expected):
        said(plan)  # type: ignore[operator]
