"""The clip's own sound → a WAV that begins with the picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.errors import ClipError
from v2m.sound_file import SoundWriter

if TYPE_CHECKING:
    import av

JUMP_S = 0.02  # timestamps are rounded to milliseconds in some formats: less than this is no gap


def extract_sound(
    clip_path: Path, start_s: float, duration_s: float, out_wav: Path, sample_rate: int = 48000
) -> Path:
    """Write the clip's (first) sound track, aligned to its first frame.

    Args:
        clip_path: a media file with a sound track.
        start_s: the first frame's timestamp in the file (`Clip.start_s`).
        duration_s: length of the picture; the file is exactly this long, silent where the
            clip's sound is missing or does not decode, starts late or ends early.
        out_wav: 24-bit stereo WAV; nothing is left there on failure.
        sample_rate: Hz.

    Raises:
        ClipError: if there is no sound track, or none of it decodes.
        OSError: if `out_wav` cannot be written.
    """
    total = max(1, round(duration_s * sample_rate))
    with SoundWriter(out_wav, sample_rate, total) as file:
        done = 0
        for at, piece in _pieces(Path(clip_path), sample_rate):
            first = at - round(start_s * sample_rate)
            piece = piece[:, max(0, done - first) : total - first] if first < total else piece[:, :0]
            gap = max(first, 0) - done
            while gap > 0 and piece.shape[1]:
                silence = min(gap, sample_rate)
                file.write(np.zeros((2, silence), np.float32))
                done, gap = done + silence, gap - silence
            file.write(piece)
            done += piece.shape[1]
            if first >= total:
                break
        while done < total:
            silence = min(total - done, sample_rate)
            file.write(np.zeros((2, silence), np.float32))
            done += silence
    return Path(out_wav)


def _pieces(path: Path, rate: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Decoded sound with its place on the file's own clock: (sample number, float32 `[2, n]`)."""
    import av

    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise ClipError(f"{path}: cannot be opened ({error.strerror})") from error
    with container:
        if not container.streams.audio:
            raise ClipError(f"{path}: has no sound of its own")
        resampler = av.AudioResampler("fltp", "stereo", rate)
        place: float | None = None  # the next frame's time, if nothing is missing
        cursor = 0
        for frame in _frames(container):
            if frame.time is not None and (place is None or abs(frame.time - place) > JUMP_S):
                for rest in resampler.resample(None) if place is not None else ():
                    yield cursor, _samples(rest)
                    cursor += rest.samples
                resampler = av.AudioResampler("fltp", "stereo", rate)
                place, cursor = frame.time, round(frame.time * rate)
            elif place is None:
                place = 0.0
            place += frame.samples / frame.sample_rate
            for made in resampler.resample(frame):
                yield cursor, _samples(made)
                cursor += made.samples
        if place is None:
            raise ClipError(f"{path}: its sound cannot be decoded")
        for rest in resampler.resample(None):
            yield cursor, _samples(rest)
            cursor += rest.samples


def _frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    """Every frame of the first sound track that decodes; broken packets are passed over."""
    import av

    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue


def _samples(frame: av.AudioFrame) -> NDArray[np.float32]:
    samples: NDArray[np.float32] = frame.to_ndarray().astype(np.float32, copy=False)
    return samples
