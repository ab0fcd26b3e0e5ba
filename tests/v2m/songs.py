"""Hand-made music for the tests of render and mix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from symusic import core

from generators.music import SymbolicMusic, Voice

Row = tuple[float, float, int, int]  # start_s, duration_s, pitch, velocity


def music(parts: Sequence[tuple[Voice, Sequence[Row]]], duration_s: float) -> SymbolicMusic:
    score = core.ScoreSecond(480)
    for voice, rows in parts:
        track = core.TrackSecond(voice.name, voice.program, voice.is_drum)
        for start, length, pitch, velocity in rows:
            if start < duration_s - 0.01:
                track.notes.append(core.NoteSecond(start, min(length, duration_s - start), pitch, velocity))
        score.tracks.append(track)
    return SymbolicMusic(score, tuple(voice for voice, _ in parts), duration_s)


def band(duration_s: float, bpm: float = 112.0) -> SymbolicMusic:
    """Drums, bass, keys, strings and a tune, four chords round and round."""
    beat = 60 / bpm
    drums, bass, keys, strings, tune = ([] for _ in range(5))
    rng = np.random.default_rng(5)
    for bar in range(int(duration_s / (4 * beat)) + 1):
        t, root = bar * 4 * beat, (0, 8, 3, 10)[bar % 4]
        for k in range(4):
            drums.append((t + k * beat, 0.1, 36 if k % 2 == 0 else 38, 100))
            drums += [(t + (k + h / 2) * beat, 0.1, 42, 80 - 20 * h) for h in range(2)]
            bass.append((t + k * beat, 0.9 * beat, 36 + root, 90))
            tune.append((t + k * beat, 0.9 * beat, 72 + (root + (0, 3, 7)[rng.integers(3)]) % 12, 85))
        for step in (0, 3, 7):
            keys += [(t + 2 * h * beat, 1.8 * beat, 60 + (root + step) % 12, 75) for h in range(2)]
            strings.append((t, 4 * beat, 55 + (root + step) % 12, 70))
    return music(
        [
            (Voice("Drums", "drums", 0, True, reverb=0.1), drums),
            (Voice("Bass", "bass", 33, reverb=0.0), bass),
            (Voice("Keys", "chords", 4, pan=-0.4, gain_db=-5), keys),
            (Voice("Strings", "pad", 48, reverb=0.5, gain_db=-8), strings),
            (Voice("Tune", "melody", 73, pan=0.2, reverb=0.4), tune),
        ],
        duration_s,
    )
