"""A `Clip` → each of its frames as a small RGB picture, averaged by area.

Measures of how a picture moves are defined on frames that OpenCV has converted to BGR and reduced
by area averaging (`INTER_AREA`). For the usual large frames that takes nearly as long as decoding
them. So where the size is a whole multiple of the picture's, most videos are averaged plane by plane
(`encoders.planes`, to within a step or two of 255), and of the others the points are summed here:
integers, and so the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from encoders.clip import Clip
from encoders.compiled import compiled
from encoders.errors import ClipError
from encoders.frames import BATCH_FRAMES, FrameBatch, analysed_frames, decoded_frames, upright
from encoders.planes import average_planes, sum_rows

_FEWEST_ROWS = 3  # below, OpenCV is as fast
_MOST_ROWS = 65_535 // 255  # whose sum fits sixteen bits


def read_small(clip: Clip, *, lines: int, max_rate_hz: float = np.inf) -> Iterator[FrameBatch]:
    """Decode the clip once, in order, to pictures `lines` high.

    Pixels keep the shape they are stored in. Frames that don't decode are left out.

    Args:
        clip: what `probe` gave.
        lines: height of the pictures as they are shown.
        max_rate_hz: frames closer together than this are thinned out; every frame if infinite.

    Yields:
        Batches of at most `BATCH_FRAMES` pictures.

    Raises:
        ClipError: if no frame decodes at all, or the file is no longer there.
    """
    import cv2
    from av.video.reformatter import VideoReformatter

    converter, reduce = VideoReformatter(), AreaAverage()
    times: list[float] = []
    pictures: list[NDArray[np.uint8]] = []
    some = False
    for index, frame in decoded_frames(clip, analysed_frames(clip.frame_times_s, max_rate_hz)):
        share = lines / (frame.width if clip.rotation % 180 else frame.height)
        size = max(round(frame.width * share), 1), max(round(frame.height * share), 1)
        rgb = average_planes(frame, size)
        if rgb is None:
            bgr = np.asarray(converter.reformat(frame, format="bgr24").to_ndarray(), dtype=np.uint8)
            rgb = np.asarray(cv2.cvtColor(reduce(bgr, size), cv2.COLOR_BGR2RGB), dtype=np.uint8)
        # Turned round while it is small; as a view, every copy of it would be slow.
        pictures.append(upright(clip, rgb))
        times.append(float(clip.frame_times_s[index]))
        if len(pictures) == BATCH_FRAMES:
            some = True
            yield FrameBatch(np.asarray(times), np.stack(pictures))
            times, pictures = [], []
    if pictures:
        yield FrameBatch(np.asarray(times), np.stack(pictures))
    elif not some:
        raise ClipError(f"{clip.path}: no frame of its {clip.codec} video can be decoded")


class AreaAverage:
    """What `cv2.resize(picture, size, interpolation=cv2.INTER_AREA)` gives, several times sooner."""

    def __init__(self) -> None:
        self._rounded = np.zeros(1, np.uint8)

    def __call__(self, picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        """Reduce a picture.

        Args:
            picture: uint8 `[H, W, 3]`.
            size: width and height to reduce it to.
        """
        import cv2

        height, width, _ = picture.shape
        made = np.empty((size[1], size[0], 3), np.uint8)
        rows, rest = divmod(height, size[1])
        columns, rest_x = divmod(width, size[0])
        if rest or rest_x or not _FEWEST_ROWS <= rows <= _MOST_ROWS:
            cv2.resize(picture, size, dst=made, interpolation=cv2.INTER_AREA)
            return made
        highest = 255 * rows * columns
        if len(self._rounded) != highest + 1:
            # Halves to the even, as OpenCV rounds them.
            self._rounded = np.rint(np.arange(highest + 1) / (rows * columns)).astype(np.uint8)
        _means(picture.reshape(size[1], rows, width * 3), self._rounded, made)
        return made


@compiled
def _means(picture: NDArray[np.uint8], rounded: NDArray[np.uint8], made: NDArray[np.uint8]) -> None:
    """Means over whole blocks of points, `[h, rows, w · columns · 3]` → `[h, w, 3]`.

    `rounded` has the mean for every sum.
    """
    height, width, _ = made.shape
    length = picture.shape[2]
    columns = length // width // 3
    sums = np.empty(length, np.uint16)
    for y in range(height):
        sum_rows(picture[y], sums)
        at = 0
        for x in range(width):
            first, second, third = np.uint32(0), np.uint32(0), np.uint32(0)
            for _ in range(columns):
                first += sums[at]
                second += sums[at + 1]
                third += sums[at + 2]
                at += 3
            made[y, x, 0] = rounded[first]
            made[y, x, 1] = rounded[second]
            made[y, x, 2] = rounded[third]
