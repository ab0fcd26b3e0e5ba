"""Frames → where the body is, how its limbs move, and when it comes to rest.

Landmarks cost tens of milliseconds a picture, so they are sought densely only where somebody is:
one picture a second is probed (and one after each jump of the picture), and the stretches around
the probes that show a person are followed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.body import JOINTS, one_person_runs, plausible
from encoders.directogram import BINS
from encoders.errors import MissingModelError
from encoders.frames import FrameBatch
from encoders.kinematics import GRID_HZ, joint_motion, kinematic_beats
from encoders.landmarks import LANDMARKS, SURE, PoseFinder, Sighting, open_finders
from encoders.stream import Stream

POSE_HZ = 15.0
"""Pictures a second in which a person is followed, at most. Speed is smoothed over more than two of
them; made dancers' rests are met as well as at 30."""

STRETCH_S = 1.0
"""Each stretch of this length is probed once."""

POSE_COLUMNS = tuple(f"{axis}{joint}" for joint in range(LANDMARKS) for axis in "xyzv")
LIMB_COLUMNS = ("speed", *(f"d{bin_}" for bin_ in range(BINS)))

# One for each core of a small machine.
_TRACKERS = 2
# Stretches that may wait to be followed before `see` waits too: what bounds the memory.
_WAITING = 3
# A mean difference of the pixels, of 255, that is taken for another shot.
_JUMP = 28.0
_LEAST_STRETCH_S = 0.3
# Shorter runs are too short to tell a rest from a start or an end.
_SHORTEST_DANCE_S = 1.0


@dataclass
class _Stretch:
    """Consecutive pictures, at `POSE_HZ`, of what seems one shot."""

    start_s: float = 0.0
    indices: list[int] = field(default_factory=list)
    rgb: list[NDArray[np.uint8]] = field(default_factory=list)
    new_shot: bool = True


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
        self._model = model
        self._source = "none"
        self._times: list[float] = []
        self._aspect = 1.0
        self._thumbnail: NDArray[np.int16] | None = None
        self._stretch = _Stretch()
        self._held: _Stretch | None = None
        self._last_found = False
        self._prober: PoseFinder | None = None
        self._follower: _Follower | None = None
        # Loaded while the decoder starts.
        pool = ThreadPoolExecutor(1, thread_name_prefix="pose")
        self._opening: Future[list[PoseFinder]] | None = pool.submit(open_finders, model, 1)
        pool.shutdown(wait=False)

    def see(self, batch: FrameBatch) -> None:
        for time_s, rgb in zip(batch.times_s.tolist(), batch.rgb, strict=True):
            if self._times and time_s - self._times[-1] < 0.9 / POSE_HZ:
                continue
            jump = self._jumps(rgb)
            age_s = time_s - self._stretch.start_s
            if self._stretch.rgb and (age_s >= STRETCH_S or (jump and age_s >= _LEAST_STRETCH_S)):
                self._close_stretch()
                self._stretch = _Stretch(time_s, new_shot=jump)
            self._times.append(time_s)
            self._aspect = rgb.shape[1] / rgb.shape[0]
            self._stretch.indices.append(len(self._times) - 1)
            # A copy, so that the batch it is a view of can go.
            self._stretch.rgb.append(rgb.copy())

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        self._ready()
        self._close_stretch()
        times_s = np.asarray(self._times, np.float64)
        landmarks = np.full((len(times_s), LANDMARKS, 4), np.nan, np.float32)
        if self._follower is not None:
            self._follower.collect(landmarks)
        if self._prober is not None:
            self._prober.close()
        cuts_s = streams["cuts"].times_s if "cuts" in streams else np.zeros(0)
        found = plausible(landmarks, self._aspect)
        runs = one_person_runs(times_s, landmarks, found, cuts_s, self._aspect)
        mask = np.zeros(len(times_s), np.bool_)
        for run in runs:
            mask[run] = True
        values = np.where(mask[:, None, None], landmarks, np.float32(0)).reshape(
            len(times_s), len(POSE_COLUMNS)
        )
        units = "x, y, z: picture widths, heights, widths; v: 0-1"
        pose = Stream("pose", times_s, values, mask, POSE_COLUMNS, units, self._source)
        return [pose, *self._movement(times_s, landmarks, runs)]

    def _movement(
        self, times_s: NDArray[np.float64], landmarks: NDArray[np.float32], runs: list[slice]
    ) -> list[Stream]:
        """`limbs` and `kinematic_beats` of all runs."""
        limbs = np.zeros((len(times_s), 1 + BINS), np.float32)
        mask = np.zeros(len(times_s), np.bool_)
        beats, strengths = [np.zeros(0)], [np.zeros(0, np.float32)]
        for run in runs:
            seen_s, seen = times_s[run], landmarks[run]
            motion = joint_motion(seen_s, seen, self._aspect, seen_s)
            limbs[run, 0] = motion.mean_speed * len(JOINTS)
            limbs[run, 1:] = motion.directions * len(JOINTS)
            mask[run] = True
            if seen_s[-1] - seen_s[0] >= _SHORTEST_DANCE_S:
                grid_s = np.arange(seen_s[0], seen_s[-1], 1 / GRID_HZ)
                speed = joint_motion(seen_s, seen, self._aspect, grid_s).mean_speed
                when, strength = kinematic_beats(grid_s, speed)
                beats.append(when)
                strengths.append(strength)
        when, strength = np.concatenate(beats), np.concatenate(strengths)[:, None]
        source = f"{self._source}; kinematic beats of AIST++ in seconds"
        everywhere = np.ones(len(when), np.bool_)
        return [
            Stream("limbs", times_s, limbs, mask, LIMB_COLUMNS, "body heights/s, summed over joints", source),
            Stream("kinematic_beats", when, strength, everywhere, ("strength",), "0-1", source),
        ]

    def _jumps(self, rgb: NDArray[np.uint8]) -> bool:
        """Whether the picture is suddenly another one."""
        thumbnail = rgb[4::16, 4::16, 1].astype(np.int16)
        last, self._thumbnail = self._thumbnail, thumbnail
        return last is not None and float(np.abs(thumbnail - last).mean()) > _JUMP

    def _close_stretch(self) -> None:
        """Probe the open stretch, and decide what to follow."""
        stretch = self._stretch
        if not stretch.rgb or not self._ready():
            return
        if stretch.new_shot:
            self._held, self._last_found = None, False
        seen = self._probe(stretch)
        if seen is not None and self._held is not None:
            self._follow(self._held, None)
        # A person is followed into the stretch after the last one that shows them.
        if seen is not None or self._last_found:
            self._follow(stretch, seen)
            self._held = None
        else:
            self._held = stretch
        self._last_found = seen is not None

    def _ready(self) -> bool:
        """Whether there are finders; waits for them the first time."""
        if self._opening is not None:
            opening, self._opening = self._opening, None
            try:
                (self._prober,) = opening.result()
            except MissingModelError as error:
                self.notes.append(f"Nobody was looked for: {error}.")
                return False
            self._source = self._prober.source
        return self._prober is not None

    def _probe(self, stretch: _Stretch) -> Sighting | None:
        """The person in the middle of the stretch; less sure if there just was one."""
        assert self._prober is not None
        seen = self._prober.find(stretch.rgb[len(stretch.rgb) // 2])
        if seen is None or seen.score < (0.0 if self._last_found else SURE):
            return None
        return seen if plausible(seen.landmarks[None], self._aspect)[0] else None

    def _follow(self, stretch: _Stretch, seen: Sighting | None) -> None:
        assert self._prober is not None
        if self._follower is None:
            self._follower = _Follower(open_finders(self._model, _TRACKERS))
        start: Sighting | None = None
        if not self._follower.continues(stretch):
            start = self._prober.find(stretch.rgb[0]) or seen
        self._follower.follow(stretch, start)


class _Follower:
    """Follows one person in two threads, each of which sees every other picture.

    Both start from the same sighting and go on from stretch to stretch, so that both follow the
    same person; half the rate is still fast enough for either to find the body where it was.
    """

    def __init__(self, trackers: list[PoseFinder]) -> None:
        self._trackers = trackers
        self._regions: list[Any] = [None] * len(trackers)
        # One thread each: a tracker's stretches come one after another.
        self._pools = [ThreadPoolExecutor(1, thread_name_prefix="pose") for _ in trackers]
        self._last_index = -1
        self._waiting: deque[tuple[list[int], Future[NDArray[np.float32]]]] = deque()
        self._found: dict[int, NDArray[np.float32]] = {}

    def continues(self, stretch: _Stretch) -> bool:
        """Whether `stretch` is the picture after the last one, in the same shot."""
        return stretch.indices[0] == self._last_index + 1 and not stretch.new_shot

    def follow(self, stretch: _Stretch, start: Sighting | None) -> None:
        """Follow in the background; waits while too much is waiting."""
        while len(self._waiting) >= _WAITING * len(self._trackers):
            self._keep_oldest()
        afresh = not self.continues(stretch)
        count = len(self._trackers)
        # Which tracker has the first picture goes by its index, so that they keep taking turns.
        offsets = [(tracker - stretch.indices[0]) % count for tracker in range(count)]
        futures = [
            pool.submit(self._track, tracker, stretch.rgb[offset::count], afresh, start)
            for tracker, (pool, offset) in enumerate(zip(self._pools, offsets, strict=True))
        ]
        for offset, future in zip(offsets, futures, strict=True):
            self._waiting.append((stretch.indices[offset::count], future))
        self._last_index = stretch.indices[-1]

    def collect(self, landmarks: NDArray[np.float32]) -> None:
        """Wait for all, put what was found into `[N, 33, 4]`, and let go of the trackers."""
        while self._waiting:
            self._keep_oldest()
        for pool, tracker in zip(self._pools, self._trackers, strict=True):
            pool.shutdown()
            tracker.close()
        for index, found in self._found.items():
            landmarks[index] = found

    def _track(
        self, tracker: int, rgb: list[NDArray[np.uint8]], afresh: bool, start: Sighting | None
    ) -> NDArray[np.float32]:
        region = (start.region if start is not None else None) if afresh else self._regions[tracker]
        found, self._regions[tracker] = self._trackers[tracker].follow(rgb, region)
        return found

    def _keep_oldest(self) -> None:
        indices, future = self._waiting.popleft()
        self._found.update(zip(indices, future.result(), strict=True))
