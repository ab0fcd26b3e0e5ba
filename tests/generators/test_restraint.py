"""Music under words: what plays less, what waits, and what still meets the cuts."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from generators.grid import PlanError
from generators.key import Key
from generators.plan import Plan
from generators.plan_file import plan_from_json, plan_to_json
from generators.rhythm.chords import parse_numeral
from generators.rhythm.compose import compose
from generators.rhythm.voicing import bass_line, voice_chords
from generators.speech import ANSWER_S, Speech, held_back_s
from tests.generators.plans import bars_of, make, with_accents
from v2m.report import describe_music

PHRASES = (Speech(10.0, 13.0), Speech(13.8, 19.0), Speech(31.0, 44.0))
# The second pause, of 12 s, is long enough to answer in; the first is not.
WORDS = ((10.0, 19.0), (31.0, 44.0))
STYLES = ("cinematic", "pop", "lofi")


def scene(style: str, seed: int = 7) -> Plan:
    """Sixteen bars of 3 s, whose cuts fall on downbeats, two of them under words."""
    hits = [(bar, 0, 0.9, "cut") for bar in (2, 4, 8, 12)] + [(5, 4, 0.5, "beat")]
    grid = with_accents(bars_of([4] * 16, 80), 5)
    form = [("A", "theme", 8), ("B", "theme", 8)]
    return make(grid, form, style=style, seed=seed, hits=hits, density=[0.7] * 16, loudness=[0.7] * 16)


def spoken(plan: Plan) -> Plan:
    return replace(plan, speech=PHRASES)


def notes(plan: Plan, *roles: str) -> NDArray[np.float64]:
    """float64 `[N, 4]`: start, end, pitch, velocity of the voices of some roles, or of all."""
    music = compose(plan)
    rows = [
        (note.time, note.time + note.duration, note.pitch, note.velocity)
        for voice, track in zip(music.voices, music.score.tracks, strict=True)
        if not roles or voice.role in roles
        for note in track.notes
    ]
    return np.array(sorted(rows), dtype=np.float64).reshape(-1, 4)


def under_words(times_s: NDArray[np.float64], around_s: float = 0.0) -> NDArray[np.bool_]:
    inside = np.zeros(len(times_s), bool)
    for start, end in WORDS:
        inside |= (times_s >= start - around_s) & (times_s < end + around_s)
    return inside


def test_pauses_too_short_for_an_answer_are_not_played_into() -> None:
    assert held_back_s(PHRASES) == list(WORDS)
    apart = (Speech(1.0, 2.0), Speech(2.0 + ANSWER_S, 6.0))
    assert held_back_s(apart) == [(1.0, 2.0), (2.0 + ANSWER_S, 6.0)]


@pytest.mark.parametrize("style", STYLES)
def test_no_tune_sounds_over_words_and_it_answers_in_the_pause(style: str) -> None:
    answers = 0
    for seed in (1, 2, 3):
        tune = notes(spoken(scene(style, seed)), "melody", "counter")
        # Half a bloom early is how an ensemble plays.
        start, end = tune[:, 0] + 0.05, tune[:, 1] - 0.05
        for first, last in WORDS:
            assert not ((start < last) & (end > first)).any()
        answers += np.count_nonzero((start > 19.0) & (end < 31.0))
    assert answers >= 6


@pytest.mark.parametrize("style", STYLES)
def test_the_music_is_thinner_and_softer_under_words_and_as_it_was_elsewhere(style: str) -> None:
    before, after = notes(scene(style)), notes(spoken(scene(style)))
    here, there = (under_words(n[:, 0]) for n in (before, after))
    assert np.count_nonzero(there) < 0.7 * np.count_nonzero(here)
    assert after[there, 3].mean() < before[here, 3].mean() - 4
    # Two bars that no word touches keep their notes, but for one in twenty: players look ahead.
    early = [n[n[:, 0] < 5.9] for n in (before, after)]
    assert len(early[1]) == pytest.approx(len(early[0]), rel=0.05)


@pytest.mark.parametrize("style", STYLES)
def test_cuts_keep_their_stroke_under_words_and_lesser_hits_do_not(style: str) -> None:
    plan = spoken(scene(style))
    strokes = notes(plan, "accents")[:, 0]
    for hit in plan.planned_hits:
        struck = (np.abs(strokes - hit.played_s) < 1e-3).any()
        assert struck == (hit.kind == "cut")


def test_what_is_held_back_is_told_as_that_and_why() -> None:
    plan = spoken(scene("pop"))
    (held,) = [hit for hit in plan.planned_hits if hit.kind == "beat"]
    why = "held back under the words from 10 to 19 s"
    assert plan.held_back_hits == {held: why}
    assert held not in plan.struck_hits
    row = next(row for row in json.loads(plan_to_json(plan))["hits"] if row["kind"] == "beat")
    assert (row["planned"], row["held_back"]) == (True, why)
    told = {hits.kind: hits for hits in describe_music(plan).hits}
    assert (told["beat"].planned, told["beat"].held_back, told["beat"].held_back_why) == (0, 1, (why,))
    assert (told["cut"].planned, told["cut"].held_back) == (4, 0)
    assert not scene("pop").held_back_hits


def test_chords_that_go_below_the_voice_are_led_there() -> None:
    """Under a ceiling for a few chords, and on the way in and out, voices move by little; taken down octaves
    one note at a time they would leap.
    """
    key = Key(0, "major")
    chords = [
        parse_numeral(n, key) for n in ("I", "vi7", "IV", "V", "I", "ii7", "V7", "I", "IV", "V", "vi", "I")
    ]
    basses = bass_line(chords, 28, 50)
    ceilings = [76] * 4 + [64] * 4 + [76] * 4
    led = voice_chords(chords, basses, 48, 76, ceilings=ceilings)
    free = voice_chords(chords, basses, 48, 76)
    assert all(max(v) <= top for v, top in zip(led, ceilings, strict=True))
    lowered = [
        tuple(sorted(p - 12 if p > top and p >= 60 else p for p in v))
        for v, top in zip(free, ceilings, strict=True)
    ]

    def moved(voicings: list[tuple[int, ...]]) -> int:
        return sum(int(np.abs(np.subtract(a, b)).sum()) for a, b in itertools.pairwise(voicings))

    assert moved(led) < moved(lowered)
    assert moved(led) <= 2 * moved(free)


@pytest.mark.parametrize("style", STYLES)
def test_chords_lie_below_the_voice(style: str) -> None:
    before = notes(scene(style), "pad", "chords", "arpeggio")
    after = notes(spoken(scene(style)), "pad", "chords", "arpeggio")
    high_before, high_after = (np.mean(n[under_words(n[:, 0]), 2] > 64) for n in (before, after))
    assert high_before > 0.15
    assert high_after < 0.7 * high_before
    assert after[under_words(after[:, 0]), 2].min() >= 48


def test_somebody_plays_on_under_every_word() -> None:
    """Restraint is not silence: no second of speech is without a note that sounds."""
    for style in STYLES:
        sounding = notes(spoken(scene(style)), "pad", "chords", "arpeggio", "bass")
        for first, last in WORDS:
            for second in np.arange(first, last, 1.0):
                assert ((sounding[:, 0] < second + 1) & (sounding[:, 1] > second)).any()


def test_whoever_takes_the_words_out_of_the_plan_gets_the_music_back() -> None:
    silent = plan_from_json(plan_to_json(scene("pop")))
    plan = spoken(silent)
    data = json.loads(plan_to_json(plan))
    assert data["speech"][0] == {"start_s": 10.0, "end_s": 13.0}
    again = plan_from_json(json.dumps(data))
    assert again.speech == plan.speech
    assert (notes(again) == notes(plan)).all()
    del data["speech"]
    assert (notes(plan_from_json(json.dumps(data))) == notes(silent)).all()


@pytest.mark.parametrize(
    ("phrase", "says"),
    [
        ({"start_s": 5.0, "end_s": 4.0}, "must end after it begins"),
        ({"start_s": -1.0, "end_s": 4.0}, "start_s"),
        ({"start_s": "soon", "end_s": 4.0}, "start_s"),
        ({"end_s": 4.0}, "start_s"),
        ("words", "speech 1"),
    ],
)
def test_words_that_make_no_sense_are_refused_in_one_line(phrase: object, says: str) -> None:
    data = json.loads(plan_to_json(scene("pop")))
    data["speech"] = [phrase]
    with pytest.raises(PlanError, match=says) as caught:
        plan_from_json(json.dumps(data))
    assert "\n" not in str(caught.value)
