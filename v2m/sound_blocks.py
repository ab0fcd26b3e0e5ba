"""A media file → its sound in blocks, gapless on a clock of one's choice, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.clip import check_file
from encoders.container import decode, open_container
from encoders.errors import ClipError

if TYPE_CHECKING:
    import av
    from av.audio.frame import AudioFrame
    from av.container import InputContainer

BLOCK_S = 1.0
"""Blocks are about this long: enough that what is done with each is worth the call."""
JUMP_S = 0.02
"""Timestamps are rounded to milliseconds in some formats: less than this is no gap."""


def sound_blocks(
    path: Path | str,
    *,
    zero_s: float | None = None,
    layout: str | None = None,
    sample_rate: int | None = None,
) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Decode the first sound track of a file.

    Where packets are missing or do not decode, or the track starts late, there is silence; what lies
    before the zero, or overlaps what came before it, is left out.

    Args:
        path: the file.
        zero_s: the instant of the file's own clock with which the blocks begin; where the file begins
            if None.
        layout: `stereo`, or another that ffmpeg knows; that of the track's first frame if None.
        sample_rate: Hz; the track's first frame's if None. A track that changes layout or rate on the
            way is converted.

    Yields:
        float32 `[channels, samples]`, −1 to 1, and the sample rate; none of them empty.

    Raises:
        ClipError: if the file cannot be read, has no sound, none of it decodes, or it is not finite.
    """
    path = Path(path)
    check_file(path)
    with open_container(path, "sound") as container:
        if not container.streams.audio:
            raise ClipError(f"{path}: has no sound")
        begin_s = (container.start_time or 0) / 1e6 if zero_s is None else zero_s
        waiting: list[NDArray[np.float32]] = []
        done = held = rate = 0
        for first, samples, rate in _pieces(container, begin_s, layout, sample_rate):
            new = samples[:, max(0, done + held - first) :]
            if not new.shape[1]:
                continue
            if not np.isfinite(new).all():
                raise ClipError(f"{path}: its sound has samples that are no numbers")
            gap = first - done - held
            if waiting and (gap > 0 or held >= BLOCK_S * rate):
                yield np.concatenate(waiting, axis=1), rate
                done, held, waiting = done + held, 0, []
            while gap > 0:
                silence = min(gap, round(BLOCK_S * rate))
                yield np.zeros((len(new), silence), np.float32), rate
                done, gap = done + silence, gap - silence
            waiting.append(new)
            held += new.shape[1]
        if waiting:
            yield np.concatenate(waiting, axis=1), rate
        elif not rate:
            raise ClipError(f"{path}: its sound cannot be decoded")


def _pieces(
    container: InputContainer, begin_s: float, layout: str | None, sample_rate: int | None
) -> Iterator[tuple[int, NDArray[np.float32], int]]:
    """Decoded sound in one layout and rate: the number of its first sample, counted from `begin_s`,
    the samples, and the rate."""
    import av

    resampler: av.AudioResampler | None = None
    form: tuple[str, str, int] | None = None
    due_s, number, rate = 0.0, 0, 0
    for frame in decode(container, container.streams.audio[0]):
        layout, rate = layout or frame.layout.name, sample_rate or rate or frame.sample_rate
        time_s = due_s if frame.time is None else frame.time
        jumps = form is None or abs(time_s - due_s) > JUMP_S
        its_form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if jumps or its_form != form:
            for rest in () if resampler is None else resampler.resample(None):
                yield number, _planar(rest), rate
            resampler = None if its_form[1:] == (layout, rate) else av.AudioResampler("fltp", layout, rate)
            form, due_s = its_form, time_s if jumps else due_s
            number = round((due_s - begin_s) * rate)
        due_s += frame.samples / frame.sample_rate
        for made in [frame] if resampler is None else resampler.resample(frame):
            yield number, _planar(made), rate
            number += made.samples
    for rest in () if resampler is None else resampler.resample(None):
        yield number, _planar(rest), rate


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
