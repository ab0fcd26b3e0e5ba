"""Frames → where the body is, how its limbs move, and when it comes to rest.

Landmarks cost tens of milliseconds a picture, so they are sought densely only where somebody is:
one picture a second is probed (and one after each jump of the picture), and the stretches around
the probes that show a person are followed, by two threads.
"""

from __future__ import annotations

import queue
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.directogram import BINS
from encoders.errors import MissingModelError
from encoders.frames import FrameBatch
from encoders.kinematics import GRID_HZ, JOINTS, joint_motion, kinematic_beats
from encoders.landmarks import LANDMARKS, SETTLING, PoseFinder, open_finders
from encoders.stream import Stream

POSE_HZ = 15.0
"""Pictures a second in which a person is followed, at most."""

STRETCH_S = 1.0
"""Each stretch of this length is probed once."""

POSE_COLUMNS = tuple(f"{axis}{joint}" for joint in range(LANDMARKS) for axis in "xyzv")
LIMB_COLUMNS = ("speed", *(f"d{bin_}" for bin_ in range(BINS)))

_THREADS = 2
# Stretches that may wait for a thread before `see` waits too: what bounds the memory.
_WAITING = 3
# A difference of the mean pixel, of 255, that is taken for another shot.
_JUMP = 28.0
_LEAST_STRETCH_S = 0.3
# Frames of one person further apart than this are two runs.
_LONGEST_GAP_S = 0.25
# Shorter runs are too short to tell a rest from a start or an end.
_SHORTEST_RUN_S = 1.0


@dataclass
class _Stretch:
    """Consecutive pictures, at `POSE_HZ`, of what seems one shot."""

    indices: list[int] = field(default_factory=list)
    rgb: list[NDArray[np.uint8]] = field(default_factory=list)
    start_s: float = 0.0
    follows_jump: bool = True
    lead: list[NDArray[np.uint8]] = field(default_factory=list)


class PoseSense:
    """Looks for a person, and follows one.

    Gives `pose` (the landmarks), `limbs` (summed joint speed and its directogram) and
    `kinematic_beats`.

    Args:
        model: a mediapipe `.task` file; None for the model in mediapipe's wheel.
    """

    name = "pose"

    def __init__(self, model: Path | None = None) -> None:
        self.notes: list[str] = []
        self._source = "none"
        self._times: list[float] = []
        self._found: dict[int, NDArray[np.float32]] = {}
        self._aspect = 1.0
        self._open = _Stretch()
        self._held: _Stretch | None = None
        self._last_found = False
        self._thumbnail: NDArray[np.int16] | None = None
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="pose")
        self._following: list[tuple[list[int], Future[NDArray[np.float32]]]] = []
        self._idle: queue.SimpleQueue[PoseFinder] = queue.SimpleQueue()
        self._able = True
        # Loaded while the decoder starts.
        self._opening = self._pool.submit(open_finders, model, _THREADS + 1)
        self._prober: PoseFinder | None = None

    def see(self, batch: FrameBatch) -> None:
        for time_s, rgb in zip(batch.times_s.tolist(), batch.rgb, strict=True):
            if self._times and time_s - self._times[-1] < 0.9 / POSE_HZ:
                continue
            self._times.append(time_s)
            self._aspect = rgb.shape[1] / rgb.shape[0]
            jump = self._jumps(rgb)
            age_s = time_s - self._open.start_s
            if self._open.rgb and (age_s >= STRETCH_S or (jump and age_s >= _LEAST_STRETCH_S)):
                self._close_stretch(follows_jump=jump)
                self._open.start_s = time_s
            self._open.indices.append(len(self._times) - 1)
            # A copy, so that the batch it is a view of can go.
            self._open.rgb.append(rgb.copy())

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        self._close_stretch(follows_jump=True)
        for indices, future in self._following:
            self._keep(indices, future.result())
        self._pool.shutdown()
        times_s = np.asarray(self._times, np.float64)
        landmarks = np.full((len(times_s), LANDMARKS, 4), np.nan, np.float32)
        for index, one in self._found.items():
            landmarks[index] = one
        cuts_s = streams["cuts"].times_s if "cuts" in streams else np.zeros(0)
        runs = _runs(times_s, _plausible(landmarks, self._aspect), cuts_s)
        mask = np.zeros(len(times_s), bool)
        for run in runs:
            mask[run] = True
        values = np.where(mask[:, None, None], landmarks, 0.0).reshape(len(times_s), -1)
        pose = Stream(
            "pose",
            times_s,
            values,
            mask,
            POSE_COLUMNS,
            "x, y in picture widths, heights; z; v 0-1",
            self._source,
        )
        return [pose, *self._movement(times_s, landmarks, runs)]

    def _movement(
        self, times_s: NDArray[np.float64], landmarks: NDArray[np.float32], runs: list[slice]
    ) -> list[Stream]:
        """`limbs` and `kinematic_beats` of all runs."""
        speed = np.zeros((len(times_s), 1 + BINS), np.float32)
        mask = np.zeros(len(times_s), bool)
        beats, strengths = [np.zeros(0)], [np.zeros(0, np.float32)]
        for run in runs:
            seen_s, seen = times_s[run], landmarks[run]
            motion = joint_motion(seen_s, seen, self._aspect, seen_s)
            speed[run, 0] = motion.mean_speed * len(JOINTS)
            speed[run, 1:] = motion.directions * len(JOINTS)
            mask[run] = True
            if seen_s[-1] - seen_s[0] < _SHORTEST_RUN_S:
                continue
            grid_s = np.arange(seen_s[0], seen_s[-1], 1 / GRID_HZ)
            times, depth = kinematic_beats(
                grid_s, joint_motion(seen_s, seen, self._aspect, grid_s).mean_speed
            )
            beats.append(times)
            strengths.append(depth)
        source = f"{self._source}; AIST++ kinematic beats"
        when = np.concatenate(beats)
        strength = np.concatenate(strengths)[:, None]
        return [
            Stream("limbs", times_s, speed, mask, LIMB_COLUMNS, "body heights/s, summed over joints", source),
            Stream(
                "kinematic_beats", when, strength, np.ones(len(when), np.bool_), ("strength",), "0-1", source
            ),
        ]

    def _jumps(self, rgb: NDArray[np.uint8]) -> bool:
        """Whether the picture is suddenly another one."""
        thumbnail = rgb[4::16, 4::16, 1].astype(np.int16)
        last, self._thumbnail = self._thumbnail, thumbnail
        return last is not None and float(np.abs(thumbnail - last).mean()) > _JUMP

    def _close_stretch(self, *, follows_jump: bool) -> None:
        """Probe the open stretch, decide what to follow, and open the next."""
        stretch, self._open = self._open, _Stretch(follows_jump=follows_jump)
        if not follows_jump:
            self._open.lead = stretch.rgb[-SETTLING:]
        if not stretch.rgb or not self._ready():
            return
        before, self._held = self._held, None
        if stretch.follows_jump:
            before, self._last_found = None, False
        found = self._probe(stretch)
        if found and before is not None:
            self._follow(before)
        # A person is followed into the stretch after the last one that shows them.
        if found or self._last_found:
            self._follow(stretch)
        else:
            self._held = stretch
        self._last_found = found

    def _ready(self) -> bool:
        """Whether there are finders; waits for them the first time."""
        if self._prober is None and self._able:
            try:
                self._prober, *others = self._opening.result()
            except MissingModelError as error:
                self._able = False
                self.notes.append(f"No pose was looked for: {error}.")
                return False
            self._source = self._prober.source
            for finder in others:
                self._idle.put(finder)
        return self._able

    def _probe(self, stretch: _Stretch) -> bool:
        assert self._prober is not None
        one = self._prober.find(stretch.rgb[len(stretch.rgb) // 2])
        return bool(_plausible(one[None], self._aspect)[0])

    def _follow(self, stretch: _Stretch) -> None:
        while len(self._following) >= _WAITING:
            indices, future = self._following.pop(0)
            self._keep(indices, future.result())
        self._following.append((stretch.indices, self._pool.submit(self._follow_now, stretch)))

    def _follow_now(self, stretch: _Stretch) -> NDArray[np.float32]:
        finder = self._idle.get()
        try:
            return finder.follow([*stretch.lead, *stretch.rgb])[len(stretch.lead) :]
        finally:
            self._idle.put(finder)

    def _keep(self, indices: list[int], landmarks: NDArray[np.float32]) -> None:
        self._found.update(zip(indices, landmarks, strict=True))


def _plausible(landmarks: NDArray[np.float32], aspect: float) -> NDArray[np.bool_]:
    """Which of `[N, 33, 4]` can be a person: bool `[N]`.

    Foliage, drawn animals and furniture set the networks off now and then; what they give then is
    dim, tiny, or folded up.
    """
    found = np.isfinite(landmarks).all(axis=(1, 2))
    safe = np.where(found[:, None, None], landmarks, 0.0).astype(np.float64)
    xy, seen = safe[..., :2] * (aspect, 1.0), safe[..., 3]
    shoulders, hips = xy[:, 11:13].mean(axis=1), xy[:, 23:25].mean(axis=1)
    torso = np.linalg.norm(shoulders - hips, axis=-1)
    across = np.linalg.norm(xy[:, 11] - xy[:, 12], axis=-1)
    inside = np.abs(safe[..., :2] - 0.5).max(axis=-1) < 0.55
    clear = np.logical_and(seen > 0.6, inside)[:, JOINTS].sum(axis=1)
    return np.asarray(
        found
        & (seen[:, 11:13].min(axis=1) > 0.7)
        & (np.maximum(torso, across) > 0.06)
        & (across < 1.6 * torso)
        & (clear >= 5)
    )


def _runs(times_s: NDArray[np.float64], found: NDArray[np.bool_], cuts_s: NDArray[np.float64]) -> list[slice]:
    """Stretches of consecutive found pictures, unbroken by cuts, of three pictures or more."""
    runs: list[slice] = []
    start: int | None = None
    for index in range(len(times_s) + 1):
        here = index < len(times_s) and bool(found[index])
        if start is not None:
            cut = here and bool(((cuts_s > times_s[index - 1]) & (cuts_s <= times_s[index])).any())
            if not here or cut:
                if index - start >= 3:
                    runs.append(slice(start, index))
                start = None
        if here and start is None:
            start = index
    return runs
