"""Sound → the instants at which something begins to sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.errors import ClipError

SAMPLE_RATE = 22_050
"""Hz; AV-Align (Yariv et al. 2024) and the dance-to-music beat scores are defined at this rate."""


def read_sound(path: Path | str, *, sample_rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """The first audio track of any media file, mixed to mono and resampled (soxr, high quality).

    Returns:
        float32 `[samples]`, from the file's time 0: a track that starts late is led in by silence.

    Raises:
        ClipError: if the file cannot be read or has no sound.
    """
    import av
    import librosa

    pieces: list[NDArray[np.float32]] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise ClipError(f"{path}: no sound to score")
            stream = container.streams.audio[0]
            rate = int(stream.rate)
            first: float | None = None
            for frame in container.decode(stream):
                if first is None:
                    first = float(frame.time or 0.0)
                pieces.append(_mono(frame))
    except (av.FFmpegError, OSError) as error:
        if not pieces:
            raise ClipError(f"{path}: the sound cannot be read ({error})") from error
    if not pieces:
        raise ClipError(f"{path}: no sound that decodes")
    samples = np.concatenate(pieces)
    offset = round((first or 0.0) * rate)
    samples = samples[-offset:] if offset < 0 else np.concatenate([np.zeros(offset, np.float32), samples])
    if rate != sample_rate:
        samples = librosa.resample(samples, orig_sr=rate, target_sr=sample_rate, res_type="soxr_hq")
    return np.ascontiguousarray(samples, dtype=np.float32)


def detect_onsets(samples: NDArray[np.float32], *, sample_rate: int = SAMPLE_RATE) -> NDArray[np.float64]:
    """Onsets as librosa finds them with its defaults, which is how AV-Align defines audio peaks.

    Args:
        samples: mono `[samples]`.
        sample_rate: Hz.

    Returns:
        float64 `[onsets]`, seconds, increasing; empty for silence.

    Raises:
        ValueError: if the samples are not mono or not finite.
    """
    import librosa

    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise ValueError("onsets are detected in mono, finite samples")
    if not samples.size or not np.abs(samples).max() > 0:
        return np.zeros(0)
    return np.asarray(librosa.onset.onset_detect(y=samples, sr=sample_rate, units="time"), dtype=np.float64)


def _mono(frame: Any) -> NDArray[np.float32]:
    """One decoded audio frame → mean of its channels, −1 to 1."""
    block = frame.to_ndarray()
    channels = block if frame.format.is_planar else block.reshape(-1, frame.layout.nb_channels).T
    if np.issubdtype(channels.dtype, np.integer):
        # Unsigned samples are centred on half their range, signed ones on zero.
        info = np.iinfo(channels.dtype)
        middle = 0.0 if info.min < 0 else (info.max + 1) / 2
        channels = (channels.astype(np.float32) - middle) / ((info.max + 1) / (1 if info.min < 0 else 2))
    return np.asarray(channels.mean(axis=0), dtype=np.float32)
