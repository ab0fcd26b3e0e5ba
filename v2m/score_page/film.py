"""A clip → pictures small enough to be carried inside a page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from encoders.clip import Clip
from v2m.film_strip import film_strip
from v2m.score_page.facts import Film

SHORT_SIDE = 96
"""Pixels of a picture's shorter side: a strip 72 px high stays sharp on most screens."""
MOST_BYTES = 640_000
"""All pictures together are at most this long."""
CELLS_PER_PICTURE = 4
"""How often a cell of the strip can be divided, its own picture for each part, as one zooms in."""

# A desktop's strip, px; how many whole pictures fit into it is how many cells it has.
_STRIP_PX = (1080, 72)
_CELLS = (4, 24)
_QUALITIES = (82, 70, 58, 46, 34, 22)


def film_of(clip: Clip, cuts_s: NDArray[np.float64]) -> Film:
    """Pictures evenly spread over the clip, as sharp as they may be within `MOST_BYTES`.

    Args:
        clip: what `probe` gave.
        cuts_s: float64 `[C]`, where shots begin: no picture stands for an instant of another shot.

    Raises:
        ClipError: if the file is no longer there or nothing of it decodes.
    """
    width_px, height_px = _STRIP_PX
    cells = round(width_px / (height_px * clip.width / clip.height) / 2) * 2
    count = CELLS_PER_PICTURE * min(max(cells, _CELLS[0]), _CELLS[1])
    times_s = (np.arange(count) + 0.5) / count * clip.duration_s
    pictures = film_strip(clip, times_s.tolist(), cuts_s, short_side=SHORT_SIDE)
    height, width = pictures[0].shape[:2]
    return Film(_within(pictures, MOST_BYTES), width, height)


def _within(pictures: list[NDArray[np.uint8]], most_bytes: int) -> tuple[bytes, ...]:
    """The pictures as JPEG files of the best quality with which they take at most so much."""
    import cv2

    made: tuple[bytes, ...] = ()
    for quality in _QUALITIES:
        how = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        made = tuple(
            cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), how)[1].tobytes()
            for picture in pictures
        )
        if sum(map(len, made)) <= most_bytes:
            break
    return made
