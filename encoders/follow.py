"""A person seen in one picture → looks at that person in the pictures after it, as sparse as movement allows.

The landmark network is asked at key pictures only; between them the joints are carried
(`encoders.tracks`). How far apart the keys are is settled as an equation solver settles its step: by
how far the carried joints end from what the network sees. Somebody who sits and talks is looked at
three or four times a second, a dancer five to eight times; where a step was too long it is halved,
down to what a rate of fifteen a second would have seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.body import JOINTS, body_height, plausible
from encoders.landmarks import PoseFinder, Sighting
from encoders.tracks import Picture, Span, carry

# How far keys are apart: never so far that a person who walks off is not where the network looks.
_SHORTEST_STEP_S, _FIRST_STEP_S, _LONGEST_STEP_S = 1 / 15, 0.13, 0.3
# Longer steps can be halved.
_DIVISIBLE_S = 0.09
# Root mean square miss of the joints that are seen, in body heights: what steps are made to have, and
# what they may have before they are halved. The network's own jitter is about 0.01.
_AIM = 0.025
_TOO_FAR = 0.05
# A miss that halving leaves this large is another shot or another person: where to look is settled afresh.
_UNEXPLAINED = 0.11
_SHRINK, _GROW = 0.6, 1.5
# The landmark network is easily content: the detector is asked again this often whether there is
# anybody, sooner where what is followed cannot be a person; two refusals end it.
_CHECK_S = 3.0
_DOUBT_S = 1.0
# Pictures from the last before a flash to the first after it.
_FLASH = 2


@dataclass(eq=False)
class Record:
    """What was seen of all people who were followed.

    Attributes:
        looks: index of a key picture → landmarks float32 `[33, 4]`.
        spans: index of a key picture → the span from it to the next key.
    """

    looks: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    spans: dict[int, Span] = field(default_factory=dict)

    def chains(self) -> list[list[int]]:
        """Key pictures in order, in lists of those that are linked by spans.

        Keys on either side of what looked like another shot are linked too, with a picture between them
        at most: it may have been a flash.
        """
        chains: list[list[int]] = []
        for index in sorted(self.looks):
            last = chains[-1][-1] if chains else -_FLASH - 1
            if index - last <= _FLASH:
                self.spans.setdefault(last, Span.blind(last, index))
            if last in self.spans and self.spans[last].last == index:
                chains[-1].append(index)
            else:
                chains.append([index])
        return chains


@dataclass(frozen=True, eq=False)
class _Key:
    picture: Picture
    landmarks: NDArray[np.float32]
    region: Any


class Walk:
    """Follows one person from picture to picture, forward or backward in time.

    Args:
        finder: is asked at key pictures.
        record: is given what is seen.
        start: the picture in which the person was seen.
        seen: the person in it.
    """

    def __init__(self, finder: PoseFinder, record: Record, start: Picture, seen: Sighting) -> None:
        self._finder = finder
        self._record = record
        self._key = _Key(start, seen.landmarks, seen.region)
        record.looks[start.index] = seen.landmarks
        self._between: list[Picture] = []
        self._step_s = _FIRST_STEP_S
        self._checked_s = start.time_s
        self._doubted = False

    def add(self, picture: Picture) -> bool:
        """Go on to the next picture; false once the person is lost, and nothing more may be added."""
        last = self._between[-1] if self._between else self._key.picture
        # To whichever picture is nearer to where the step ends.
        past_s = abs(picture.time_s - self._key.picture.time_s) - self._step_s
        self._between.append(picture)
        return past_s < -abs(picture.time_s - last.time_s) / 2 or self._arrive()

    def end(self) -> None:
        """The pictures end here, or the shot does: look at the last one."""
        if self._between:
            self._arrive()

    def _arrive(self) -> bool:
        """Look at the last picture, and link it to the key before."""
        *between, picture = self._between
        self._between = []
        key = self._look(picture, self._key.region) or self._find(picture)
        if key is None:
            self._search_back(between)
            return False
        miss, left = self._link(self._key, between, key)
        if left > _UNEXPLAINED and (afresh := self._find(picture)) is not None:
            self._record.looks[picture.index] = afresh.landmarks
            key = afresh
        change = (_AIM / max(miss, 1e-6)) ** 0.5
        self._step_s = min(self._step_s * min(max(change, _SHRINK), _GROW), _LONGEST_STEP_S)
        self._step_s = max(self._step_s, _SHORTEST_STEP_S)
        self._key = key
        return self._is_somebody(key)

    def _look(self, picture: Picture, region: Any) -> _Key | None:
        landmarks, after = self._finder.look(picture.rgb, region)
        return None if landmarks is None else _Key(picture, landmarks, after)

    def _find(self, picture: Picture) -> _Key | None:
        """Look for the person afresh."""
        seen = self._finder.find(picture.rgb)
        if seen is None or not plausible(seen.landmarks[None], picture.aspect)[0]:
            return None
        return _Key(picture, seen.landmarks, seen.region)

    def _link(self, a: _Key, between: Sequence[Picture], b: _Key) -> tuple[float, float]:
        """Carry the joints from key to key, by way of a key in the middle if they end too far off.

        Returns the miss in body heights, and the largest that is left when all is halved.
        """
        pictures = sorted([a.picture, *between, b.picture], key=lambda picture: picture.index)
        first, last = (a, b) if a.picture is pictures[0] else (b, a)
        span = carry(pictures, first.landmarks, last.landmarks)
        miss = _misses(span, first.landmarks, last.landmarks, a.picture.aspect)
        self._record.looks[b.picture.index] = b.landmarks
        if miss > _TOO_FAR and pictures[-1].time_s - pictures[0].time_s > _DIVISIBLE_S and between:
            half = len(between) // 2
            middle = self._look(between[half], a.region)
            if middle is not None:
                parts = [self._link(a, between[:half], middle), self._link(middle, between[half + 1 :], b)]
                return miss, max(left for _, left in parts)
        self._record.spans[span.first] = span
        return miss, miss

    def _search_back(self, pictures: Sequence[Picture]) -> None:
        """Find, by halving, up to which of the pictures the person is there."""
        while pictures:
            half = len(pictures) // 2
            key = self._look(pictures[half], self._key.region)
            if key is None:
                pictures = pictures[:half]
            else:
                self._link(self._key, pictures[:half], key)
                self._key, pictures = key, pictures[half + 1 :]

    def _is_somebody(self, key: _Key) -> bool:
        """Ask the detector, now and then, whether this is a person at all."""
        likely = not self._doubted and bool(plausible(key.landmarks[None], key.picture.aspect)[0])
        if abs(key.picture.time_s - self._checked_s) < (_CHECK_S if likely else _DOUBT_S):
            return True
        seen = self._finder.sees(key.picture.rgb)
        lost = self._doubted and not seen
        self._checked_s, self._doubted = key.picture.time_s, not seen
        return not lost


def _misses(span: Span, first: NDArray[np.float32], last: NDArray[np.float32], aspect: float) -> float:
    """How far the joints that are seen end from the other look, root mean square, in body heights.

    For each the nearer of both ways counts, and what it would be if the joint had been left where it was.
    """
    looks = np.stack([first, last])
    places = looks[:, JOINTS, :2]
    inside = ((places > 0) & (places < 1)).all(axis=(0, 2))
    seen = np.where(inside, looks[:, JOINTS, 3].min(axis=0), 0.0) + 1e-6
    travel = np.linalg.norm((places[1] - places[0]) * (aspect, 1.0), axis=-1)
    miss = np.minimum(span.miss.min(axis=0), travel)
    return float(np.sqrt((miss**2 * seen).sum() / seen.sum())) / body_height(looks, aspect)
