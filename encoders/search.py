"""Pictures as they pass → the person in them: probed for now and then, and followed once found."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from encoders.body import plausible
from encoders.follow import Record, Walk
from encoders.landmarks import SURE, PoseFinder
from encoders.tracks import Picture

PROBE_S = 1.0
"""While nobody is there, each stretch of this length is probed once."""

# Mean differences of the pixels, of 255, that are taken for another shot: in any case, and where nothing
# of half the size was seen just before (people before one plain wall, filmed from nearer).
_JUMP = 28.0
_SUDDEN_JUMP = 8.0
_JUST_BEFORE = 8
# Shots that are shorter are probed with the next.
_LEAST_SHOT_S = 0.3


class PersonSearch:
    """Looks for a person in every shot, and follows the one it finds both ways from there.

    Args:
        finder: is asked in this thread.

    Attributes:
        record: what was seen so far; whole after `end`.
    """

    def __init__(self, finder: PoseFinder) -> None:
        self.record = Record()
        self._finder = finder
        self._walk: Walk | None = None
        # Pictures of this shot in which nobody was followed yet: the open stretch, and the one before it.
        self._stretch: list[Picture] = []
        self._before: list[Picture] = []
        self._thumbnail: NDArray[np.int16] | None = None
        self._changes: deque[float] = deque(maxlen=_JUST_BEFORE)

    def see(self, picture: Picture) -> None:
        """Take in the next picture."""
        age_s = picture.time_s - self._stretch[0].time_s if self._stretch else 0.0
        if self._jumps(picture) and (self._walk is not None or age_s >= _LEAST_SHOT_S):
            self.end()
        elif age_s >= PROBE_S:
            self._probe()
        self._take(picture)

    def end(self) -> None:
        """The shot ends here."""
        if self._stretch:
            self._probe()
        if self._walk is not None:
            self._walk.end()
        self._walk, self._stretch, self._before = None, [], []

    def _take(self, picture: Picture) -> None:
        if self._walk is None:
            self._stretch.append(picture)
        elif not self._walk.add(picture):
            self._walk = None

    def _jumps(self, picture: Picture) -> bool:
        """Whether the picture is suddenly another one."""
        thumbnail = picture.rgb[4::16, 4::16, 1].astype(np.int16)
        last, self._thumbnail = self._thumbnail, thumbnail
        if last is None:
            return False
        change = float(np.abs(thumbnail - last).mean())
        sudden = change > max(_SUDDEN_JUMP, 2 * max(self._changes, default=0.0))
        self._changes.append(change)
        return sudden or change > _JUMP

    def _probe(self) -> None:
        """Look for a person in the middle of the open stretch; follow them back, then on."""
        stretch, self._stretch = self._stretch, []
        middle = len(stretch) // 2
        start = stretch[middle]
        seen = self._finder.find(start.rgb, SURE)
        if seen is None or not plausible(seen.landmarks[None], start.aspect)[0]:
            self._before = stretch
            return
        back = Walk(self._finder, self.record, start, seen)
        for picture in reversed([*self._before, *stretch[:middle]]):
            if not back.add(picture):
                break
        else:
            back.end()
        self._before = []
        self._walk = Walk(self._finder, self.record, start, seen)
        for picture in stretch[middle + 1 :]:
            self._take(picture)
