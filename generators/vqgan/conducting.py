"""Picture and plan → controls: what in training was taken from music, drawn for music that is not there yet.

The page to read to know what the picture decides. Onsets come from the strokes, loudness and brightness from
the plan's curves and from how much moves, harmony from the plan's key and chords, which is why minutes of it
hold together: every window of the generator is told of one and the same plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from encoders.stream import Streams
from generators.plan import Plan
from generators.rhythm.band import read_band
from generators.rhythm.harmony import Harmony, Span, harmonise
from generators.rhythm.timeline import Timeline
from generators.rhythm.voicing import bass_line, voice_chords
from generators.rhythm.written_harmony import as_written
from generators.spotting import under_speech
from generators.style import load_style
from generators.vqgan.codec import Codec
from generators.vqgan.controls import (
    SAMPLE_RATE,
    STYLES,
    Controls,
    draw_beats,
    draw_curve,
    draw_onsets,
    fold_tones,
    latents_of,
)
from generators.vqgan.listening import QUIETEST_DB, scaled_level
from generators.vqgan.sketch import draw_sketch
from generators.vqgan.strokes import Stroke, as_events, find_strokes
from generators.vqgan.tones import RATE, Tone, draw_tones, keep_tones

BASS, CHORDS, FIGURE = (33, 50), (52, 71), (64, 81)  # ranges, MIDI
SOFTEST_DB, LOUDEST_DB = -23.0, -11.0  # of bars whose loudness is 0 and 1
MOVES_DB = 3.0  # how far a movement within the bar moves the loudness
TONES_BELOW_DB = 2.0  # the guide's own loudness under that of the music
CALM_OCTAVES, BRIGHT_OCTAVES = -2.4, 0.2  # brightness of the calmest and the most excited bar
FINE_S = 0.1  # how finely curves are drawn
SILENT_S = 0.15
RING_OUT_S = 1.2


@dataclass(frozen=True)
class Chordal:
    """A chord as it is told: when, its notes, its bass note and its pitch classes."""

    start_s: float
    end_s: float
    notes: tuple[int, ...]
    bass: int
    span: Span


def conduct(plan: Plan, streams: Streams | None, codec: Codec) -> Controls:
    """The controls of a whole plan, one frame for every hop begun.

    Args:
        plan: all bars, hits, curves and the key.
        streams: of the picture; None where only the plan is at hand: its accents then speak for them.
        codec: whose frames are told of.

    Raises:
        PlanError: if the plan's style is unknown.
    """
    plan = under_speech(plan)
    band = read_band(load_style(plan.style))
    timeline = Timeline(plan, band.swing, band.swing_unit)
    hop = codec.hop
    frames = -(-round(plan.duration_s * SAMPLE_RATE) // hop)
    drums = any(part.voice.role == "drums" for part in band.parts)
    strokes = find_strokes(timeline, streams, drums=drums)
    chords = told_chords(timeline, as_written(timeline, harmonise(timeline, band)))
    fine_s = np.arange(0, plan.duration_s + FINE_S, FINE_S)
    moves = _moves(streams, fine_s)
    level_db = _level_db(plan, fine_s, moves)
    guide = keep_tones(
        levelled(
            draw_tones(write_tones(timeline, chords, strokes), plan.duration_s, timeline.random("phases")),
            fine_s,
            level_db - TONES_BELOW_DB,
        )
    )
    events = as_events(strokes)
    sketch = draw_sketch(guide, events, fine_s, level_db, frames * hop)
    beat, on_beat = draw_beats(plan.grid.knots_s, plan.grid.first_beat, frames, hop)
    everywhere = torch.ones(1, frames, dtype=torch.bool)
    values = {
        "onsets": draw_onsets(events, frames, hop),
        "beat": beat,
        "level": draw_curve(fine_s, scaled_level(level_db), frames, hop),
        "brightness": draw_curve(fine_s, _brightness(plan, fine_s, moves), frames, hop),
        "chroma": draw_curve(*_chroma(chords, fine_s), frames, hop),
        "affect": draw_curve(
            _centres(plan), np.stack([plan.curves.valence, plan.curves.arousal], 1), frames, hop
        ),
        "tones": fold_tones(guide, frames, hop),
        "sketch": latents_of(codec, sketch),
    }
    heard = dict.fromkeys(values, everywhere) | {"beat": on_beat}
    style = STYLES.index(plan.style) if plan.style in STYLES else 0
    return Controls(values, heard, torch.tensor([style]))


def told_chords(timeline: Timeline, harmony: Harmony) -> list[Chordal]:
    """The chords with their notes, the last one to the end of the picture."""
    chords = [span.chord for span in harmony.spans]
    basses = bass_line([*chords, harmony.final], *BASS)
    voiced = voice_chords([*chords, harmony.final], basses, *CHORDS)
    told = [
        Chordal(timeline.seconds(s.start), timeline.seconds(s.end), notes, bass, s)
        for s, notes, bass in zip(harmony.spans, voiced, basses, strict=False)
    ]
    plan = timeline.plan
    last = Span(timeline.final_slot, timeline.final_slot + 1, harmony.final, harmony.final_key)
    told = [c for c in told if c.start_s < plan.final_s]
    return [*told, Chordal(plan.final_s, plan.duration_s, voiced[-1], basses[-1], last)]


def write_tones(timeline: Timeline, chords: list[Chordal], strokes: list[Stroke]) -> list[Tone]:
    """Three layers: chords that lie, a bass that the deep strokes pluck, a figure that the others do.

    The figure's shape is a section label's own, so that what comes back is recognised.
    """
    plan = timeline.plan
    tones = [
        Tone(chord.start_s, chord.end_s, pitch, 0.16)
        for chord in chords
        for pitch in dict.fromkeys(chord.notes)
    ]
    shapes = {s.label: timeline.random("figure", s.label).integers(0, 5, 16) for s in plan.sections}
    starts = np.array([chord.start_s for chord in chords])
    low = [s for s in strokes if s.low > 0]
    others = [s for s in strokes if max(s.mid, s.high) > 0.25]
    for part, deep in ((low, True), (others, False)):
        for k, stroke in enumerate(part):
            chord = chords[max(int(np.searchsorted(starts, stroke.time_s + 1e-3, side="right")) - 1, 0)]
            following = part[k + 1].time_s if k + 1 < len(part) else plan.duration_s
            final = stroke.time_s >= plan.final_s
            ring_s = RING_OUT_S if final else 0.45 if deep else 0.3
            end_s = min(following, stroke.time_s + 2.5 * ring_s, plan.duration_s)
            if deep:
                tones.append(Tone(stroke.time_s, end_s, chord.bass, 0.3 + 0.3 * stroke.low, ring_s))
                continue
            bar = plan.grid.bar_at(stroke.time_s + 1e-3)
            place = float(plan.grid.beat_at(stroke.time_s)) - float(plan.grid.first_beat[bar])
            section = plan.sections[timeline.section_at(float(timeline.first_slot[bar]))]
            shape = shapes[section.label]
            ladder = [p for p in range(FIGURE[0], FIGURE[1] + 1) if p % 12 in chord.span.chord.triad]
            pitch = ladder[int(shape[round(2 * place) % len(shape)]) % len(ladder)]
            hard = max(stroke.mid, 0.7 * stroke.high)
            tones.append(Tone(stroke.time_s, end_s, pitch, 0.1 + 0.3 * hard, ring_s))
    return [tone for tone in tones if not any(s.covers(tone.start_s) for s in plan.silences)]


def levelled(
    guide: NDArray[np.float32], times_s: NDArray[np.float64], level_db: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The guide with its loudness, smoothed over a second, brought to a curve."""
    span = int(RATE)
    power = np.convolve(guide.astype(np.float64) ** 2, np.hanning(span) / np.hanning(span).sum(), mode="same")
    at = np.arange(len(guide)) / RATE
    wanted = 10 ** (np.interp(at, times_s, level_db) / 20)
    return (guide * np.minimum(wanted / np.sqrt(power + 1e-9), 30.0)).astype(np.float32)


def _centres(plan: Plan) -> NDArray[np.float64]:
    edges = np.append(plan.grid.downbeats_s, plan.grid.end_s)
    return np.asarray((edges[:-1] + edges[1:]) / 2, dtype=np.float64)


def _moves(streams: Streams | None, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """−1 to 1, how much more or less moves than just before and after; the body where one is seen."""
    for name, column in (("limbs", "speed"), ("motion", "energy")):
        stream = None if streams is None else streams.get(name)
        if stream is not None and stream.says_something and stream.mask.mean() > 0.3:
            felt = np.log1p(25.0 * np.maximum(stream.sample(times_s, column), 0.0))
            slow, quick = (_eased(felt, s) for s in (2.0, 0.3))
            spread = max(float(np.std(quick - slow)), 0.05)
            return np.clip((quick - slow) / (2 * spread), -1, 1)
    return np.zeros(len(times_s))


def _eased(values: NDArray[np.float64], span_s: float) -> NDArray[np.float64]:
    shape = np.hanning(max(round(span_s / FINE_S), 1) + 2)[1:-1]
    padded = np.pad(values, (len(shape) // 2, (len(shape) - 1) // 2), mode="edge")
    return np.convolve(padded, shape / shape.sum(), mode="valid")


def _level_db(plan: Plan, times_s: NDArray[np.float64], moves: NDArray[np.float64]) -> NDArray[np.float64]:
    loud = np.interp(times_s, _centres(plan), plan.curves.loudness)
    level = SOFTEST_DB + (LOUDEST_DB - SOFTEST_DB) * loud + MOVES_DB * moves
    for silence in plan.silences:
        within = np.clip((times_s - silence.start_s) / SILENT_S, 0, 1) * (times_s < silence.end_s)
        level += (QUIETEST_DB - level) * within
    ringing = np.clip((times_s - plan.final_s) / max(plan.duration_s - plan.final_s, 0.1), 0, 1)
    return np.asarray(level - 9.0 * ringing, dtype=np.float64)


def _brightness(plan: Plan, times_s: NDArray[np.float64], moves: NDArray[np.float64]) -> NDArray[np.float64]:
    drive = (np.asarray(plan.curves.density) + (np.asarray(plan.curves.arousal) + 1) / 2) / 2
    excited = np.interp(times_s, _centres(plan), drive)
    return CALM_OCTAVES + (BRIGHT_OCTAVES - CALM_OCTAVES) * excited + 0.25 * moves


def _chroma(
    chords: list[Chordal], times_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    starts = np.array([chord.start_s for chord in chords])
    rows = np.full((len(chords), 12), 0.15)
    for row, chord in zip(rows, chords, strict=True):
        row[list(chord.span.chord.tones)] = 0.8
        row[chord.bass % 12] = 1.0
    at = np.clip(np.searchsorted(starts, times_s + 1e-3, side="right") - 1, 0, len(chords) - 1)
    return times_s, rows[at]
