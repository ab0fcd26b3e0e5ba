"""Shots one after the other, each a scene that runs on its own clock, cut on frame boundaries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from demos.scenes import Scene
from demos.writer import Frame


@dataclass(frozen=True)
class Shot:
    """A scene for a number of frames.

    Attributes:
        scene: name of the scene, made once however often it is shown.
        frames: how long.
        starts_s: the scene's clock at the first frame.
    """

    scene: str
    frames: int
    starts_s: float = 0.0


def edit(
    shots: Sequence[Shot],
    scenes: dict[str, Callable[[], Scene]],
    fps: float,
    *,
    fade_in_s: float = 0.0,
    fade_out_s: float = 0.0,
) -> tuple[Callable[[int], Frame], list[int]]:
    """(frame index → picture, first frame of each shot).

    Fades are linear in light, from black at the first frame and to black at the last.
    """
    made = {name: scenes[name]() for name in dict.fromkeys(shot.scene for shot in shots)}
    starts = [int(n) for n in np.cumsum([0] + [shot.frames for shot in shots])]
    total = starts[-1]

    def draw(index: int) -> Frame:
        which = int(np.searchsorted(starts, index, side="right")) - 1
        shot = shots[which]
        picture = made[shot.scene].draw(shot.starts_s + (index - starts[which]) / fps)
        light = 1.0
        if fade_in_s:
            light = min(light, index / fps / fade_in_s)
        if fade_out_s:
            light = min(light, (total - 1 - index) / fps / fade_out_s)
        return picture if light >= 1.0 else np.asarray(cv2.convertScaleAbs(picture, alpha=light), np.uint8)

    return draw, starts[:-1]
