"""Symbolic music and its beat grid → a Standard MIDI File whose bars are the plan's bars.

The file carries the tempo map beat by beat, metre changes, section names as markers and keys,
so that a workstation's ruler shows the plan and notes land at the same seconds as in the
soundtrack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.errors import V2MError
from generators.form import Section
from generators.grid import BeatGrid
from generators.key import MODES
from generators.music import SymbolicMusic, Voice

if TYPE_CHECKING:
    import symusic

TICKS_PER_QUARTER = 960
LONGEST_MSPQ = (1 << 24) - 1  # a tempo event holds 24 bits
PAN, REVERB = 10, 91


class MidiError(V2MError):
    """A MIDI file cannot be written, or read."""


@dataclass(frozen=True, eq=False)
class TempoMap:
    """A beat grid in ticks.

    Attributes:
        ticks: int64 `[K]`, where each stretch of constant tempo begins; the last is the grid's end.
        times_s: float64 `[K]`, the same instants in seconds, as the rounded tempi really place them.
        mspq: int64 `[K - 1]`, microseconds a quarter note in each stretch.
        metres: (tick, numerator, denominator) wherever the metre changes.
        bar_ticks: int64 `[bars + 1]`, each bar's first tick, and the end.
    """

    ticks: NDArray[np.int64]
    times_s: NDArray[np.float64]
    mspq: NDArray[np.int64]
    metres: tuple[tuple[int, int, int], ...]
    bar_ticks: NDArray[np.int64]

    def tick(self, time_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """Nearest tick to each time; the last tempo goes on past the end."""
        k = np.clip(np.searchsorted(self.times_s, time_s, side="right") - 1, 0, len(self.mspq) - 1)
        ticks = self.ticks[k] + (time_s - self.times_s[k]) * 1e6 / self.mspq[k] * TICKS_PER_QUARTER
        nearest: NDArray[np.int64] = np.maximum(np.round(ticks), 0).astype(np.int64)
        return nearest


def tempo_map(grid: BeatGrid) -> TempoMap:
    """Lay a beat grid out in ticks.

    A grid that begins after 0 gets a short bar before it (so many 32nds that its tempo is close
    to the first beat's). A compound beat is a dotted quarter. Each tempo makes up for the
    rounding of those before, so errors stay under a microsecond and do not add up.

    Raises:
        MidiError: if the grid begins before 0, or a beat is too long for a tempo event.
    """
    start_s = float(grid.bars[0].start_s)
    if start_s < -1e-6:
        raise MidiError(f"the first bar begins at {start_s:.3f} s, before the clip: MIDI cannot say that")
    lengths: list[int] = []
    ends_s: list[float] = []
    metres: list[tuple[int, int, int]] = []
    bar_ticks: list[int] = []
    now = 0
    knots = grid.knots_s
    if start_s > 1e-3:
        quarter_s = (knots[1] - knots[0]) / (1.5 if grid.bars[0].slots_per_beat == 3 else 1.0)
        parts = int(np.clip(round(start_s / quarter_s * 8), 1, 255))
        numerator, denominator = parts, 32
        while numerator % 2 == 0 and denominator > 4:
            numerator, denominator = numerator // 2, denominator // 2
        metres.append((0, numerator, denominator))
        now = parts * TICKS_PER_QUARTER // 8
        lengths.append(now)
        ends_s.append(start_s)
    beat = 0
    for bar in grid.bars:
        compound = bar.slots_per_beat == 3 or bar.dotted
        metre = (3 * bar.beats, 8) if compound else (bar.beats, 4)
        if not metres or metres[-1][1:] != metre:
            metres.append((now, *metre))
        bar_ticks.append(now)
        for _ in range(bar.beats):
            length = TICKS_PER_QUARTER * 3 // 2 if compound else TICKS_PER_QUARTER
            beat += 1
            lengths.append(length)
            ends_s.append(float(knots[beat]))
            now += length
    bar_ticks.append(now)
    times, mspq = [0.0], []
    for length, end_s in zip(lengths, ends_s, strict=True):
        quarters = length / TICKS_PER_QUARTER
        tempo = max(1, round((end_s - times[-1]) * 1e6 / quarters))
        if tempo > LONGEST_MSPQ:
            raise MidiError(f"a beat before {end_s:.1f} s is too long for MIDI (over 16 s)")
        mspq.append(tempo)
        times.append(times[-1] + tempo * quarters / 1e6)
    ticks = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return TempoMap(ticks, np.array(times), np.array(mspq), tuple(metres), np.array(bar_ticks))


def write_midi(music: SymbolicMusic, grid: BeatGrid, path: Path, sections: Sequence[Section] = ()) -> Path:
    """Write a Standard MIDI File (format 1); it appears whole or not at all.

    Args:
        music: notes in seconds.
        grid: the plan's bars.
        path: the .mid file.
        sections: named as markers at their first bar, with a key signature where the key changes.

    Raises:
        MidiError: if the grid cannot be written as MIDI, or the file not at all.
    """
    score = _score(music, tempo_map(grid), sections)
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(score.dumps_midi())
        part.replace(path)
    except OSError as error:
        raise MidiError(f"{path}: the MIDI file cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
    return path


def _score(music: SymbolicMusic, tempi: TempoMap, sections: Sequence[Section]) -> symusic.core.ScoreTick:
    from symusic import core

    score = core.ScoreTick(TICKS_PER_QUARTER)
    before = 0
    for tick, mspq in zip(tempi.ticks[:-1], tempi.mspq, strict=True):
        if mspq != before:
            score.tempos.append(core.TempoTick(int(tick), mspq=int(mspq)))
        before = mspq
    for tick, numerator, denominator in tempi.metres:
        score.time_signatures.append(core.TimeSignatureTick(tick, numerator, denominator))
    signature = None
    for section in sections:
        tick = int(tempi.bar_ticks[section.start_bar])
        score.markers.append(core.TextMetaTick(tick, section.title))
        tonality = int(section.key.mode in ("minor", "dorian", "phrygian"))
        now = (sharps(section.key.tonic, section.key.mode), tonality)
        if now != signature:
            score.key_signatures.append(core.KeySignatureTick(tick, *now))
        signature = now
    for voice, track in zip(music.voices, music.score.tracks, strict=True):
        score.tracks.append(_track(voice, track, tempi))
    return score


def _track(voice: Voice, source: symusic.core.TrackSecond, tempi: TempoMap) -> symusic.core.TrackTick:
    from symusic import core

    track = core.TrackTick(voice.name, voice.program, voice.is_drum)
    columns = source.notes.numpy()
    start = columns["time"].astype(np.float64)
    first = tempi.tick(start)
    last = np.maximum(tempi.tick(start + columns["duration"].astype(np.float64)), first + 1)
    track.notes = core.NoteTickList.from_numpy(
        first.astype(np.int32),
        (last - first).astype(np.int32),
        columns["pitch"].astype(np.int8),
        columns["velocity"].astype(np.int8),
    )
    settings = {PAN: round(64 + 63 * voice.pan), REVERB: round(127 * voice.reverb)}
    for number, value in settings.items():
        track.controls.append(core.ControlChangeTick(0, number, value))
    for change in source.controls:
        track.controls.append(core.ControlChangeTick(_at(tempi, change.time), change.number, change.value))
    for pedal in source.pedals:
        begin, end = _at(tempi, pedal.time), _at(tempi, pedal.time + pedal.duration)
        track.controls.append(core.ControlChangeTick(begin, 64, 127))
        track.controls.append(core.ControlChangeTick(end, 64, 0))
    for bend in source.pitch_bends:
        track.pitch_bends.append(core.PitchBendTick(_at(tempi, bend.time), bend.value))
    return track


def _at(tempi: TempoMap, time_s: float) -> int:
    return int(tempi.tick(np.array([time_s], dtype=np.float64))[0])


def sharps(tonic: int, mode: str) -> int:
    """Sharps (+) or flats (−) of a key signature, −6 to 6."""
    # A mode shares its signature with the major scale that has the same notes.
    scale = {(tonic + step) % 12 for step in MODES[mode]}
    major = next(t for t in range(12) if {(t + step) % 12 for step in MODES["major"]} == scale)
    sharps = major * 7 % 12
    return sharps - 12 if sharps > 6 else sharps
