"""A clip with instants that show, and music with attacks at known distances from them."""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests import clips
from tests.v2m.alignment.sounds import RATE, clicks

FPS = 25
# Irregular, so that no wrong lag fits as well.
EVENTS_S = tuple(
    np.round(np.cumsum([0.6, 0.88, 0.52, 1.2, 0.72, 1.0, 0.56, 1.36, 0.8, 0.64] * 2) * FPS) / FPS
)
DURATION_S = 17.6


def moving_frames(
    events_s: Sequence[float] = EVENTS_S, duration_s: float = DURATION_S
) -> Iterator[clips.Frame]:
    """A texture that jumps aside at each event, by turns with a flash of light, and rests in between."""
    grain = np.random.default_rng(3).integers(0, 255, (180, 900), dtype=np.uint8)
    ground = cv2.normalize(cv2.GaussianBlur(grain, (0, 0), 4), None, 40, 190, cv2.NORM_MINMAX)
    frames = {round(event_s * FPS): k for k, event_s in enumerate(events_s)}
    left = 0
    for number in range(round(duration_s * FPS)):
        left += 8 if number in frames else 0
        picture = ground[:, left % 500 : left % 500 + 320]
        if number in frames and frames[number] % 3 == 2:
            picture = np.minimum(picture.astype(int) + 50, 255).astype(np.uint8)
        yield np.repeat(picture[..., None], 3, axis=2)


def picture(path: Path, events_s: Sequence[float] = EVENTS_S, duration_s: float = DURATION_S) -> Path:
    """The clip without sound."""
    return clips.write_clip(path, moving_frames(events_s, duration_s), FPS)


def write_sound(path: Path, samples: NDArray[np.float32], rate: int = RATE) -> Path:
    """Mono 16-bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def with_music(silent: Path, path: Path, attacks_s: ArrayLike, duration_s: float = DURATION_S) -> Path:
    """The clip with clicks at the instants, in AAC; what lies beyond the end is left out."""
    times = np.asarray(attacks_s, dtype=np.float64)
    sound = write_sound(path.with_suffix(".wav"), clicks(times[times < duration_s - 0.05], duration_s))
    clips.ffmpeg("-i", silent, "-i", sound, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", path)
    return path
