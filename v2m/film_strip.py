"""A clip → a few small pictures of it, spread over its length, without decoding it all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.clip import Clip
from encoders.container import decode, open_container
from encoders.frames import model_size, read, upright

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

# A keyframe this near to the wanted instant, as a share of the strip's spacing, stands for it.
_NEAR = 0.35
# Frames a second where a file cannot be searched and is read through.
_READ_HZ = 8.0


def film_strip(
    clip: Clip, times_s: Sequence[float], cuts_s: NDArray[np.float64], short_side: int = 144
) -> list[NDArray[np.uint8]]:
    """The pictures at the given instants, or near them in the same shot.

    A keyframe stands in where it is near and no cut lies between, since getting to any other frame
    means decoding all from the keyframe on.

    Args:
        clip: what `probe` gave.
        times_s: wanted instants, increasing, spread over the clip.
        cuts_s: float64 `[C]`, where shots begin.
        short_side: the pictures' shorter side in pixels.

    Returns:
        One uint8 `[h, w, 3]` for each instant, upright.

    Raises:
        ClipError: if the file is no longer there or nothing of it decodes.
    """
    if clip.ordered:
        return _read_through(clip, times_s, short_side)
    near_s = _NEAR * clip.duration_s / len(times_s)
    pictures: list[NDArray[np.uint8]] = []
    with open_container(clip.path) as container, open_container(clip.path) as scout:
        finder = _Finder(clip, container, scout, cuts_s, near_s)
        for time_s in times_s:
            frame = finder.find(time_s)
            if frame is None:
                return _read_through(clip, times_s, short_side)
            pictures.append(_scaled(frame, clip, short_side))
    return pictures


class _Finder:
    """Gets to later and later instants of a file, over keyframes where that is a short cut."""

    def __init__(
        self,
        clip: Clip,
        container: InputContainer,
        scout: InputContainer,
        cuts_s: NDArray[np.float64],
        near_s: float,
    ) -> None:
        self._clip = clip
        self._container, self._scout = container, scout
        self._stream, self._scout_stream = (
            next(s for s in c.streams.video if s.index == clip.stream_index) for c in (container, scout)
        )
        self._stream.thread_type = "AUTO"
        self._frames = decode(container, self._stream)
        self._cuts_s, self._near_s = cuts_s, near_s
        self._shown: VideoFrame | None = None
        self._ahead: VideoFrame | None = None

    def find(self, time_s: float) -> VideoFrame | None:
        """The frame shown at an instant, or one that stands for it; None if the file can't be searched."""
        half_s = self._clip.frame_s / 2
        keyframe_s = self._keyframe_before(time_s)
        if keyframe_s is None:
            return None
        if self._shown is None or keyframe_s > self._time_s(self._ahead or self._shown) + half_s:
            self._container.seek(self._pts(time_s), stream=self._stream)
            self._frames, self._shown, self._ahead = decode(self._container, self._stream), None, None
        while self._shown is None or self._time_s(self._ahead or self._shown) <= time_s + half_s:
            self._shown = self._ahead or self._shown
            if self._shown is not None and self._stands_for(self._time_s(self._shown), time_s):
                break
            self._ahead = next(self._frames, None)
            if self._ahead is None:
                break
        return self._shown or self._ahead

    def _stands_for(self, at_s: float, time_s: float) -> bool:
        cut_between = (self._cuts_s > at_s + self._clip.frame_s / 2) & (self._cuts_s <= time_s)
        return 0 <= time_s - at_s <= self._near_s and not cut_between.any()

    def _keyframe_before(self, time_s: float) -> float | None:
        """Where the file lets one start decoding, found on a second opening of it."""
        import av

        try:
            self._scout.seek(self._pts(time_s), stream=self._scout_stream)
            packet = next(self._scout.demux(self._scout_stream), None)
        except (av.FFmpegError, OSError):
            return None
        if packet is None or packet.pts is None:
            return None
        return float(packet.pts * packet.time_base) - self._clip.start_s

    def _pts(self, time_s: float) -> int:
        return int((time_s + self._clip.start_s) / (self._stream.time_base or 1))

    def _time_s(self, frame: VideoFrame) -> float:
        return float((frame.pts or 0) * (self._stream.time_base or 1)) - self._clip.start_s


def _scaled(frame: VideoFrame, clip: Clip, short_side: int) -> NDArray[np.uint8]:
    width, height = model_size(clip, short_side)
    size = (height, width) if clip.rotation % 180 else (width, height)
    rgb = frame.reformat(*size, format="rgb24", interpolation="AREA").to_ndarray()
    return np.ascontiguousarray(upright(clip, np.asarray(rgb, dtype=np.uint8)))


def _read_through(clip: Clip, times_s: Sequence[float], short_side: int) -> list[NDArray[np.uint8]]:
    """The same by decoding everything: for files that cannot be searched."""
    nearest: list[tuple[float, NDArray[np.uint8] | None]] = [(np.inf, None)] * len(times_s)
    for batch in read(clip, short_side=short_side, max_rate_hz=_READ_HZ):
        for k, time_s in enumerate(times_s):
            n = int(np.argmin(np.abs(batch.times_s - time_s)))
            distance = abs(float(batch.times_s[n]) - time_s)
            if distance < nearest[k][0]:
                nearest[k] = (distance, batch.rgb[n].copy())
    return [rgb for _, rgb in nearest if rgb is not None]
