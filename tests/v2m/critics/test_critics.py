"""Critics: what they keep is in the music, every number in the log is measured, and the rest is as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from generators.grid import PlanError
from generators.music import SymbolicMusic
from generators.plan import Plan
from generators.plan_file import plan_from_json, plan_to_json
from generators.rhythm import compose
from tests.v2m.critics import pieces
from v2m.alignment import balance, mode
from v2m.alignment.notes import Notes
from v2m.critics.brief import Brief, make_brief
from v2m.critics.changes import CurveChange, LevelChange, bars_of, change_of
from v2m.critics.critic import Critic
from v2m.critics.reward import WEIGHTS, reward, terms
from v2m.critics.rounds import CRITICS, Improved, improve, replayed
from v2m.critics.work import Request, Work, make_work

SEED = 3


@pytest.fixture(scope="module")
def plan() -> Plan:
    return pieces.plan(SEED)


@pytest.fixture(scope="module")
def brief(plan: Plan) -> Brief:
    return make_brief(plan, pieces.streams())


@pytest.fixture(scope="module")
def improved(plan: Plan, brief: Brief) -> Improved:
    return improve(plan, compose(plan), brief)


def same(one: SymbolicMusic, other: SymbolicMusic) -> bool:
    return one.voices == other.voices and all(
        np.array_equal(a.notes.numpy()[name], b.notes.numpy()[name])
        for a, b in zip(one.score.tracks, other.score.tracks, strict=True)
        for name in ("time", "duration", "pitch", "velocity")
    )


def test_something_is_found_kept_and_taken_back(improved: Improved) -> None:
    log = improved.log
    assert log.kept
    assert len(log.kept) < len(log.entries)
    assert log.reward_after > log.reward_before
    assert {entry.critic for entry in log.entries} == {critic.name for critic in CRITICS}


def test_the_log_is_true(improved: Improved, plan: Plan, brief: Brief) -> None:
    """Every change made anew from the log, composed from the plan alone and measured, gives what it says."""
    voices = [voice.name for voice in compose(plan).voices]
    scores = {critic.name: critic.score for critic in CRITICS}
    here = make_work(plan, compose(plan), brief)
    assert here.reward == pytest.approx(improved.log.reward_before, abs=1e-6)
    for entry, changed in replayed(plan, improved.log, voices):
        assert entry.before == pytest.approx(scores[entry.critic](here.assessment), abs=1e-6)
        assert entry.reward_before == pytest.approx(here.reward, abs=1e-6)
        there = make_work(changed, compose(changed), brief)
        assert entry.after == pytest.approx(scores[entry.critic](there.assessment), abs=1e-6)
        assert entry.reward_after == pytest.approx(there.reward, abs=1e-6)
        assert entry.kept == (entry.after > entry.before and there.reward - here.reward >= 0.0005)
        if entry.kept:
            assert changed != here.plan
            assert not same(there.music, here.music)
            here = there
    assert here.plan == improved.plan
    assert same(here.music, improved.music)
    assert improved.log.terms_after == pytest.approx(terms(here.assessment), abs=1e-6)


def test_what_critics_did_comes_back_from_the_plan_file(improved: Improved) -> None:
    back = plan_from_json(plan_to_json(improved.plan))
    assert (back.takes, back.levels, back.chords) == (
        improved.plan.takes,
        improved.plan.levels,
        improved.plan.chords,
    )
    assert back.curves == improved.plan.curves


def test_the_same_again(improved: Improved, plan: Plan, brief: Brief) -> None:
    once = improve(plan, compose(plan), brief, rounds=1)
    first = [entry for entry in improved.log.entries if entry.round == 1]
    assert list(once.log.entries) == first


def test_a_change_that_does_not_help_is_taken_back(plan: Plan, brief: Brief) -> None:
    """A critic who wants the lively end softer: loudness then follows movement less, so nothing changes."""
    last = range(len(plan.grid.bars) - 3, len(plan.grid.bars))

    def ask(work: Work, asked: int) -> Iterator[Request]:
        return iter([Request("The end is too loud.", CurveChange(bars_of(last), "loudness", -0.6))])

    critic = Critic("spoiler", "loudness", lambda found: found.score("curves.loudness_motion"), ask)
    music = compose(plan)
    made = improve(plan, music, brief, critics=[critic])
    (entry,) = made.log.entries
    assert not entry.kept
    assert entry.after < entry.before
    assert (made.plan, made.music) == (plan, music)
    assert "taken back, since what was found is no better for it" in made.log.to_text()


def test_the_log_reads_as_a_page_and_as_json(improved: Improved) -> None:
    text = improved.log.to_text()
    for entry in improved.log.entries:
        assert entry.found in text
        assert entry.asks in text
    assert text.count(": kept, ") == len(improved.log.kept)
    row = json.loads(improved.log.to_json())
    assert len(row["entries"]) == len(improved.log.entries)


def test_a_named_key_and_written_chords_are_left_alone(plan: Plan) -> None:
    from generators.written import WrittenChord

    mine = tuple(WrittenChord(bar, 0, "C") for bar in range(len(plan.grid.bars)))
    own = replace(plan, chords=mine)
    brief = make_brief(own, pieces.streams(), key_is_asked_for=True)
    made = improve(own, compose(own), brief)
    assert made.plan.chords == mine
    assert [s.key for s in made.plan.sections] == [s.key for s in plan.sections]


def test_without_streams_the_plan_alone_is_the_brief(plan: Plan) -> None:
    brief = make_brief(plan, None)
    assert list(brief.cuts_s) == pytest.approx([4.0, 8.0, 12.0], abs=0.05)
    assert np.isnan(brief.motion).all()
    made = improve(plan, compose(plan), brief, rounds=1)
    assert made.log.reward_after >= made.log.reward_before


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"kind": "take", "bars": "bars 90-91", "voices": [], "seed": 1}, "the music has"),
        ({"kind": "take", "bars": "bars 1-2", "voices": ["Kazoo"], "seed": 1}, "nobody is called 'Kazoo'"),
        ({"kind": "chords", "bars": "bars 1-2", "chords": [[1, 1, "H"]]}, "chord 'H' is not understood"),
        ({"kind": "chords", "bars": "bars 1-2", "chords": [[1, 1, 7]]}, "otherwise than it should"),
        ({"kind": "chords", "bars": "bars 1-2", "chords": [[5, 1, "C"]]}, "chords outside"),
        ({"kind": "curve", "bars": "bars 1-2", "curve": "colour", "by": 0.1}, "curve 'colour'"),
        ({"kind": "key", "section": 40, "key": "C"}, "there is no section 40"),
        ({"kind": "players", "section": 1, "players": []}, "somebody has to play"),
        ({"kind": "level", "voice": "Strings", "by_db": 30}, "more than 6"),
        ({"kind": "level", "voice": "Strings"}, "lacks something"),
        ({"kind": "applause"}, "none of take"),
    ],
)
def test_changes_that_cannot_be_are_refused(plan: Plan, row: dict[str, object], expected: str) -> None:
    with pytest.raises(PlanError, match=expected):
        change_of(row, plan, ["Strings", "Violins"])


def test_every_change_is_read_as_it_was_written(improved: Improved, plan: Plan) -> None:
    voices = [voice.name for voice in improved.music.voices]
    for entry in improved.log.entries:
        assert change_of(entry.change, plan, voices).to_json() == entry.change


def test_a_level_is_heard_in_the_balance(plan: Plan, brief: Brief) -> None:
    music = compose(plan)
    work = make_work(plan, music, brief)
    tune = work.voices("melody")[0]
    louder = LevelChange(tune, 3.0).of(plan)
    after = make_work(louder, compose(louder), brief)
    if len(work.voices("melody")) == 1:
        told = after.assessment.score("balance.lead_margin") - work.assessment.score("balance.lead_margin")
        assert told == pytest.approx(3.0, abs=1e-6)


def test_reward_is_the_weighted_sum() -> None:
    found = dict.fromkeys(WEIGHTS, 1.0)
    assert reward(found) == pytest.approx(1.0)
    assert reward(dict.fromkeys(WEIGHTS, 0.0)) == 0


def notes(rows: list[tuple[float, float, int, int]]) -> Notes:
    start, end, pitch, velocity = (np.array(column) for column in zip(*rows, strict=True))
    return Notes(start * 1.0, end * 1.0, pitch, velocity, np.zeros(len(rows), bool))


def test_balance_of_a_tune_over_a_chord() -> None:
    tune, chord = notes([(0, 1, 72, 127), (1, 2, 72, 127)]), notes([(0, 2, 67, 127)])
    far = notes([(0, 2, 36, 127)])
    for gain_db in (0.0, -4.0):
        margins = balance.margins_db([tune, chord, far], [gain_db, 0.0, 12.0], [True, False, False], 2)
        # A note of one second is struck anew; the other has rung for a second and half a second.
        assert margins[0] == pytest.approx(gain_db, abs=1e-9)
    (_, heard) = balance.evaluate([tune, chord], [-20.0, 0.0], [True, False], 2)
    assert heard.score == 0
    (_, heard) = balance.evaluate([tune, chord], [0.0, 0.0], [True, False], 2)
    assert heard.score == 1
    assert not balance.evaluate([chord], [0.0], [False], 2)[0].defined
    with pytest.raises(ValueError, match="as many"):
        balance.margins_db([tune], [0.0], [True, False], 2)


def test_key_lead_knows_the_key_that_is_played() -> None:
    scale = [60, 62, 64, 65, 67, 69, 71]
    played = notes([(k, k + 1, p, 80) for k, p in enumerate([*scale, 72, 67, 64, 60, 60])])
    c_major = mode.Span(0, 12, 0, frozenset({0, 2, 4, 5, 7, 9, 11}))
    c_minor = mode.Span(0, 12, 0, frozenset({0, 2, 3, 5, 7, 8, 10}))
    assert mode.key_lead(played, c_major) > 0.1
    assert mode.key_lead(played, c_minor) < 0
    lead, inside = mode.evaluate(played, [c_major])
    assert inside.score == pytest.approx(1.0)
    assert lead.score == pytest.approx(mode.key_lead(played, c_major))
    assert not mode.evaluate(played, [])[0].defined
    with pytest.raises(ValueError, match="third"):
        mode.Span(0, 1, 0, frozenset({0, 7}))
