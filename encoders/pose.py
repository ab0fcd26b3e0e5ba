"""Frames → where the body is, how its limbs move, and when it comes to rest.

Looking for a person costs tens of milliseconds a picture, so that it is done where it must be: while
nobody is there one picture a second is probed (`encoders.search`), whoever is found is looked at as
sparsely as movement allows (`encoders.follow`), and the joints are carried through the pictures
between two looks (`encoders.tracks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.body import JOINTS, one_person_runs, plausible
from encoders.directogram import BINS
from encoders.errors import MissingModelError
from encoders.follow import Record
from encoders.frames import FrameBatch
from encoders.kinematics import GRID_HZ, joint_motion, kinematic_beats
from encoders.landmarks import LANDMARKS, PoseFinder, open_finder
from encoders.search import PersonSearch
from encoders.stream import Stream
from encoders.tracks import Picture, joint_paths

POSE_COLUMNS = tuple(f"{axis}{joint}" for joint in range(LANDMARKS) for axis in "xyzv")
LIMB_COLUMNS = ("speed", *(f"d{bin_}" for bin_ in range(BINS)))

# Who is seen for less than this has not moved to any beat, and may be a puppet, or foliage; ...
_SHORTEST_RUN_S = 0.4
# ... and this is too short to tell a rest from a start or an end.
_SHORTEST_DANCE_S = 1.0


class PoseSense:
    """Looks for a person, and follows one.

    Gives `pose` (the landmarks, at every picture), `pose_looks` (the instants at which the network
    looked; between them the joints of `encoders.body.JOINTS` are carried by optical flow, and all
    else is interpolated), `limbs` (summed joint speed and its directogram) and `kinematic_beats`.

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
        self._finder: PoseFinder | None = None
        self._search: PersonSearch | None = None

    def see(self, batch: FrameBatch) -> None:
        if not self._times:
            self._open()
        for time_s, rgb in zip(batch.times_s.tolist(), batch.rgb, strict=True):
            picture = Picture(len(self._times), time_s, rgb)
            self._times.append(time_s)
            self._aspect = picture.aspect
            if self._search is not None:
                self._search.see(picture)

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        record = Record()
        if self._search is not None and self._finder is not None:
            self._search.end()
            self._finder.close()
            record = self._search.record
        times_s = np.asarray(self._times, np.float64)
        cuts_s = streams["cuts"].times_s if "cuts" in streams else np.zeros(0)
        landmarks, looked, runs = self._paths(record, times_s, cuts_s)
        mask = np.zeros(len(times_s), np.bool_)
        for run in runs:
            mask[run] = True
        values = landmarks.reshape(len(times_s), len(POSE_COLUMNS))
        units = "x, y, z: picture widths, heights, widths; v: 0-1"
        source = f"{self._source}; carried by Lucas-Kanade flow between pose_looks"
        pose = Stream("pose", times_s, values, mask, POSE_COLUMNS, units, source)
        visible = landmarks[looked][:, JOINTS, 3].mean(axis=1, keepdims=True)
        looks = Stream(
            "pose_looks", times_s[looked], visible, mask[looked], ("visible",), "0-1", self._source
        )
        return [pose, looks, *self._movement(times_s, landmarks, runs)]

    def _open(self) -> None:
        try:
            self._finder = open_finder(self._model)
        except MissingModelError as error:
            self.notes.append(f"Nobody was looked for: {error}.")
            return
        self._source = self._finder.source
        self._search = PersonSearch(self._finder)

    def _paths(
        self, record: Record, times_s: NDArray[np.float64], cuts_s: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], list[int], list[slice]]:
        """Landmarks `[N, 33, 4]`, 0 outside runs; which pictures of runs were looked at; and the runs."""
        landmarks = np.zeros((len(times_s), LANDMARKS, 4), np.float32)
        looked: list[int] = []
        runs: list[slice] = []
        for chain in record.chains():
            looks = np.stack([record.looks[index] for index in chain])
            found = plausible(looks, self._aspect)
            for part in one_person_runs(times_s[chain], looks, found, cuts_s, self._aspect):
                keys = chain[part]
                run = slice(keys[0], keys[-1] + 1)
                if len(keys) < 2 or times_s[keys[-1]] - times_s[keys[0]] < _SHORTEST_RUN_S:
                    continue
                spans = [record.spans[index] for index in keys[:-1]]
                landmarks[run] = joint_paths(times_s[run], looks[part], spans, self._aspect)
                looked += keys
                runs.append(run)
        return landmarks, looked, runs

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
