"""Plan → chords: what is written is kept, what returns returns, and moods and pictures are heard."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from encoders.stream import Stream, Streams
from generators.affective import shipped_models, write_chords
from generators.affective.chord_words import MAJOR_TYPE, NO_CHORD, WORDS, quality_of, root_of, tones_of, word
from generators.affective.listening import listen, places
from generators.affective.model import Memory, Step
from generators.affective.sampling import Given, Sampling, draw
from generators.affective.senses import PICTURE
from generators.chord_names import SUFFIXES, parse_chord, spell_chord
from generators.grid import PlanError
from generators.key import Key
from generators.plan import Plan
from generators.plan_file import plan_from_json, plan_to_json
from generators.rhythm import compose
from generators.rhythm.chords import QUALITIES, Chord
from generators.wishes import Wishes
from generators.written import WrittenChord, WrittenTone
from tests.generators.plans import bars_of, film, make, waltz
from tests.generators.streams_by_hand import clip, curve, cuts


def written(plan: Plan, seed: int = 0, streams: Streams | None = None) -> Plan:
    return write_chords(plan, streams, shipped_models(), Sampling(seed=seed))


def named(plan: Plan) -> list[tuple[int, int, str]]:
    return [(chord.bar, chord.beat, chord.name) for chord in plan.chords]


@cache
def long_plan(bars: int = 40, valence: float = 0.0, arousal: float = 0.0) -> Plan:
    plan = make(bars_of([4] * bars, 110), [("A", "theme", bars)], valence=valence)
    return replace(plan, curves=replace(plan.curves, arousal=(arousal,) * bars))


@pytest.mark.parametrize("plan", [film(), waltz()], ids=["film", "waltz"])
def test_every_bar_up_to_the_last_chord_has_a_chord_on_its_downbeat(plan: Plan) -> None:
    done = written(plan)
    downbeats = {chord.bar for chord in done.chords if chord.beat == 0}
    assert downbeats == {step.bar for step in places(plan)}


def test_a_seed_is_a_piece() -> None:
    assert named(written(film(), 3)) == named(written(film(), 3))
    assert named(written(film(), 3)) != named(written(film(), 4))


def test_chords_of_a_person_are_kept_and_the_rest_is_filled_in() -> None:
    own = (WrittenChord(2, 0, "F#m7b5"), WrittenChord(2, 3, "B7/D#"), WrittenChord(5, 1, "C6"))
    done = written(replace(film(), chords=own))
    assert [chord for chord in done.chords if chord.bar in (2, 5)] == list(own)
    assert len({chord.bar for chord in done.chords}) == len({step.bar for step in places(film())})
    again = written(done, seed=9)
    assert again.chords == done.chords  # nothing is left to write


def test_what_is_written_is_what_sounds() -> None:
    own = (WrittenChord(4, 0, "F#dim"), WrittenChord(4, 2, "B7"), WrittenChord(6, 0, "Ebmaj7"))
    plan = replace(film("pop"), chords=own)
    tones = {(c.bar, c.beat): set(Chord(*parse_chord(c.name)).tones) for c in own}
    music = compose(plan)
    beat_s = 60 / 96
    spans = {(4, 0): (4, 0, 2), (4, 2): (4, 2, 4), (6, 0): (6, 0, 4)}
    checked = 0
    for track, voice in zip(music.score.tracks, music.voices, strict=True):
        if voice.role not in ("chords", "pad"):
            continue
        notes = track.notes.numpy()
        for place, (bar, first, end) in spans.items():
            start_s, end_s = (bar * 4 + first) * beat_s - 0.06, (bar * 4 + end) * beat_s - 0.1
            inside = (notes["time"] >= start_s) & (notes["time"] < end_s)
            heard = {int(p) % 12 for p in notes["pitch"][inside]}
            checked += len(heard)
            assert heard <= tones[place], (voice.name, place, heard)
    assert checked >= 6


def test_a_section_that_returns_brings_its_chords_back() -> None:
    plan = film()
    done = written(plan)
    first, second = (s for s in plan.sections if s.label == "A")
    rows = [
        [(c.bar - section.start_bar, c.beat, c.name) for c in done.chords if c.bar in range(*edges)]
        for section, edges in (
            (first, (first.start_bar, first.start_bar + 4)),
            (second, (second.start_bar, second.start_bar + 4)),
        )
    ]
    # A bass that goes by step may turn a chord over; its name before the stroke is the same.
    plain = [[(bar, beat, name.split("/")[0]) for bar, beat, name in row] for row in rows]
    assert plain[0] == plain[1]


def test_it_comes_home_over_what_leads_there() -> None:
    for mode, leads in (("major", {7}), ("minor", {7})):
        plan = make(bars_of([4] * 12, 110), [("A", "theme", 12)], key=Key(2, mode))
        root, _, _ = parse_chord(written(plan).chords[-1].name)
        assert (root - 2) % 12 in leads


def share_of_major(plan: Plan, guidance: float = 1.5) -> float:
    steps = places(plan)
    drawn = [
        draw(shipped_models(), listen(plan, None, steps), Given((1,)), Sampling(seed=s, guidance=guidance))
        for s in range(4)
    ]
    return float(np.mean([quality_of(int(c)) in MAJOR_TYPE for d in drawn for c in d.chords]))


def test_a_brighter_mood_has_more_major_chords_and_guidance_sharpens_it() -> None:
    dark, plain, bright = (share_of_major(long_plan(valence=v)) for v in (-0.9, 0.0, 0.9))
    assert dark + 0.1 < plain < bright - 0.05
    far = share_of_major(long_plan(valence=0.9)) - share_of_major(long_plan(valence=-0.9))
    free = share_of_major(long_plan(valence=0.9), 0.0) - share_of_major(long_plan(valence=-0.9), 0.0)
    assert free == 0.0
    assert far > 0.35  # without guidance nobody asks for a mood


def test_a_more_roused_mood_is_fuller_and_louder() -> None:
    levels = []
    for arousal in (-0.8, 0.8):
        plan = long_plan(arousal=arousal)
        drawn = draw(shipped_models(), listen(plan, None, places(plan)), Given((1,)), Sampling())
        levels.append(drawn.levels.mean(0))
    assert (levels[1] - levels[0] > 1.0).all()


def test_density_and_loudness_are_used_and_differ_from_bar_to_bar() -> None:
    plan = long_plan()
    done = written(plan)
    for name in ("density", "loudness"):
        bent = np.array(getattr(done.curves, name)) - np.array(getattr(plan.curves, name))
        assert 0.01 < bent.std() < 0.2
    assert done.curves.valence == plan.curves.valence


def test_the_picture_is_heard() -> None:
    plan = long_plan()
    length_s = plan.duration_s
    motion = curve("motion", length_s, 0.1, raw=0.0)
    busy = clip(length_s, cuts(tuple(np.arange(2.0, length_s - 2, 1.7))), motion)
    motion.values[:] = 3.0
    steps = places(plan)
    seen = listen(plan, busy, steps)
    assert bool(seen.heard["motion"].all())
    assert bool(seen.heard["cuts"].all())
    assert not bool(seen.heard["semantic"].any())  # no CLIP here
    (model, *_), music = (
        shipped_models(),
        Step(
            torch.randint(1, WORDS, (1, len(steps)), generator=torch.Generator().manual_seed(1)),
            torch.full((1, len(steps), 2), torch.nan),
            torch.full((1, len(steps)), -1),
        ),
    )
    with torch.no_grad():
        told, untold = model(seen, music), model(seen.without(*PICTURE), music)
    assert float((told.chords - untold.chords).abs().max()) > 0.02
    assert float((told.levels - untold.levels).abs().mean()) > 0.02


@torch.no_grad()
def test_a_step_at_a_time_is_the_same_as_all_at_once() -> None:
    (model, *_) = shipped_models()
    plan = long_plan(80)
    steps = places(plan)
    senses = listen(plan, None, steps)
    generator = torch.Generator().manual_seed(2)
    music = Step(
        torch.randint(0, 30, (1, len(steps)), generator=generator),
        torch.randn(1, len(steps), 2, generator=generator),
        torch.randint(0, 38, (1, len(steps)), generator=generator),
    )
    whole, seen, memory = model(senses, music), model.look(senses), Memory.begin(1, model.config)
    for at in range(len(steps) - 1):
        one = model.step(seen[:, at + 1 : at + 2], Step(*(part[:, at : at + 1] for part in music)), memory)
        for now, then in zip(one, whole, strict=True):
            torch.testing.assert_close(now[:, 0], then[:, at], atol=2e-4, rtol=1e-3)


def test_ten_minutes_remember_no_more_than_the_model_looks_back() -> None:
    (model, *_) = shipped_models()
    memory = Memory.begin(1, model.config)
    seen = torch.zeros(1, 1, model.config.width)
    heard = Step(
        torch.ones(1, 1, dtype=torch.long), torch.full((1, 1, 2), torch.nan), -torch.ones(1, 1).long()
    )
    for _ in range(model.config.lags + 40):
        model.step(seen, heard, memory)
    assert memory.past.shape[1] == model.config.lags
    assert all(layer is not None and layer[0].shape[2] == model.config.lags for layer in memory.layers)


def test_no_step_is_without_a_chord() -> None:
    plan = long_plan(60)
    drawn = draw(
        shipped_models(), listen(plan, None, places(plan)), Given((1,)), Sampling(temperature=2, top_p=1)
    )
    assert (drawn.chords != NO_CHORD).all()
    assert len(set(drawn.chords.tolist())) > 8


def test_temperature_nought_draws_nothing_and_restlessness_moves() -> None:
    plan = long_plan(24)
    senses = listen(plan, None, places(plan))
    one, two = (
        draw(shipped_models(), senses, Given((1,)), Sampling(seed=s, temperature=0)).chords for s in (1, 2)
    )
    assert (one == two).all()
    held = [
        np.mean(
            [
                np.diff(
                    draw(
                        shipped_models(), senses, Given((1,)), Sampling(seed=s, restless=r, variety=0.0)
                    ).chords
                )
                == 0
                for s in range(4)
            ]
        )
        for r in (0.0, 3.0)
    ]
    assert held[1] < held[0]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"primer": ()}, "primer"),
        ({"primer": (999,)}, "primer"),
        ({"primer": (1,), "again": {3: 5}}, "before"),
    ],
)
def test_what_cannot_be_given_is_refused(given: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Given(**given)  # type: ignore[arg-type]


def test_a_plan_file_keeps_its_chords() -> None:
    done = written(waltz())
    assert plan_from_json(plan_to_json(done)).chords == done.chords


@pytest.mark.parametrize(
    ("chords", "says"),
    [
        ("Am", "bar 3: chords must be a list"),
        ([["Am", 1]], "bar 3: a chord is"),
        ([[1, "H7"]], "bar 3: chord 'H7' is not understood"),
        ([[1, "Cfoo"]], "bar 3: chord 'Cfoo'"),
        ([[9, "Am"]], "bar 3: chord Am is on beat 9"),
        ([[3, "Am"], [1, "C"]], "bar 3: chords must stand in order"),
    ],
)
def test_chords_that_make_no_sense_are_refused_in_one_line(chords: object, says: str) -> None:
    data = json.loads(plan_to_json(waltz()))
    data["bars"][2]["chords"] = chords
    with pytest.raises(PlanError) as error:
        plan_from_json(json.dumps(data))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("tune", "says"),
    [
        ([[1, 60]], "bar 3: a note of the tune is [beat, name]"),
        ([[1, "Am"]], "bar 3: note 'Am' is not understood"),
        ([[9, "A"]], "bar 3: note A is on beat 9"),
    ],
)
def test_notes_of_a_tune_that_make_no_sense_are_refused_in_one_line(tune: object, says: str) -> None:
    data = json.loads(plan_to_json(waltz()))
    data["bars"][2]["tune"] = tune
    with pytest.raises(PlanError) as error:
        plan_from_json(json.dumps(data))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def sung(plan: Plan) -> list[tuple[float, int]]:
    """(beat of the music, pitch class) of each note of the melody, at 96 beats a minute."""
    music = compose(plan)
    track = next(
        t
        for t, v in zip(music.score.tracks, music.voices, strict=True)
        if v.role == "melody" and len(t.notes)
    )
    notes = track.notes.numpy()
    order = np.argsort(notes["time"])
    return [(float(notes["time"][i]) * 96 / 60, int(notes["pitch"][i]) % 12) for i in order]


def test_the_melody_goes_through_the_notes_that_are_written() -> None:
    plan = film("pop")
    chords = tuple(WrittenChord(bar, 0, "C" if bar % 2 else "Am") for bar in range(4, 8))
    free = replace(plan, chords=chords)
    by_bar = {
        bar: [pc for beat, pc in sung(free) if bar <= (beat + 0.15) / 4 < bar + 1] for bar in range(4, 8)
    }
    heard = [bar for bar, classes in by_bar.items() if classes]
    assert heard
    for name, wanted in (("C", 0), ("E", 4)):
        told = replace(free, tune=tuple(WrittenTone(bar, 0, name) for bar in heard))
        first: dict[int, int] = {}
        for beat, pc in sung(told):
            first.setdefault(int((beat + 0.15) // 4), pc)
        assert [first[bar] for bar in heard] == [wanted] * len(heard)


def test_a_tune_is_kept_in_a_file() -> None:
    plan = replace(waltz(), tune=(WrittenTone(2, 0, "Bb"), WrittenTone(2, 2, "C")))
    assert '"tune": [[1, "Bb"], [3, "C"]]' in plan_to_json(plan)
    assert plan_from_json(plan_to_json(plan)).tune == plan.tune


def test_the_transformer_writes_notes_of_the_chords_and_a_person_s_stay() -> None:
    own = (WrittenTone(3, 0, "D"),)
    done = written(replace(long_plan(), tune=own))
    assert [tone for tone in done.tune if tone.bar == 3] == list(own)
    written_by_it = [tone for tone in done.tune if tone.bar != 3]
    assert len(written_by_it) > 10
    at = {(chord.bar, chord.beat): chord.name for chord in done.chords}
    for tone in written_by_it:
        name = at.get((tone.bar, tone.beat)) or at[(tone.bar, 0)]
        assert tone.pitch_class in Chord(*parse_chord(name)).tones


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"primer": ("Am",)}, "affective"),
        ({"primer": ("Am", "H"), "generator": "affective"}, "'H' is not understood"),
    ],
)
def test_a_primer_that_cannot_be_heard_is_refused(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(PlanError, match=says):
        Wishes(**asked)


def test_a_primer_is_gone_on_from() -> None:
    """What was heard before comes back more often than without."""
    primer = ("Ab", "Eb", "Bb", "F") * 2
    counts = []
    for heard in (primer, ()):
        roots = [
            parse_chord(chord.name)[0]
            for seed in range(3)
            for chord in write_chords(
                long_plan(12), None, shipped_models(), Sampling(seed=seed), primer=heard
            ).chords[:16]
        ]
        counts.append(sum(root in (8, 3, 10) for root in roots))
    assert counts[0] > counts[1] + 3


def test_names_and_chords_go_both_ways() -> None:
    for root in range(12):
        for quality in QUALITIES:
            assert parse_chord(spell_chord(root, quality, (root + 3) % 12)) == (
                root,
                quality,
                (root + 3) % 12,
            )
    assert set(SUFFIXES.values()) == set(QUALITIES)


def test_words_are_numbered_as_in_the_corpus() -> None:
    assert (word(0, "maj"), word(9, "min"), word(7, "7"), WORDS) == (1, 122, 102, 157)
    for number in range(1, WORDS):
        assert word(root_of(number), quality_of(number)) == number
    assert tones_of(word(9, "min7")) == {9, 0, 4, 7}


def test_clip_is_heard_where_it_is_the_one_that_was_learnt_from() -> None:
    plan = long_plan()
    at = np.arange(0, plan.duration_s, 1.0)
    rows = np.random.default_rng(1).normal(size=(len(at), 768)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    for source, heard in (("open_clip ViT-L-14-336 openai", True), ("open_clip ViT-B-32", False)):
        stream = Stream(
            "semantics", at, rows, np.ones(len(at), bool), tuple(f"e{k}" for k in range(768)), "unit", source
        )
        senses = listen(plan, clip(plan.duration_s, stream), places(plan))
        assert bool(senses.heard["semantic"].any()) is heard
        if heard:
            assert 0.1 < float(senses.values["semantic"].std()) < 10.0
