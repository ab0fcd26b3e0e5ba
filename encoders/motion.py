"""Frames → motion: how much moves, which way, and when it sets in.

One optical flow, Farnebäck's (2003), on grey frames averaged down to 90 lines. The mean of its magnitude,
camera included, is `raw`, whose strict local maxima are close to the video peaks of AV-Align (Yariv et al.
2024), which asks for 180 lines: three quarters are the same to the very frame, for a third of the time that
the full size takes. The camera's part is fitted robustly and taken away, and what is left gives the
energy and the directogram (Davis & Agrawala 2018).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from encoders.camera import camera_flow
from encoders.directogram import BINS, directogram, positive_flux
from encoders.farneback import Expansion, FlowBetween
from encoders.frames import FrameBatch
from encoders.onsets import find_onsets
from encoders.stream import Stream

LINES = 90
# Narrower pictures give the flow no room.
_NARROWEST = 48
# A frame that repeats the one before it (pull-down, animation on twos) differs from it by less than
# this share of the difference of the frames within reach, in mean grey levels.
_REPEAT_SHARE = 0.08
_REPEAT_REACH_S = 0.15
_REPEAT_MOST = 0.5
# The longest a change of shot disturbs the flow on either side of it.
_FADE_HALF_S = 1.0

COLUMNS = ("energy", "raw", "camera", "flux", *(f"d{k}" for k in range(BINS)))
ONSET_COLUMNS = ("strength", "accent")


class MotionSense:
    """Gives `motion`, a curve at each analysed frame, and `visual_onsets`, events.

    `motion`: `energy`, mean flow magnitude without the camera, in picture heights a second; `raw`, mean
    Farnebäck magnitude with the camera, in pixels a frame pair at 180 lines (the measure of AV-Align);
    `camera`, mean magnitude of the camera's flow, heights a second; `flux`, positive flux of the
    directogram; `d0…d7`, directogram of what moves, heights a second. A value belongs to the later frame
    of a pair. Masked: the first frame, the first of each shot, frames in the midst of a fade, and frames
    that only repeat the one before.

    `visual_onsets`: `strength` (0–1, by prominence) and `accent` (1 for those that stand out).
    """

    name = "motion"

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._between: FlowBetween | None = None
        self._expanded: list[list[Expansion]] = []
        self._times: list[float] = []
        self._rows: list[NDArray[np.float32]] = []
        self._changes: list[float] = []
        self._before: NDArray[np.uint8] | None = None

    def see(self, batch: FrameBatch) -> None:
        for time_s, rgb in zip(batch.times_s.tolist(), batch.rgb, strict=True):
            grey = _grey(rgb)
            if self._between is None or self._before is None:
                self._between = FlowBetween(*grey.shape)
                # The frame before and this one, by turns.
                self._expanded = [self._between.blank(), self._between.blank()]
                self._between.expand(grey, self._expanded[0])
                self._changes.append(0.0)
                self._rows.append(np.zeros(3 + BINS, dtype=np.float32))
            else:
                self._changes.append(_change(self._before, grey))
                self._rows.append(self._row(self._between, grey))
            self._before = grey
            self._times.append(time_s)

    def _row(self, between: FlowBetween, grey: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Energy, raw, camera and directogram of one pair; lengths in picture heights except raw."""
        before, after = self._expanded
        self._expanded = [after, before]
        whole = between.flow(before, between.expand(grey, after))
        raw = np.hypot(whole[0], whole[1]).mean() * 180.0 / LINES
        flow = np.ascontiguousarray(np.moveaxis(whole, 0, -1))
        camera = camera_flow(flow, LINES)
        own = flow - camera
        directions = directogram(own[..., 0].ravel(), own[..., 1].ravel())
        shaken = np.hypot(camera[..., 0], camera[..., 1]).mean()
        heights = np.concatenate([[directions.sum(), 0.0, shaken], directions]) / LINES
        heights[1] = raw
        return np.asarray(heights, dtype=np.float32)

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        import cv2

        source = f"Farnebäck flow at {LINES} lines (OpenCV {cv2.__version__})"
        units = "picture heights/s; raw in px/frame at 180 lines"
        times_s = np.asarray(self._times, dtype=np.float64)
        if len(times_s) < 2:
            return [
                Stream.silent("motion", COLUMNS, units, source, times_s),
                Stream.silent("visual_onsets", ONSET_COLUMNS, "0-1", source),
            ]
        barrier, fading = _edits(times_s, streams.get("cuts"))
        repeats = _repeats(times_s, np.asarray(self._changes), barrier)
        seen = ~(barrier | fading | repeats)
        seen[0] = False
        values = np.stack(self._rows).astype(np.float64)
        values[:, [0, *range(2, 3 + BINS)]] /= _steps_s(times_s, repeats)[:, None]
        values = _bridged(times_s, values, seen)
        flux = positive_flux(values[:, 3:])
        flux[np.flatnonzero(~seen)] = 0.0
        onsets_s, strengths, accents = find_onsets(times_s, values[:, 1], flux, barrier | fading, repeats)
        table = np.column_stack([values[:, :3], flux, values[:, 3:]]) * seen[:, None]
        events = np.column_stack([strengths, accents]).astype(np.float32)
        return [
            Stream("motion", times_s, table.astype(np.float32), seen, COLUMNS, units, source),
            Stream(
                "visual_onsets",
                onsets_s,
                events,
                np.ones(len(onsets_s), dtype=np.bool_),
                ONSET_COLUMNS,
                "0-1",
                f"peaks of flow and of directogram flux; {source}",
            ),
        ]


def _grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`[H, W, 3]` → `[90, W']`, averaged by area."""
    import cv2

    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    width = max(_NARROWEST, round(rgb.shape[1] * LINES / rgb.shape[0]))
    return np.asarray(cv2.resize(grey, (width, LINES), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _change(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    import cv2

    return float(cv2.norm(before, after, cv2.NORM_L1)) / after.size


def _edits(times_s: NDArray[np.float64], cuts: Stream | None) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which frames are the first of a shot after a hard cut, and which lie within a fade."""
    barrier, fading = np.zeros(len(times_s), dtype=np.bool_), np.zeros(len(times_s), dtype=np.bool_)
    if cuts is None or not cuts.says_something:
        return barrier, fading
    lengths = np.minimum(cuts.column("length_s").astype(np.float64) / 2, _FADE_HALF_S)
    for time_s, fade, half_s in zip(cuts.times_s, cuts.column("fade"), lengths, strict=True):
        if fade:
            fading |= np.abs(times_s - time_s) <= half_s
        else:
            barrier[int(np.argmin(np.abs(times_s - time_s)))] = True
    return barrier, fading


def _repeats(
    times_s: NDArray[np.float64], changes: NDArray[np.float64], barrier: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which frames repeat the one before, while the picture moves; a still picture repeats nothing."""
    evidence = np.where(barrier, 0.0, changes)
    repeats = np.zeros(len(changes), dtype=np.bool_)
    for k in np.flatnonzero((changes < _REPEAT_MOST) & ~barrier):
        lo, hi = np.searchsorted(times_s, [times_s[k] - _REPEAT_REACH_S, times_s[k] + _REPEAT_REACH_S])
        # On both sides: where a movement stops, the still frames after it are no repeats.
        sides = evidence[lo:k].max(initial=0.0), evidence[k + 1 : hi].max(initial=0.0)
        repeats[k] = changes[k] <= _REPEAT_SHARE * min(sides)
    repeats[0] = False
    return repeats


def _steps_s(times_s: NDArray[np.float64], repeats: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Time that the movement up to each frame took, `[T]`: since the last frame, in plain footage.

    Where frames repeat, film of one rate was stretched to another: its own frames were evenly spaced,
    so the mean spacing of the new frames around holds for each.
    """
    steps = np.diff(times_s, prepend=2 * times_s[0] - times_s[1])
    fresh_s = times_s[~repeats]
    for k in np.flatnonzero(repeats):
        lo, hi = np.searchsorted(times_s, [times_s[k] - _REPEAT_REACH_S, times_s[k] + _REPEAT_REACH_S])
        first, last = np.searchsorted(fresh_s, [times_s[lo], times_s[hi - 1]])
        around_s = fresh_s[max(first - 2, 0) : last + 3]
        if len(around_s) > 1:
            steps[lo:hi] = (around_s[-1] - around_s[0]) / (len(around_s) - 1)
    return np.maximum(steps, 1e-3)


def _bridged(
    times_s: NDArray[np.float64], values: NDArray[np.float64], seen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Values `[T, D]` interpolated over the frames that have none of their own."""
    if not seen.any():
        return np.zeros_like(values)
    return np.column_stack([np.interp(times_s, times_s[seen], column[seen]) for column in values.T])
