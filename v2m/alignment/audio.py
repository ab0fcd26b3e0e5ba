"""A media file → its sound as arrays, on the clock of the picture that it is to go with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.container import reason
from encoders.errors import ClipError
from v2m.alignment.onsets import SAMPLE_RATE

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

# Timestamps are rounded in some formats: a gap shorter than this is none.
_GAP_S = 0.02


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound track as it is in its file.

    Attributes:
        samples: float32 `[channels, samples]`, −1 to 1.
        sample_rate: Hz.
        source: the file's name.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    source: str

    @property
    def duration_s(self) -> float:
        return float(self.samples.shape[1] / self.sample_rate)

    def mono(self, sample_rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
        """Mean of the channels, resampled (soxr, high quality), float32 `[samples]`."""
        return _resampled(self.samples.mean(axis=0), self.sample_rate, sample_rate)


def read_track(path: Path | str, *, zero_s: float | None = None) -> Sound:
    """The first audio track of any media file.

    Args:
        path: the file.
        zero_s: the instant of the file's own clock that is to be 0; where the file begins if None. A
            track that starts later is led in by silence, what lies before is cut off; so is silence
            put where packets are missing.

    Raises:
        ClipError: if the file cannot be read or has no sound.
    """
    import av

    pieces: list[NDArray[np.float32]] = []
    # On the file's clock in samples: where the track begins, and where its next sample is due.
    first, due, rate = 0, 0, 0
    try:
        with av.open(
            str(path), options={"protocol_whitelist": "file"}, metadata_errors="replace"
        ) as container:
            if not container.streams.audio:
                raise ClipError(f"{path}: has no sound to score")
            stream = container.streams.audio[0]
            begin_s = (container.start_time or 0) / 1e6 if zero_s is None else zero_s
            for frame in _frames(container, stream):
                block = _planar(frame)
                rate = rate or frame.sample_rate
                if frame.sample_rate != rate or (pieces and len(block) != len(pieces[0])):
                    raise ClipError(f"{path}: its sound changes rate or channels on the way")
                at = due if frame.time is None else round((frame.time - begin_s) * rate)
                if not pieces:
                    first = due = at
                elif at - due > _GAP_S * rate:
                    pieces.append(np.zeros((len(block), at - due), np.float32))
                    due = at
                pieces.append(block)
                due += block.shape[1]
    except (av.FFmpegError, OSError) as error:
        raise ClipError(f"{path}: its sound cannot be read ({reason(error)})") from error
    if due <= 0 or not pieces:
        raise ClipError(f"{path}: has no sound that decodes")
    if first > 0:
        pieces.insert(0, np.zeros((len(pieces[0]), first), np.float32))
    samples = np.concatenate(pieces, axis=1)
    return Sound(samples[:, max(-first, 0) :], rate, Path(path).name)


def read_sound(path: Path | str, *, sample_rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """The first audio track mixed to mono and resampled, float32 `[samples]`; see `read_track`."""
    return read_track(path).mono(sample_rate)


def fitted(
    samples: NDArray[np.float32], duration_s: float, sample_rate: int = SAMPLE_RATE
) -> NDArray[np.float32]:
    """`[..., samples]` cut, or led on by silence, to a length."""
    count = max(1, round(duration_s * sample_rate))
    missing = count - samples.shape[-1]
    if missing <= 0:
        return samples[..., :count]
    return np.pad(samples, [*[(0, 0)] * (samples.ndim - 1), (0, missing)])


def _resampled(samples: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    if rate == wanted or not samples.size:
        return np.ascontiguousarray(samples, dtype=np.float32)
    import soxr

    return np.ascontiguousarray(soxr.resample(samples, rate, wanted, quality="HQ"), dtype=np.float32)


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Every frame that decodes; packets that don't are passed over."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        try:
            yield from packet.decode()
        except (av.FFmpegError, EOFError):
            continue


def _planar(frame: AudioFrame) -> NDArray[np.float32]:
    """One decoded frame → float32 `[channels, samples]`, −1 to 1."""
    block = frame.to_ndarray()
    channels = block if frame.format.is_planar else block.reshape(-1, frame.layout.nb_channels).T
    if np.issubdtype(channels.dtype, np.integer):
        # Unsigned samples are centred on half their range, signed ones on zero.
        info = np.iinfo(np.dtype(channels.dtype).name)
        middle, full = (0.0, info.max + 1.0) if info.min < 0 else ((info.max + 1) / 2, (info.max + 1) / 2)
        channels = (channels.astype(np.float32) - np.float32(middle)) / np.float32(full)
    return np.ascontiguousarray(channels, dtype=np.float32)
