"""Symbolic music → stems, in blocks: memory stays bounded however long the music is.

A voice is played by a patch of the synthesizer if it names one, else by a SoundFont's program.

A block holds the sound of every note that starts in it; what rings on is carried into the
next. The length of a block changes memory, never the sound.

Each patch is trimmed so that a note of middle strength is equally loud on every instrument of
every font: SoundFonts differ by 20 dB from patch to patch, and a mix must not hang on that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generators.music import SymbolicMusic, Voice
from v2m.instrument import Instrument
from v2m.performance import Performance, perform
from v2m.sampler import Patch
from v2m.sf2 import SoundFont
from v2m.synth.library import load
from v2m.trim import trim_db

THREADS = 2
KICK_KEYS = (35, 36)  # General MIDI's bass drums


@dataclass(frozen=True)
class Kick:
    """A stroke on the bass drum: at which sample, and how hard, 0 to 1."""

    at: int
    strength: float


@dataclass(frozen=True, eq=False)
class StemBlock:
    """A stretch of every stem.

    Attributes:
        start: its first sample, counted from the clip's first frame.
        stems: voice name → float32 `[2, n]`, the same n for all; ringing tails of earlier
            blocks included.
        kicks: the bass drum's strokes within it, in order: other voices may give way to them.
    """

    start: int
    stems: Mapping[str, NDArray[np.float32]]
    kicks: tuple[Kick, ...] = ()

    @property
    def samples(self) -> int:
        return next((stem.shape[1] for stem in self.stems.values()), 0)


class _Player:
    """One voice: its patch, its notes, and what still rings."""

    def __init__(self, patch: Instrument, performance: Performance, level_db: float | None) -> None:
        self.patch, self.performance = patch, performance
        self.level_db = trim_db(patch, performance) if level_db is None else level_db
        self.gain = 10 ** (self.level_db / 20)
        self._insert = patch.insert()
        self._ringing = np.zeros((2, 0), np.float32)

    def rewind(self, first: int) -> None:
        """Begin at sample `first`: what was struck before and still rings there is played again."""
        p, rate = self.performance, self.patch.sample_rate
        starts = p.start_samples(rate)
        lengths = [
            self.patch.samples(int(p.pitch[i]), int(p.velocity[i]), p.held_s[i]) + 1
            for i in range(int(np.searchsorted(starts, first)))
        ]
        ringing = [i for i, length in enumerate(lengths) if starts[i] + length > first]
        if not ringing:
            return
        begin = int(starts[ringing[0]])
        out = np.zeros((2, max(int(starts[i]) + lengths[i] for i in ringing) - begin), np.float32)
        for i in ringing:
            self._play(out, i, int(starts[i]) - begin)
        self._ringing = out[:, first - begin :].copy()

    def _play(self, out: NDArray[np.float32], i: int, at: int) -> None:
        p, rate = self.performance, self.patch.sample_rate
        stop = float(p.stop_s[i])
        self.patch.play(
            out,
            at,
            int(p.pitch[i]),
            int(p.velocity[i]),
            float(p.held_s[i]),
            self.gain,
            stop if np.isfinite(stop) else None,
            p.bend_cents(i, rate),
            p.wheel(i, rate),
            _take(round(float(p.start_s[i]) * rate), int(p.pitch[i])),
        )

    def block(self, first: int, n: int) -> NDArray[np.float32]:
        rate = self.patch.sample_rate
        p = self.performance
        starts = p.start_samples(rate)
        low, high = np.searchsorted(starts, [first, first + n])
        ends = [
            int(starts[i]) - first + self.patch.samples(int(p.pitch[i]), int(p.velocity[i]), p.held_s[i]) + 1
            for i in range(low, high)
        ]
        out = np.zeros((2, max([n, self._ringing.shape[1], *ends])), np.float32)
        out[:, : self._ringing.shape[1]] = self._ringing
        for i in range(low, high):
            self._play(out, i, int(starts[i]) - first)
        self._ringing = out[:, n:].copy()
        stem = out[:, :n]
        volume = p.volume(first, n, rate)
        if volume is not None:
            stem = stem * volume
        return stem if self._insert is None else self._insert.feed(stem)

    def kicks(self, first: int, n: int) -> list[Kick]:
        """The bass drum's strokes that begin in these samples."""
        starts = self.performance.start_samples(self.patch.sample_rate)
        low, high = np.searchsorted(starts, [first, first + n])
        struck = range(low, high)
        p = self.performance
        return [Kick(int(starts[i]), int(p.velocity[i]) / 127) for i in struck if p.pitch[i] in KICK_KEYS]


def _take(start: int, pitch: int) -> int:
    """What strays in a note follows from the note itself, so that one more does not change all after it."""
    return start << 7 | pitch


def render(
    music: SymbolicMusic,
    soundfont: Path,
    sample_rate: int = 48000,
    block_s: float = 10.0,
    notes: list[str] | None = None,
    only: Collection[str] | None = None,
    levels_db: dict[str, float] | None = None,
    from_block: int = 0,
) -> Iterator[StemBlock]:
    """Play music through the synthesizer and a SoundFont.

    Args:
        music: the tracks; `duration_s` is how much sound is given, to the sample.
        soundfont: an SF2 or SF3 file (`soundfont.find_soundfont`), for the voices without a patch.
        sample_rate: Hz.
        block_s: how much is rendered at a time.
        notes: sentences for the run report are appended here (instruments that the font lacks).
        only: the voices that are played, by name; all if None. Kicks are given in any case.
        levels_db: voice → by how much its patch is levelled (`trim`). Those that are missing are measured
            and put there.
        from_block: the first block that is given; what rings into it is in it. Effects that a voice goes
            through begin there.

    Yields:
        blocks in time order, end to end, from 0 to `duration_s`.

    Raises:
        SoundFontError: if the font cannot be read or has nothing to play a voice with.
        SynthError: for a patch that there is not, or that is damaged.
    """
    font = SoundFont(soundfont)
    total = round(music.duration_s * sample_rate)
    step = max(1, round(block_s * sample_rate))
    levels_db = {} if levels_db is None else levels_db
    wanted = [only is None or voice.name in only for voice in music.voices]
    needed = [i for i, voice in enumerate(music.voices) if wanted[i] or voice.is_drum]
    patches = {i: _instrument(music.voices[i], font, sample_rate, music.seed) for i in needed}
    if notes is not None:
        notes.extend(dict.fromkeys(patch.note for i, patch in patches.items() if patch.note and wanted[i]))

    def prepare(i: int) -> _Player:
        level_db = levels_db.get(music.voices[i].name) if wanted[i] else 0.0
        return _Player(patches[i], perform(music.score.tracks[i], patches[i]), level_db)

    # A synthesised note is many small array operations, which two threads only take from one another.
    with ThreadPoolExecutor(THREADS) as sampling, ThreadPoolExecutor(1) as synthesising:
        pools = {i: synthesising if music.voices[i].synth else sampling for i in needed}
        preparing = {i: pool.submit(prepare, i) for i, pool in pools.items()}
        players = {i: made.result() for i, made in preparing.items()}
        playing = {music.voices[i].name: i for i in needed if wanted[i]}
        levels_db.update((name, players[i].level_db) for name, i in playing.items())

        def begin(first: int) -> dict[str, Future[NDArray[np.float32]]]:
            n = min(step, total - first)
            return {name: pools[i].submit(players[i].block, first, n) for name, i in playing.items()}

        if from_block:
            for rewound in [pool.submit(players[i].rewind, from_block * step) for i, pool in pools.items()]:
                rewound.result()
        # The next block is played while the caller works on this one.
        under_way = begin(from_block * step) if total > from_block * step else {}
        for first in range(from_block * step, total, step):
            stems = {name: future.result() for name, future in under_way.items()}
            under_way = begin(first + step) if first + step < total else {}
            drummers = [players[i] for i in needed if music.voices[i].is_drum]
            yield StemBlock(first, stems, _kicks(drummers, first, min(step, total - first)))


def _instrument(voice: Voice, font: SoundFont, sample_rate: int, seed: int) -> Instrument:
    if voice.synth:
        return load(voice.synth, sample_rate, seed, voice.name)
    return Patch(font, voice.program, voice.is_drum, sample_rate)


def _kicks(drummers: list[_Player], first: int, n: int) -> tuple[Kick, ...]:
    struck = (kick for player in drummers for kick in player.kicks(first, n))
    return tuple(sorted(struck, key=lambda kick: kick.at))
