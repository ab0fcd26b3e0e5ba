"""Pitch classes → tonal tension: how far apart the tones are, and how far from the key.

In the spiral array (Chew, "Towards a Mathematical Model of Tonality", PhD thesis, MIT 2000; "Mathematical
and Computational Modeling of Tonality", 2014) pitch k of the line of fifths lies at (sin kπ/2, cos kπ/2,
kh), h = √(2/15), and what belongs together lies near. A chord, and a key of three chords, is a centre of
effect with the weights 0.536, 0.274, 0.190. Herremans & Chew, "Tension ribbons: quantifying and
visualising tonal tension" (TENOR 2016), read tension from it:

* cloud diameter: the greatest distance between two tones that sound together;
* tensile strain: the distance of their centre of effect from the key's.

`tension` is the mean of the two, each over what the chromatic scale around a tonic can reach.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.tonality import validate

WEIGHTS = (0.536, 0.274, 0.190)
HEIGHT = float(np.sqrt(2 / 15))
# Shares of the major dominant and of the minor subdominant in a minor key.
MINOR_DOMINANT, MINOR_SUBDOMINANT = 0.75, 0.75
# A pitch class that has less than this of the strongest one's share is a passing tone.
_LEAST_SHARE = 0.1
# From the tonic, steps along the line of fifths: a diminished fifth down to an augmented fourth up.
_LOWEST, _HIGHEST = -5, 6


def pitch(k: NDArray[np.int64] | int) -> NDArray[np.float64]:
    """Where pitch k of the line of fifths (C = 0, G = 1) lies, float64 `[…, 3]`."""
    turn = np.asarray(k) * np.pi / 2
    return np.stack([np.sin(turn), np.cos(turn), np.asarray(k) * HEIGHT], axis=-1)


def major_chord(k: int) -> NDArray[np.float64]:
    """Centre of the major triad on pitch k: root, fifth, third."""
    return _weigh(pitch(k), pitch(k + 1), pitch(k + 4))


def minor_chord(k: int) -> NDArray[np.float64]:
    """Centre of the minor triad on pitch k: root, fifth, third."""
    return _weigh(pitch(k), pitch(k + 1), pitch(k - 3))


def major_key(k: int) -> NDArray[np.float64]:
    """Centre of the major key on pitch k: tonic, dominant, subdominant."""
    return _weigh(major_chord(k), major_chord(k + 1), major_chord(k - 1))


def minor_key(k: int) -> NDArray[np.float64]:
    """Centre of the minor key on pitch k, whose dominant is mostly major and subdominant mostly minor."""
    a, b = MINOR_DOMINANT, MINOR_SUBDOMINANT
    dominant = a * major_chord(k + 1) + (1 - a) * minor_chord(k + 1)
    subdominant = b * minor_chord(k - 1) + (1 - b) * major_chord(k - 1)
    return _weigh(minor_chord(k), dominant, subdominant)


def cloud_diameter(profiles: NDArray[np.float64], keys: NDArray[np.int64]) -> NDArray[np.float64]:
    """Greatest distance between two tones of each step, float64 `[T]`; 0 for one, nan for none.

    Args:
        profiles: float64 `[T, 12]`, how much of each pitch class sounds, C first.
        keys: int64 `[T]`, 0–11 major, 12–23 minor; in it the tones are spelt.

    Raises:
        ValueError: if a profile or a key is none.
    """
    sounds = _present(profiles, keys)
    places = pitch(np.arange(_LOWEST, _HIGHEST + 1))
    apart = np.linalg.norm(places[:, None] - places[None, :], axis=-1)
    together = sounds[:, :, None] & sounds[:, None, :]
    widest = np.where(together, apart, 0.0).max(axis=(1, 2))
    return np.where(sounds.any(axis=1), widest, np.nan)


def tensile_strain(profiles: NDArray[np.float64], keys: NDArray[np.int64]) -> NDArray[np.float64]:
    """Distance of each step's centre of effect from its key's, float64 `[T]`; nan where nothing sounds.

    Args, Raises: as `cloud_diameter`.
    """
    sounds = _present(profiles, keys)
    weight = np.where(sounds, _spelt(profiles, keys), 0.0)
    total = weight.sum(axis=1, keepdims=True)
    share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    centre = share @ pitch(np.arange(_LOWEST, _HIGHEST + 1))
    # Spelt from the tonic, every key is the one on pitch 0.
    home = np.where((keys < 12)[:, None], major_key(0), minor_key(0))
    return np.where(total[:, 0] > 0, np.linalg.norm(centre - home, axis=1), np.nan)


def tension(profiles: NDArray[np.float64], keys: NDArray[np.int64]) -> NDArray[np.float64]:
    """Tonal tension of each step, float64 `[T]`, 0 to 1; nan where nothing sounds.

    Args, Raises: as `cloud_diameter`.
    """
    places = pitch(np.arange(_LOWEST, _HIGHEST + 1))
    widest = np.linalg.norm(places[:, None] - places[None, :], axis=-1).max()
    farthest = np.linalg.norm(places - major_key(0), axis=1).max()
    strain = np.minimum(tensile_strain(profiles, keys) / farthest, 1.0)
    return np.asarray((cloud_diameter(profiles, keys) / widest + strain) / 2)


def _weigh(*points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.tensordot(WEIGHTS, np.stack(points), axes=1))


def _spelt(profiles: NDArray[np.float64], keys: NDArray[np.int64]) -> NDArray[np.float64]:
    """Pitch classes in the order of the line of fifths around each step's tonic, `[T, 12]`."""
    validate(profiles)
    if keys.shape != profiles.shape[:1] or not ((keys >= 0) & (keys < 24)).all():
        raise ValueError("every step needs a key, 0 to 23")
    fifths = np.arange(_LOWEST, _HIGHEST + 1)
    place = (keys[:, None] + 7 * fifths[None, :]) % 12
    return np.take_along_axis(profiles, place, axis=1)


def _present(profiles: NDArray[np.float64], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the spelt tones sound, bool `[T, 12]`."""
    spelt = _spelt(profiles, keys)
    return np.asarray(spelt > _LEAST_SHARE * spelt.max(axis=1, keepdims=True))
