"""Plan → the plan with chords, a tune's skeleton, density and loudness written by the affective transformer.

The chords stand in the plan, where a person can change them, and the arranger plays them in the chosen
style. What was written there before is kept. A section that returns brings its chords back; each section's
last chord leads to the next, and the music comes home, as in `rhythm.harmony`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from encoders.stream import Streams
from generators.affective.chord_words import (
    QUALITIES,
    SOUNDS_AS,
    home,
    quality_of,
    root_of,
    transposition,
    word,
)
from generators.affective.listening import Place, listen, places
from generators.affective.model import AffectiveTransformer
from generators.affective.sampling import Drawn, Given, Sampling, draw
from generators.affective.tune import pitch_of
from generators.chord_names import parse_chord, spell_chord
from generators.curves import Curves
from generators.key import Key
from generators.plan import Plan
from generators.rhythm.cadences import lead_in, leading_chord
from generators.rhythm.chord_colour import stepwise
from generators.rhythm.chord_space import KIND_OF_QUALITY, MAJOR_MODES, kind_of, symbol_of
from generators.rhythm.chord_space import root_of as above_tonic
from generators.rhythm.chords import Chord
from generators.rhythm.timeline import Timeline
from generators.written import WrittenChord, WrittenTone

# How far a bar's density and loudness go with the model's, for one deviation of the corpus.
FULLER, LOUDER = 0.10, 0.08
PLAIN = {"maj": "maj", "min": "min", "dom": "7", "dim": "dim", "aug": "aug", "sus": "sus4"}


def write_chords(
    plan: Plan,
    streams: Streams | None,
    models: Sequence[AffectiveTransformer],
    sampling: Sampling,
    *,
    primer: Sequence[str] = (),
) -> Plan:
    """The plan with a chord or two in every bar, notes of a tune, and its density and loudness curves bent.

    Args:
        plan: chords and notes of the tune that stand in it are kept.
        streams: of the clip; without, only the plan's curves are heard.
        models: whose odds are averaged.
        sampling: how chords are drawn.
        primer: chord names in the home key that are heard before the music; its tonic if there are none.

    Raises:
        PlanError: if a chord of the primer is not understood.
    """
    steps = places(plan)
    if not steps:
        return plan
    timeline = Timeline(plan)
    keys = [plan.sections[timeline.section_at(int(timeline.first_slot[step.bar]))].key for step in steps]
    kept = _kept(plan, steps, keys)
    heard = [_word(Chord(*parse_chord(name)), plan.key) for name in primer]
    given = Given(tuple(heard) or (home(plan.key.mode in MAJOR_MODES),), kept, _returns(plan, steps))
    drawn = draw(models, listen(plan, streams, steps), given, sampling)
    chords = _led(plan, steps, keys, _sounding(drawn, keys), set(kept), timeline)
    written = _written(plan, steps, _stepping(chords, set(kept)))
    tune = _tune(plan, steps, keys, chords, drawn)
    return replace(plan, chords=written, tune=tune, curves=_bent(plan, steps, drawn))


def _shift(key: Key) -> int:
    """Semitones from C major or A minor to a key."""
    return transposition(key.tonic, key.mode in MAJOR_MODES)


def _word(chord: Chord, key: Key) -> int:
    """The nearest word, in the normalised key."""
    named = {ours: theirs for theirs, ours in SOUNDS_AS.items()}.get(chord.quality, chord.quality)
    quality = named if named in QUALITIES else PLAIN[KIND_OF_QUALITY[chord.quality]]
    return word(chord.root - _shift(key), quality)


def _sounding(drawn: Drawn, keys: list[Key]) -> list[Chord]:
    chords = []
    for number, key in zip(drawn.chords.tolist(), keys, strict=True):
        root = (root_of(number) + _shift(key)) % 12
        chords.append(Chord(root, SOUNDS_AS.get(quality_of(number), quality_of(number)), root))
    return chords


def _kept(plan: Plan, steps: list[Place], keys: list[Key]) -> dict[int, int]:
    """The steps of bars in which chords are written, with the chord that sounds when they begin."""
    by_bar: dict[int, list[WrittenChord]] = {}
    for chord in plan.chords:
        by_bar.setdefault(chord.bar, []).append(chord)
    kept = {}
    for i, step in enumerate(steps):
        sounding = [c for c in by_bar.get(step.bar, ()) if c.beat <= step.beat] or by_bar.get(step.bar, [])[
            :1
        ]
        if sounding:
            kept[i] = _word(Chord(*parse_chord(sounding[-1].name)), keys[i])
    return kept


def _returns(plan: Plan, steps: list[Place]) -> dict[int, int]:
    """Step → the step of the first section of that label which stands at the same place in it."""
    first: dict[tuple[str, int, int], int] = {}
    again = {}
    for section in plan.sections:
        for i, step in enumerate(steps):
            if section.start_bar <= step.bar < section.end_bar:
                place = (section.label, step.bar - section.start_bar, step.beat)
                if place in first:
                    again[i] = first[place]
                else:
                    first[place] = i
    return again


def _led(
    plan: Plan,
    steps: list[Place],
    keys: list[Key],
    chords: list[Chord],
    kept: set[int],
    timeline: Timeline,
) -> list[Chord]:
    """The last chord of each section, pointed at what follows."""
    out = list(chords)
    ends = {section.end_bar for section in plan.sections[:-1]}
    for i, step in enumerate(steps):
        last = i + 1 == len(steps)
        if i in kept or not (last or (step.bar + 1 in ends and steps[i + 1].bar == step.bar + 1)):
            continue
        if last:
            key, lead = keys[i], leading_chord(keys[i].mode)
        else:
            key = keys[i + 1]
            rng = timeline.random("affective lead", step.bar)
            tension = plan.curves.tension[step.bar]
            lead = lead_in(
                symbol_of(out[i + 1], key), key, keys[i], tension, (float(rng.random()), float(rng.random()))
            )
        root = (key.tonic + above_tonic(lead)) % 12
        out[i] = Chord(root, PLAIN[kind_of(lead)], root)
    return out


def _stepping(chords: list[Chord], kept: set[int]) -> list[Chord]:
    """First inversions where they make the bass go by step."""
    out = list(chords)
    changes = [i for i, chord in enumerate(chords) if i == 0 or chord != chords[i - 1]]
    for before, here, after in zip(changes, changes[1:], changes[2:], strict=False):
        if not kept.intersection(range(here, after)):
            out[here:after] = [stepwise(out[before], out[here], out[after])] * (after - here)
    return out


def _written(plan: Plan, steps: list[Place], chords: list[Chord]) -> tuple[WrittenChord, ...]:
    own = {chord.bar for chord in plan.chords}
    written = list(plan.chords)
    for i, (step, chord) in enumerate(zip(steps, chords, strict=True)):
        held = step.beat > 0 and chord == chords[i - 1]
        if step.bar not in own and not held:
            written.append(
                WrittenChord(step.bar, step.beat, spell_chord(chord.root, chord.quality, chord.bass))
            )
    return tuple(sorted(written, key=lambda chord: (chord.bar, chord.beat)))


def _tune(
    plan: Plan, steps: list[Place], keys: list[Key], chords: list[Chord], drawn: Drawn
) -> tuple[WrittenTone, ...]:
    """The tune's skeleton where it agrees with the chord; a bar that has notes already keeps them."""
    own = {tone.bar for tone in plan.tune}
    written = list(plan.tune)
    for step, key, chord, degree in zip(steps, keys, chords, drawn.tune.tolist(), strict=True):
        pitch = pitch_of(degree)
        if pitch is None or step.bar in own or (pitch + _shift(key)) % 12 not in chord.triad:
            continue
        written.append(WrittenTone.of(step.bar, step.beat, pitch + _shift(key)))
    return tuple(sorted(written, key=lambda tone: (tone.bar, tone.beat)))


def _bent(plan: Plan, steps: list[Place], drawn: Drawn) -> Curves:
    """The plan's curves, fuller and louder where the model's are above their mean, and the reverse."""
    away = drawn.levels - drawn.levels.mean(0)
    by_bar = np.zeros((len(plan.grid.bars), 2))
    for bar in range(len(by_bar)):
        rows = [i for i, step in enumerate(steps) if step.bar == bar]
        by_bar[bar] = away[rows].mean(0) if rows else 0.0
    density = np.clip(np.array(plan.curves.density) + FULLER * by_bar[:, 0], 0.0, 1.0)
    loudness = np.clip(np.array(plan.curves.loudness) + LOUDER * by_bar[:, 1], 0.0, 1.0)
    return replace(
        plan.curves,
        density=tuple(round(float(x), 3) for x in density),
        loudness=tuple(round(float(x), 3) for x in loudness),
    )
