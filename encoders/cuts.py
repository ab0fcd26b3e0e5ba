"""Frames → cuts: where one shot gives way to the next, at once or by a fade.

PySceneDetect's detectors are fed with the frames as they pass, so there is no second decoding. Its
AdaptiveDetector (published best: adaptive_threshold 3.5, window_width 3) proposes; it is set more
generous than that, since it compares a cut with the movement around it and so misses cuts into and
out of fast shots, and each proposal is then examined: does the picture really change, does it stay
changed (a flash does not), and can movement not explain it (a shaken camera can)? Its minimal shot
length of 0.6 s is not used, for music videos cut faster. Detectors count frames; seconds come from
the frames' own times, so variable frame rates are safe.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders._compat import lean_package
from encoders.fades import Fade, find_dissolves, find_fades
from encoders.frames import FrameBatch
from encoders.stream import Stream

if TYPE_CHECKING:
    from scenedetect.common import FrameTimecode
    from scenedetect.detector import SceneDetector

COLUMNS = ("strength", "fade", "length_s")

# What the detector may propose: content score and its ratio to the six frames around.
_PROPOSE_SCORE = 12.0
_PROPOSE_RATIO = 2.0
_WINDOW = 3
# What a cut must show, in mean difference of thumbnails (of 255): on the real clips that these were
# set on, cuts have at least 8.3, and 4.5 times (2.9 times) the mean (the largest) of the frames
# around; the strongest jump that is none has 9.3, 7.4 and 3.1 times at a content score of 9.
_LEAST_CHANGE = 6.0
# In dark pictures less: this share of their level, and never less than coding noise.
_LEAST_SHARE, _NOISE = 0.12, 2.5
_OVER_MEAN = 3.5
_OVER_MOST = 2.2
# A picture that comes back within this time was a flash. Shots this short are not told from flashes.
FLASH_S = 0.25
_RETURN_SHARE = 0.55
# The share of the change that is left when movement is taken out: 0.58 and more in those cuts.
_UNEXPLAINED = 0.5
# A picture with less contrast than this (grey levels) is flat. A change of light alone leaves the
# pictures correlated at least so far, and less than that share of the change when it is evened out.
_FLAT = 3.0
_RELIT_ALIKE, _RELIT_SHARE = 0.85, 0.3
# A jolt of the camera by less than this share of the picture is no cut.
_JOLT_SHARE = 0.15
# Two edits closer than this are one.
_ONE_EDIT_S = 0.2
# Black for less than this at the very start is how a clip opens, not an event in it.
_OPENING_S = 0.5

_DETECTOR_SIDE = 72
_THUMB = (16, 9)
# The detectors count frames; the rate only turns them into timecodes that nobody reads.
_ANY_RATE = 25.0
_BLACK, _WHITE = 12, 243


class CutsSense:
    """Gives `cuts`, the first frame of each new shot after the first.

    Columns: `strength` (0–1, how much the picture changes), `fade` (0 for a hard cut, 1 for a fade
    through black or white or a cross-fade), `length_s` (how long the fade takes; 0 for a cut). A fade
    through black is where the new shot begins to be seen; a cross-fade where both shots weigh alike.
    """

    name = "cuts"

    def __init__(self) -> None:
        import cv2

        lean_package("scenedetect")
        from scenedetect.common import FrameTimecode
        from scenedetect.detectors import AdaptiveDetector, ThresholdDetector

        self.notes: list[str] = []
        self._timecode = FrameTimecode
        self._shots: SceneDetector = AdaptiveDetector(
            adaptive_threshold=_PROPOSE_RATIO,
            min_content_val=_PROPOSE_SCORE,
            window_width=_WINDOW,
            min_scene_len=1,
        )
        self._dark: SceneDetector = ThresholdDetector(threshold=_BLACK, fade_bias=1.0, min_scene_len=1)
        self._bright: SceneDetector = ThresholdDetector(
            threshold=_WHITE, fade_bias=1.0, min_scene_len=1, method=ThresholdDetector.Method.CEILING
        )
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._times: list[float] = []
        self._thumbs: list[NDArray[np.uint8]] = []
        self._recent: deque[NDArray[np.uint8]] = deque(maxlen=_WINDOW + 2)
        self._proposed: dict[int, float] = {}
        self._from_black: list[int] = []
        self._from_white: list[int] = []

    def see(self, batch: FrameBatch) -> None:
        for time_s, rgb in zip(batch.times_s.tolist(), batch.rgb, strict=True):
            self._see_frame(time_s, rgb)

    def _see_frame(self, time_s: float, rgb: NDArray[np.uint8]) -> None:
        import cv2

        height, width = rgb.shape[:2]
        scale = _DETECTOR_SIDE / min(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        thumb = np.asarray(cv2.resize(small, _THUMB, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        now = self._timecode(len(self._times), _ANY_RATE)
        self._times.append(time_s)
        self._thumbs.append(thumb)
        self._recent.append(small)
        for found in self._shots.process_frame(now, small):
            self._proposed[found.frame_num] = self._unexplained()
        self._from_black += _frames(self._dark.process_frame(now, thumb))
        self._from_white += _frames(self._bright.process_frame(now, thumb))

    def _unexplained(self) -> float:
        """The share of the proposed change that no movement between the two frames explains.

        Movement is found in the light and judged in colour: two shots may differ in nothing else.

        The detector proposes `_WINDOW` frames late; the pair is then the oldest kept.
        """
        before, after = self._recent[0], self._recent[1]
        change = _difference(before, after)
        if change == 0:
            return 0.0
        left = min(
            self._residual(before, after), self._residual(after, before), _jolt_residual(before, after)
        )
        return left / change

    def _residual(self, source: NDArray[np.uint8], target: NDArray[np.uint8]) -> float:
        import cv2

        height, width = target.shape[:2]
        flow = self._flow.calc(_light(target), _light(source), np.zeros((height, width, 2), dtype=np.float32))
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        moved = cv2.remap(
            source, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return _difference(np.asarray(moved, dtype=np.uint8), target)

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        source = f"PySceneDetect {version('scenedetect')} AdaptiveDetector, examined; own fades"
        units = "strength 0-1; length in s"
        if len(self._times) < 2:
            return [Stream.silent("cuts", COLUMNS, units, source)]
        times_s = np.asarray(self._times, dtype=np.float64)
        thumbs = np.stack(self._thumbs)
        rows = [(float(times_s[k]), _strength(change), 0.0, 0.0) for k, change in self._cuts(times_s, thumbs)]
        fades = find_fades(times_s, thumbs, self._from_black, self._from_white)
        known = [(f.start_s, f.end_s) for f in fades] + [(row[0], row[0]) for row in rows]
        fades += find_dissolves(times_s, thumbs, known)
        for fade in fades:
            opens = fade.start_s <= times_s[0] and fade.time_s < times_s[0] + _OPENING_S
            if not opens and all(abs(fade.time_s - row[0]) >= _ONE_EDIT_S for row in rows):
                rows.append(_row(fade))
        rows.sort()
        values = np.array([row[1:] for row in rows], dtype=np.float32).reshape(-1, len(COLUMNS))
        mask = np.ones(len(rows), dtype=np.bool_)
        return [Stream("cuts", np.array([row[0] for row in rows]), values, mask, COLUMNS, units, source)]

    def _cuts(self, times_s: NDArray[np.float64], thumbs: NDArray[np.uint8]) -> list[tuple[int, float]]:
        """The proposals that stand examination: frame and mean change (of 255)."""
        kept = []
        for frame, unexplained in sorted(self._proposed.items()):
            change = _examined(times_s, thumbs, frame)
            if change > 0 and unexplained >= _UNEXPLAINED:
                kept.append((frame, change))
        return kept


def _jolt_residual(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """What is left of a change when the whole picture is shifted; infinite for a shift that is none.

    The shift is where the pictures' phases correlate (Kuglin & Hines 1975).
    """
    import cv2

    height, width = before.shape[:2]
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    shift, _ = cv2.phaseCorrelate(_light(before).astype(np.float32), _light(after).astype(np.float32), window)
    dx, dy = round(shift[0]), round(shift[1])
    if max(abs(dx) / width, abs(dy) / height) > _JOLT_SHARE:
        return float("inf")
    rows, columns = slice(max(0, dy), height + min(0, dy)), slice(max(0, dx), width + min(0, dx))
    rows0, columns0 = slice(max(0, -dy), height + min(0, -dy)), slice(max(0, -dx), width + min(0, -dx))
    return _difference(
        np.ascontiguousarray(before[rows0, columns0]), np.ascontiguousarray(after[rows, columns])
    )


def _examined(times_s: NDArray[np.float64], thumbs: NDArray[np.uint8], frame: int) -> float:
    """How much the picture changes for good at a frame, mean of 255; 0 if that is no cut."""
    change = _difference(thumbs[frame - 1], thumbs[frame])
    around = [
        _difference(thumbs[k - 1], thumbs[k])
        for k in range(max(1, frame - _WINDOW), min(len(thumbs), frame + _WINDOW + 1))
        if k != frame
    ]
    level = float(max(thumbs[frame - 1].mean(), thumbs[frame].mean()))
    if change < np.clip(_LEAST_SHARE * level, _NOISE, _LEAST_CHANGE):
        return 0.0
    if change < _OVER_MEAN * np.mean(around) or change < _OVER_MOST * max(around):
        return 0.0
    if _relit(thumbs[frame - 1], thumbs[frame], change):
        return 0.0
    return change if _stays(times_s, thumbs, frame, change) else 0.0


def _stays(times_s: NDArray[np.float64], thumbs: NDArray[np.uint8], frame: int, change: float) -> bool:
    """False where the old picture comes back (a flash begins), or the new one was there before (it ends)."""
    after = np.flatnonzero((times_s > times_s[frame]) & (times_s <= times_s[frame] + FLASH_S))
    before = np.flatnonzero((times_s < times_s[frame - 1]) & (times_s >= times_s[frame - 1] - FLASH_S))
    comes_back = any(_difference(thumbs[k], thumbs[frame - 1]) < _RETURN_SHARE * change for k in after)
    was_there = any(_difference(thumbs[k], thumbs[frame]) < _RETURN_SHARE * change for k in before)
    return not comes_back and not was_there


def _relit(before: NDArray[np.uint8], after: NDArray[np.uint8], change: float) -> bool:
    """True where one picture is the other in another light: after ≈ gain · before + offset."""
    # Each channel about its own mean: a picture's hue is no contrast that light could scale.
    a, b = before.reshape(-1, 3).astype(np.float64), after.reshape(-1, 3).astype(np.float64)
    a, b = (a - a.mean(axis=0)).ravel(), (b - b.mean(axis=0)).ravel()
    if min(a.std(), b.std()) < _FLAT:
        return False
    alike = (a * b).mean() / (a.std() * b.std())
    left = np.abs(b - alike * b.std() / a.std() * a).mean()
    return bool(alike > _RELIT_ALIKE and left < _RELIT_SHARE * change)


def _light(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    import cv2

    return float(cv2.norm(a, b, cv2.NORM_L1)) / a.size


def _strength(change: float) -> float:
    """A change of a quarter of the range is as strong as a cut gets."""
    return float(np.clip(np.sqrt(change / 64.0), 0.2, 1.0))


def _row(fade: Fade) -> tuple[float, float, float, float]:
    return fade.time_s, _strength(fade.change), 1.0, fade.length_s


def _frames(timecodes: list[FrameTimecode]) -> list[int]:
    return [timecode.frame_num for timecode in timecodes]
