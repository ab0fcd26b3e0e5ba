"""A `Clip` → its frames at model size, in one decoding pass that every sense shares.

decord decodes (it scales in its decoding thread and applies the rotation); PyAV takes over
where decord can't: codecs newer than its ffmpeg, files whose packets are not one shown frame
each, clips too long for it to read ahead in, and from the point at which it raises. And pictures
in high definition are PyAV's: decord's filter for making a picture several times smaller takes
longer than decoding it, averaging by area a fifth of that. Both give the same frames at the same
times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.clip import Clip, check_file
from encoders.container import decode, open_container
from encoders.errors import ClipError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

BATCH_FRAMES = 24
"""Frames a batch: 8 MB at 256 lines, so that a queue of batches stays small."""
BATCH_BYTES = 1 << 26
"""Frames of full size come in smaller batches, so that a 4K picture can be edited in bounded memory."""

_WIDEST = 4.0
# What decord's ffmpeg (4.x) has decoders for, of what people's clips are in.
_DECORD_CODECS = frozenset(
    {"h264", "hevc", "vp8", "vp9", "mpeg4", "mpeg1video", "mpeg2video", "mjpeg", "prores"}
)
# While decord waits for a frame it reads on in the file, and it decodes all that it has read: a
# reader may come to hold the whole file and every frame of it. Longer clips are PyAV's.
_DECORD_HOLDS_BYTES = 400_000_000
# Up to here both take as long: 960 × 540, or 1.9 against 1.9 ms a frame at 640 × 360 and 7.5 against
# 4.9 at 1920 × 1080 on one machine.
_DECORD_PIXELS = 960 * 540
# decord rounds to float32; at four hours that is a millisecond.
_SAME_INSTANT_S = 0.002


@dataclass(frozen=True, eq=False)
class FrameBatch:
    """Consecutive analysed frames.

    Attributes:
        times_s: float64 `[N]`, strictly increasing, seconds from the clip's first frame.
        rgb: uint8 `[N, H, W, 3]`, display orientation and display aspect, full-range RGB.
    """

    times_s: NDArray[np.float64]
    rgb: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.times_s)


def read(
    clip: Clip, *, short_side: int = 256, max_rate_hz: float = 30.0, from_s: float = 0.0
) -> Iterator[FrameBatch]:
    """Decode the clip once, in order.

    Frames that don't decode are left out (`analysed_frames` says which were due).

    Args:
        clip: what `probe` gave.
        short_side: the shorter side of the frames in pixels (see `model_size`).
        max_rate_hz: frames closer together than this are thinned out; true times are kept.
        from_s: begin with the frame that is shown at this instant; those before it are decoded, but not
            scaled.

    Yields:
        Batches of at most `BATCH_FRAMES` frames, fewer where those would fill `BATCH_BYTES`.

    Raises:
        ClipError: if no frame decodes at all, or the file is no longer there.
    """
    wanted = analysed_frames(clip.frame_times_s, max_rate_hz)
    shown = int(np.searchsorted(clip.frame_times_s[wanted], from_s, side="right")) - 1
    wanted = wanted[max(shown, 0) :]
    size = model_size(clip, short_side)
    done = 0
    if _is_for_decord(clip, wanted, size, check_file(clip.path)):
        for batch in _read_decord(clip, wanted, size):
            done += len(batch)
            yield batch
    some = done > 0
    if done < len(wanted):
        for batch in _read_pyav(clip, wanted[done:], size):
            some = True
            yield batch
    if not some:
        raise ClipError(f"{clip.path}: no frame of its {clip.codec} video can be decoded")


def model_size(clip: Clip, short_side: int) -> tuple[int, int]:
    """Width and height of the analysed frames.

    The shorter side is `short_side` and the longer keeps the display aspect (even); pictures more
    than four times as long as wide keep a long side of four times `short_side`.
    """
    aspect = max(clip.width, clip.height) / min(clip.width, clip.height)
    long_side = 2 * round(short_side * min(aspect, _WIDEST) / 2)
    short = short_side if aspect <= _WIDEST else max(32, 2 * round(long_side / aspect / 2))
    return (long_side, short) if clip.width >= clip.height else (short, long_side)


def _batch_frames(size: tuple[int, int]) -> int:
    return max(1, min(BATCH_FRAMES, BATCH_BYTES // (3 * size[0] * size[1])))


def analysed_frames(times_s: NDArray[np.float64], max_rate_hz: float) -> NDArray[np.int64]:
    """Indices of the frames that are kept when thinned to `max_rate_hz`.

    A frame is kept when it comes at least 0.9 / `max_rate_hz` after the last kept one (containers
    round times to milliseconds, so 30 frames a second come 33 ms apart, or 34).
    """
    least_s = 0.9 / max_rate_hz
    if len(times_s) < 2 or float(np.diff(times_s).min()) >= least_s:
        return np.arange(len(times_s))
    kept, last_s = [], -np.inf
    for index, time_s in enumerate(times_s.tolist()):
        if time_s - last_s >= least_s:
            kept.append(index)
            last_s = time_s
    return np.asarray(kept, dtype=np.int64)


def _is_for_decord(clip: Clip, wanted: NDArray[np.int64], size: tuple[int, int], file_bytes: int) -> bool:
    # Thinned clips are PyAV's too: decord scales the frames that are thrown away, or seeks past them.
    # One that begins late is as well: decord would hand over all that comes before.
    thinned = len(wanted) < len(clip.frame_times_s)
    held_bytes = len(wanted) * size[0] * size[1] * 3 + file_bytes
    known = clip.plain and not clip.mirrored and clip.codec in _DECORD_CODECS
    small = clip.width * clip.height <= _DECORD_PIXELS
    return known and small and not thinned and held_bytes <= _DECORD_HOLDS_BYTES


def _read_decord(clip: Clip, wanted: NDArray[np.int64], size: tuple[int, int]) -> Iterator[FrameBatch]:
    """What decord decodes, up to where it raises; nothing where it is not installed."""
    try:
        import decord
    except ImportError:
        return
    decord.logging.set_level(decord.logging.QUIET)
    try:
        reader = decord.VideoReader(str(clip.path), width=size[0], height=size[1])
        if len(reader) != len(clip.frame_times_s):
            return
        times_s = np.asarray(reader.get_frame_timestamp(range(len(reader))), dtype=np.float64)[:, 0]
    except decord.DECORDError:
        return
    if np.abs(times_s - times_s[0] - clip.frame_times_s).max() > _SAME_INSTANT_S:
        return
    many = _batch_frames(size)
    for first in range(0, len(wanted), many):
        chosen = wanted[first : first + many]
        try:
            rgb = reader.get_batch(chosen.tolist()).asnumpy()
        except decord.DECORDError:
            return
        yield FrameBatch(clip.frame_times_s[chosen], rgb)


def _read_pyav(clip: Clip, wanted: NDArray[np.int64], size: tuple[int, int]) -> Iterator[FrameBatch]:
    """The wanted frames that PyAV decodes."""
    from av.video.reformatter import VideoReformatter

    scaler = VideoReformatter()
    stored_size = size[::-1] if clip.rotation % 180 else size
    times: list[float] = []
    frames: list[NDArray[np.uint8]] = []
    many = _batch_frames(size)
    for index, frame in decoded_frames(clip, wanted):
        # One scaler for all: a frame's own would be set up anew each time.
        scaled = scaler.reformat(frame, *stored_size, format="rgb24", interpolation="AREA").to_ndarray()
        frames.append(upright(clip, np.asarray(scaled, dtype=np.uint8)))
        times.append(float(clip.frame_times_s[index]))
        if len(frames) == many:
            yield FrameBatch(np.asarray(times), np.stack(frames))
            times, frames = [], []
    if frames:
        yield FrameBatch(np.asarray(times), np.stack(frames))


def decoded_frames(clip: Clip, wanted: NDArray[np.int64]) -> Iterator[tuple[int, VideoFrame]]:
    """The wanted frames that PyAV decodes, as they are stored, each with its index in the clip."""
    due = set(wanted.tolist())
    with open_container(clip.path) as container:
        stream = next(s for s in container.streams.video if s.index == clip.stream_index)
        stream.thread_type = "AUTO"
        last = -1
        for count, frame in enumerate(decode(container, stream)):
            index = count if clip.ordered or frame.pts is None else _nearest(clip, frame.time)
            if index <= last or index not in due:
                continue
            last = index
            yield index, frame


def upright(clip: Clip, stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A stored picture `[H, W, 3]` the way a player shows it: mirrored and turned."""
    return np.rot90(stored[:, ::-1] if clip.mirrored else stored, -clip.rotation // 90)


def _nearest(clip: Clip, time_s: float) -> int:
    """The frame whose time in the file is closest to `time_s`, or -1 if none is within a millisecond."""
    times_s, target_s = clip.frame_times_s, time_s - clip.start_s
    right = int(np.searchsorted(times_s, target_s))
    near = [i for i in (right - 1, right) if 0 <= i < len(times_s)]
    index = min(near, key=lambda i: abs(times_s[i] - target_s))
    return index if abs(times_s[index] - target_s) < 1e-3 else -1
