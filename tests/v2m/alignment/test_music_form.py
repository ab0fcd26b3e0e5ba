"""The scape plot against a plain reading of its definition, and against music that returns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.v2m.alignment.pieces import piece, song
from v2m.alignment.music_form import (
    PENALTY,
    fitness,
    frame_s_of,
    score_chroma,
    self_similarity,
    structureness,
)


def plain_fitness(similarity: NDArray[np.float64], start: int, length: int) -> float:
    """One segment's fitness, cell by cell, its best path family walked back."""
    frames = len(similarity)
    cells = similarity[:, start : start + length]
    best = np.full((frames, length + 1), -np.inf)  # column 0 is the elevator
    came: dict[tuple[int, int], tuple[int, int]] = {}
    for n in range(frames):
        best[n, 0] = 0.0 if n == 0 else max(best[n - 1, 0], best[n - 1, length])
        best[n, 1] = best[n, 0] + cells[n, 0]
        for m in range(2, length + 1):
            steps = [(n - 1, m - 1), (n - 2, m - 1), (n - 1, m - 2)]
            allowed = [s for s in steps if s[0] >= 0 and s[1] >= 1]
            if allowed:
                came[n, m] = max(allowed, key=lambda s: best[s])
                best[n, m] = best[came[n, m]] + cells[n, m - 1]
    n, m = frames - 1, length if best[-1, length] >= best[-1, 0] else 0
    score = best[n, m]
    taken, rows, last = 0, 0, n
    while True:
        if m == 0:
            if n == 0:
                break
            m = length if best[n - 1, length] > best[n - 1, 0] else 0
            n, last = n - 1, n - 1
        elif m == 1:
            taken, rows, m = taken + 1, rows + last - n + 1, 0
        else:
            taken += 1
            n, m = came[n, m]
    a_cell, coverage = (score - length) / max(taken, 1), (rows - length) / frames
    return 2 * a_cell * coverage / (a_cell + coverage) if min(a_cell, coverage) > 0 else 0.0


def test_fitness_agrees_with_a_plain_reading_of_its_definition() -> None:
    rng = np.random.default_rng(0)
    theme = rng.random((9, 12)) ** 3
    chroma = np.concatenate([theme, rng.random((5, 12)), theme, rng.random((4, 12)), theme[::2]])
    similarity = self_similarity(chroma, 1.0)
    for length in (3, 6, 9, 14, 20):
        fast = fitness(similarity, length)
        slow = [plain_fitness(similarity, s, length) for s in range(len(chroma) - length + 1)]
        assert fast == pytest.approx(slow, abs=2e-3)
        assert (fast.max() > 0) == (length < 20)  # over two thirds cannot come twice


def test_similarity_is_symmetric_finds_a_transposed_return_and_keeps_its_quarter() -> None:
    rng = np.random.default_rng(1)
    theme = np.eye(12)[rng.integers(0, 12, 16)] + 0.3 * np.eye(12)[rng.integers(0, 12, 16)]
    other = rng.random((16, 12))
    chroma = np.concatenate([theme, other, np.roll(theme, 3, axis=1)])
    similarity = self_similarity(chroma, 1.0)
    assert similarity == pytest.approx(similarity.T)
    assert np.diag(similarity) == pytest.approx(1)
    assert np.mean(np.diagonal(similarity, 32)) > 0.9  # the theme, three semitones up
    kept = np.mean(similarity > PENALTY)
    assert 0.24 < kept < 0.30


def test_what_comes_back_twice_is_found_at_its_length_and_no_return_is_none() -> None:
    rng = np.random.default_rng(2)
    theme = [(k / 2, 0.5, int(p)) for k, p in enumerate(rng.integers(48, 84, 64))]  # 16 s
    again = [(at + 32, length, p) for at, length, p in theme]
    anew = [(32 + k / 2, 0.5, int(p)) for k, p in enumerate(rng.integers(48, 84, 64))]
    found = []
    for rows in ([*theme, *again], [*theme, *anew]):
        made = piece(rows, beats=64)
        frame_s = frame_s_of(made.length_s)
        found.append(structureness(score_chroma(made, frame_s), frame_s))
    # Half of the piece explains the other half: both shares are a half, and so is their mean.
    assert found[0]["long"] == pytest.approx(0.5, abs=0.02)
    assert found[0]["long"] > found[1]["long"] + 0.3


def test_form_is_clear_in_a_song_and_faint_in_noise() -> None:
    made = song(32)
    frame_s = frame_s_of(made.length_s)
    clear = structureness(score_chroma(made, frame_s), frame_s)
    faint = structureness(np.random.default_rng(0).random((128, 12)), frame_s)
    assert min(clear.values()) > 0.6
    assert max(faint.values()) < 0.35


def test_chroma_is_for_how_long_each_pitch_class_sounds() -> None:
    made = piece([(0, 8, 60), (8, 8, 67)], beats=16)
    chroma = score_chroma(made, 0.5)
    assert chroma.shape == (16, 12)
    assert chroma[5, 0] == pytest.approx(2.1, abs=0.06)
    assert chroma[12, 7] == pytest.approx(2.1, abs=0.06)
    assert chroma[8, [0, 7]] == pytest.approx([1.05, 1.05], abs=0.06)
    assert chroma[:, [1, 2, 3, 4, 5, 6, 8, 9, 10, 11]].max() == pytest.approx(0, abs=1e-9)


def test_short_pieces_have_no_long_form_and_very_long_ones_stay_bounded() -> None:
    found = structureness(np.random.default_rng(0).random((30, 12)), 0.5)
    assert math.isfinite(found["short"])
    assert math.isnan(found["long"])  # 15 s of 15 s cannot come twice
    assert frame_s_of(3600.0) == 15.0
    hour = structureness(np.random.default_rng(0).random((240, 12)), 15.0)
    assert math.isnan(hour["short"])


@pytest.mark.parametrize("bad", [np.zeros((4, 11)), np.full((4, 12), np.nan), np.full((4, 12), -1.0)])
def test_what_is_no_chroma_is_refused(bad: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="chroma"):
        self_similarity(bad, 0.5)
    with pytest.raises(ValueError, match="no segment"):
        fitness(np.eye(4), 5)
