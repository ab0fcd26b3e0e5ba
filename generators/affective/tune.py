"""The tune's skeleton, one pitch a step, counted from the tonic of C major or A minor."""

from __future__ import annotations

NO_NOTE = 0
LOWEST, HIGHEST = 52, 88  # three octaves, MIDI, of which `model.TUNE` − 1 pitches are counted


def degree_of(pitch: int) -> int:
    """MIDI pitch in the normalised key → 1 to 37; what lies outside comes in by octaves."""
    while pitch < LOWEST:
        pitch += 12
    while pitch > HIGHEST:
        pitch -= 12
    return pitch - LOWEST + 1


def pitch_of(degree: int) -> int | None:
    """The way back; None for no note."""
    return None if degree == NO_NOTE else degree - 1 + LOWEST
