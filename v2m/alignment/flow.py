"""Picture → how much it moves, frame by frame, as AV-Align measures it (Yariv et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.camera import camera_flow
from encoders.errors import ClipError
from encoders.frames import FrameBatch
from encoders.stream import Stream

if TYPE_CHECKING:
    from encoders.farneback import FlowBetween

LINES = 180
"""Frames are reduced to this many lines by area averaging; the threshold of 0.1 px belongs to it."""

MOTION_COLUMNS = ("energy", "camera")

_THREADS = 2
# The camera's part changes slowly, and whoever asks for it asks for means over half a second.
_CAMERA_S = 0.1
_CAMERA_STRIDE = 2


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


class FlowSense:
    """Gives `flow`, a curve at every frame it sees, and `motion`, one of about 10 Hz.

    `flow`: `magnitude`, mean magnitude of Farnebäck's flow (0.5, 3, 15, 3, 5, 1.2, 0), pixels a frame
    pair. `motion`: `energy`, mean magnitude once the camera's part is taken away, and `camera`, of that
    part, both in picture heights a second. A value belongs to the later frame of a pair; masked at the
    first frame and at cuts.

    Attributes:
        flow: what `flow` says, in double precision; there once `finish` was called.
    """

    name = "flow"

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.flow: Flow | None = None
        self._times: list[float] = []
        self._magnitudes: list[float] = []
        self._motion: list[tuple[float, float, float]] = []
        self._last_s = 0.0
        self._last: NDArray[np.uint8] | None = None
        self._between: list[FlowBetween] = []
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="flow")

    def see(self, batch: FrameBatch) -> None:
        grey = [_grey(rgb) for rgb in batch.rgb]
        pictures = grey if self._last is None else [self._last, *grey]
        times_s = batch.times_s.tolist() if self._last is None else [self._last_s, *batch.times_s.tolist()]
        self._look_at(pictures, times_s)
        self._times += batch.times_s.tolist()
        self._last, self._last_s = grey[-1], times_s[-1]

    def _look_at(self, pictures: Sequence[NDArray[np.uint8]], times_s: Sequence[float]) -> None:
        """Flow of each neighbouring two, the first and the second half of them side by side."""
        from encoders.farneback import FlowBetween

        if not self._between:
            self._between = [FlowBetween(*pictures[0].shape) for _ in range(_THREADS)]
        wanted = self._camera_at(times_s)
        edges = np.linspace(0, len(pictures) - 1, _THREADS + 1).round().astype(int)
        jobs = [
            self._pool.submit(_magnitudes, between, pictures[first : last + 1], wanted[first:last])
            for between, first, last in zip(self._between, edges[:-1], edges[1:], strict=True)
            if last > first
        ]
        found = [one for job in jobs for one in job.result()]
        for (magnitude, motion), before_s, time_s in zip(found, times_s[:-1], times_s[1:], strict=True):
            self._magnitudes.append(magnitude)
            if motion is not None:
                a_second = 1.0 / (len(pictures[0]) * max(time_s - before_s, 1e-3))
                self._motion.append((time_s, motion[0] * a_second, motion[1] * a_second))

    def _camera_at(self, times_s: Sequence[float]) -> list[bool]:
        """For which pairs the camera's part is to be found."""
        last_s = self._motion[-1][0] if self._motion else -np.inf
        wanted = []
        for time_s in times_s[1:]:
            wanted.append(time_s - last_s >= _CAMERA_S - 1e-3)
            if wanted[-1]:
                last_s = time_s
        return wanted

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        self._pool.shutdown()
        times_s = np.asarray(self._times, dtype=np.float64)
        moved = np.array([*(self._magnitudes[:1] or [0.0]), *self._magnitudes])[: len(times_s)]
        self.flow = Flow(times_s, moved)
        cuts = streams.get("cuts")
        cuts_s = cuts.times_s[cuts.column("fade") == 0] if cuts is not None and len(cuts) else np.zeros(0)
        source = f"Farnebäck flow at {LINES} lines"
        seen = ~_first_of_a_shot(times_s, cuts_s)
        seen[:1] = False
        at_s = np.array([row[0] for row in self._motion], dtype=np.float64)
        motion = np.array([row[1:] for row in self._motion], dtype=np.float32).reshape(-1, 2)
        # Where it was looked for is among the frames.
        steady = seen[np.searchsorted(times_s, at_s)]
        return [
            Stream(
                "flow", times_s, moved[:, None].astype(np.float32), seen, ("magnitude",), "px/frame", source
            ),
            Stream(
                "motion", at_s, motion * steady[:, None], steady, MOTION_COLUMNS, "picture heights/s", source
            ),
        ]


def measure_flow(path: Path | str, *, lines: int = LINES) -> Flow:
    """Mean magnitude of Farnebäck's flow (0.5, 3, 15, 3, 5, 1.2, 0) between neighbouring frames.

    Args:
        path: any clip.
        lines: height to which frames are reduced.

    Raises:
        ClipError: if the clip cannot be read or holds no frame.
    """
    from encoders.clip import probe
    from encoders.encode import Reader, look
    from encoders.small import read_small

    made: list[FlowSense] = []

    def make() -> FlowSense:
        made.append(FlowSense())
        return made[0]

    look(probe(path), [make], reader=Reader(partial(read_small, lines=lines), np.inf))
    flow = made[0].flow
    if flow is None or not len(flow.times_s):
        raise ClipError(f"{path}: no frame decodes")
    return flow


def _magnitudes(
    between: FlowBetween, pictures: Sequence[NDArray[np.uint8]], camera: Sequence[bool]
) -> list[tuple[float, tuple[float, float] | None]]:
    """Mean magnitude from each picture to the next, and where wanted those of what moves and the camera."""
    import cv2

    first, second = between.blank(), between.blank()
    between.expand(pictures[0], first)
    found: list[tuple[float, tuple[float, float] | None]] = []
    for picture, with_camera in zip(pictures[1:], camera, strict=True):
        between.expand(picture, second)
        x, y = moved = between.flow(first, second)
        magnitude = float(np.mean(cv2.magnitude(x, y)))
        found.append((magnitude, _parted(moved, len(picture)) if with_camera else None))
        first, second = second, first
    return found


def _parted(moved: NDArray[np.float32], lines: int) -> tuple[float, float]:
    """Mean magnitude of the flow without the camera's part, and of that part, pixels of a picture so high."""
    some = np.ascontiguousarray(np.moveaxis(moved[:, ::_CAMERA_STRIDE, ::_CAMERA_STRIDE], 0, -1))
    camera = camera_flow(some, lines)
    own = some - camera
    return float(np.hypot(own[..., 0], own[..., 1]).mean()), float(
        np.hypot(*np.moveaxis(camera, -1, 0)).mean()
    )


def _grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _first_of_a_shot(times_s: NDArray[np.float64], cuts_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    first = np.zeros(len(times_s), dtype=np.bool_)
    for cut_s in cuts_s.tolist():
        first[int(np.argmin(np.abs(times_s - cut_s)))] = True
    return first
