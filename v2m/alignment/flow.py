"""Picture → how much it moves, frame by frame, as AV-Align measures it (Yariv et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.errors import ClipError

LINES = 180
"""Frames are reduced to this many lines by area averaging; the threshold of 0.1 px belongs to it."""


@dataclass(frozen=True, eq=False)
class Flow:
    """Mean optical flow of a clip.

    Attributes:
        times_s: float64 `[frames]`, seconds from the first frame, the file's own timestamps.
        magnitude: float64 `[frames]`, px a frame pair: the movement from the frame before to
            this one. The first frame has none before it and takes the second's.
    """

    times_s: NDArray[np.float64]
    magnitude: NDArray[np.float64]

    @property
    def frame_s(self) -> float:
        """Mean distance of two frames."""
        return float(self.times_s[-1] / (len(self.times_s) - 1)) if len(self.times_s) > 1 else 0.0


def measure_flow(path: Path | str, *, lines: int = LINES) -> Flow:
    """Mean magnitude of Farnebäck's flow (0.5, 3, 15, 3, 5, 1.2, 0) between neighbouring frames.

    Args:
        path: any clip.
        lines: height to which frames are reduced.

    Raises:
        ClipError: if the clip cannot be read or holds no frame.
    """
    import cv2

    times: list[float] = []
    magnitudes: list[float] = []
    last: NDArray[np.uint8] | None = None
    for time_s, grey in _grey_frames(path, lines):
        if last is not None:
            moved = cv2.calcOpticalFlowFarneback(last, grey, None, 0.5, 3, 15, 3, 5, 1.2, 0)  # type: ignore[call-overload]
            magnitudes.append(float(np.mean(cv2.magnitude(moved[..., 0], moved[..., 1]))))
        times.append(time_s)
        last = grey
    if not times:
        raise ClipError(f"{path}: no frame decodes")
    clock = np.asarray(times) - times[0]
    first = magnitudes[:1] or [0.0]
    return Flow(clock, np.array(first + magnitudes))


def _grey_frames(path: Path | str, lines: int) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """(time_s, uint8 `[lines, W]`) of each frame, upright."""
    import av
    import cv2

    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ClipError(f"{path}: no picture to score")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                upright = frame.width if frame.rotation % 180 else frame.height
                share = lines / upright
                size = (max(round(frame.width * share), 1), max(round(frame.height * share), 1))
                # OpenCV's area averaging: swscale's differs enough to move a score by 0.04.
                small = cv2.resize(frame.to_ndarray(format="bgr24"), size, interpolation=cv2.INTER_AREA)
                grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
                quarter = round(frame.rotation / 90) % 4
                if frame.time is not None:
                    yield float(frame.time), np.ascontiguousarray(np.rot90(grey, quarter), dtype=np.uint8)
    except (av.FFmpegError, OSError) as error:
        raise ClipError(f"{path}: the picture cannot be read ({error})") from error
