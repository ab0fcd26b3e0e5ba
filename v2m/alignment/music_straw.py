"""Music that knows nothing, in the bars of a piece: what the symbolic measures must tell from music.

The straw men of `v2m.alignment.chance` as notes, and one that is harder to tell: the piece itself,
shuffled. Its notes, its scale, its density and the rhythm of each bar are all still there; which pitch goes
where, and which bar follows which, is not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from v2m.alignment.piece import Piece, make_piece

CLICK_PITCH = 84
CLICK_S = 0.05
LOWEST, HIGHEST = 36, 96


def silence(piece: Piece, rng: np.random.Generator) -> Piece:
    """The bars without a note."""
    return piece.only(np.zeros(len(piece.start_s), bool))


def noise(piece: Piece, rng: np.random.Generator) -> Piece:
    """As many notes, each anywhere in time and pitch, as long as one of the piece's notes."""
    tonal = np.flatnonzero(~piece.is_drum)
    count = len(tonal)
    return make_piece(
        rng.uniform(piece.downbeats_s[0], piece.end_s, count),
        rng.permutation(piece.duration_s[tonal]),
        rng.integers(LOWEST, HIGHEST + 1, count),
        is_melody=rng.permutation(piece.is_melody[tonal]),
        beats_s=piece.beats_s,
        downbeats_s=piece.downbeats_s,
        end_s=piece.end_s,
    )


def metronome(piece: Piece, rng: np.random.Generator) -> Piece:
    """A click on every beat, always the same."""
    count = len(piece.beats_s)
    return make_piece(
        piece.beats_s,
        np.full(count, CLICK_S),
        np.full(count, CLICK_PITCH),
        is_melody=np.ones(count, bool),
        beats_s=piece.beats_s,
        downbeats_s=piece.downbeats_s,
        end_s=piece.end_s,
    )


def shuffled(piece: Piece, rng: np.random.Generator) -> Piece:
    """The piece's own notes with their pitches dealt out anew, and its bars in another order.

    Bars keep their beats, and the tempo map stays where it is. Pitches are dealt among the notes of
    the tune and among the others, so that the tune stays in its register.
    """
    pitch = piece.pitch.copy()
    for group in (piece.is_melody & ~piece.is_drum, ~piece.is_melody & ~piece.is_drum):
        pitch[group] = rng.permutation(pitch[group])
    order = rng.permutation(piece.bars)
    beats = np.diff(piece.first_beat)
    first = np.concatenate([[0], np.cumsum(beats[order])])
    lead = piece.first_beat[0]
    moved_to = np.empty(piece.bars, np.int64)
    moved_to[order] = lead + first[:-1]
    within = (piece.bar >= 0) & (piece.bar < piece.bars)
    away = np.zeros(len(pitch))
    away[within] = (moved_to - piece.first_beat[:-1])[piece.bar[within]]
    start = piece.time_at(piece.start_beat + away)
    end = piece.time_at(piece.beat_at(piece.start_s + piece.duration_s) + away)
    knots = piece.knots_s
    return make_piece(
        start,
        np.maximum(end - start, 1e-3),
        pitch,
        is_drum=piece.is_drum,
        is_melody=piece.is_melody,
        beats_s=piece.beats_s,
        downbeats_s=knots[lead + first[:-1]],
        end_s=piece.end_s,
    )


STRAW_MEN: dict[str, Callable[[Piece, np.random.Generator], Piece]] = {
    "silence": silence,
    "noise": noise,
    "metronome": metronome,
    "shuffled": shuffled,
}
"""Name → a piece in the same bars; each takes a piece and a random generator."""
