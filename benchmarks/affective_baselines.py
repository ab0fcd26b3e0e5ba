"""What the affective transformer has to beat: how well simple counting foretells chords and levels.

Each baseline learns from the training songs and foretells every step but the first of another song,
teacher-forced, as the model does (`generators.affective.scoring`). Music repeats itself, so the one to
beat is the n-gram with a cache of the song so far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from generators.affective.chord_words import WORDS
from generators.affective.corpus import Song

Odds = Callable[[NDArray[np.int64]], NDArray[np.float64]]  # chords [time] → odds [time − 1, WORDS]
Levels = Callable[[NDArray[np.float64]], NDArray[np.float64]]  # one level [time] → [time − 1]
BACKING = 1e-3  # how many chords' worth the shorter context counts
LONGEST_MATCH = 32
LOOKS_BACK = 8


def chord_baselines(training: Sequence[Song]) -> dict[str, Odds]:
    """Name → what gives odds, normalised; `repeat the last chord` only ranks."""
    songs = [song.music.chords.numpy() for song in training]
    single = np.ones(WORDS)
    pairs = np.zeros((WORDS, WORDS))
    triples = np.zeros((WORDS, WORDS, WORDS), np.float32)
    for s in songs:
        np.add.at(single, s, 1)
        np.add.at(pairs, (s[:-1], s[1:]), 1)
        np.add.at(triples, (s[:-2], s[1:-1], s[2:]), 1)
    single /= single.sum()
    after_one = _normal(pairs + BACKING * single)
    mixed = _normal(pairs + single)

    def repeat(s: NDArray[np.int64]) -> NDArray[np.float64]:
        odds = np.tile(single * BACKING, (len(s) - 1, 1))
        odds[np.arange(len(s) - 1), s[:-1]] += 1
        return odds

    def bigram(s: NDArray[np.int64]) -> NDArray[np.float64]:
        odds: NDArray[np.float64] = after_one[s[:-1]]
        return odds

    def trigram(s: NDArray[np.int64]) -> NDArray[np.float64]:
        odds = bigram(s).copy()
        odds[1:] = _normal(triples[s[:-2], s[1:-1]] + BACKING * odds[1:])
        return odds

    return {
        "repeat the last chord": repeat,
        "bigram": bigram,
        "trigram": trigram,
        "n-gram with a cache of the song": lambda s: _cached(s, mixed),
    }


def _cached(s: NDArray[np.int64], mixed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of equal weight: the bigram, the song's own bigram, and what followed its longest matches."""
    own = np.zeros((WORDS, WORDS))
    run = np.zeros(len(s), np.int64)  # how many chords up to each one match those up to now
    rows = []
    for now in range(len(s) - 1):
        if now:
            own[s[now - 1], s[now]] += 1
        run[1:now] = run[: max(now - 1, 0)]
        run[:1] = 0
        run[:now] = (np.minimum(run[:now], LONGEST_MATCH - 1) + 1) * (s[:now] == s[now])
        odds = mixed[s[now]].copy()
        if own[s[now]].any():
            odds += own[s[now]] / own[s[now]].sum()
        if now and run[:now].max() > 0:
            followed = s[1 : now + 1][run[:now] == run[:now].max()]
            odds += np.bincount(followed, minlength=WORDS) / len(followed)
        rows.append(odds / odds.sum())
    return np.array(rows)


def level_baselines(training: Sequence[Song], level: int) -> dict[str, Levels]:
    """Name → what foretells one level, 0 density or 1 loudness."""
    songs = [song.music.levels[:, level].double().numpy() for song in training]
    mean = float(np.concatenate(songs).mean())
    rows, targets = np.concatenate([_design(s, mean) for s in songs]), np.concatenate([s[1:] for s in songs])
    weights = np.linalg.lstsq(rows, targets, rcond=None)[0]
    return {
        "training mean": lambda s: np.full(len(s) - 1, mean),
        "the last value": lambda s: s[:-1],
        f"AR({LOOKS_BACK}) and the running mean": lambda s: _design(s, mean) @ weights,
    }


def _design(s: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """`[time − 1, LOOKS_BACK + 2]`: the last values, the mean so far, and 1."""
    padded = np.concatenate([np.full(LOOKS_BACK - 1, mean), s])
    last = np.lib.stride_tricks.sliding_window_view(padded, LOOKS_BACK)[:-1]
    running = np.cumsum(s)[:-1] / np.arange(1, len(s))
    return np.column_stack([last, running, np.ones(len(s) - 1)])


def _normal(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    odds: NDArray[np.float64] = counts / counts.sum(-1, keepdims=True)
    return odds
