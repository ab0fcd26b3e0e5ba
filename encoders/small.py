"""A `Clip` → each of its frames as a small RGB picture, averaged by area.

Measures of how a picture moves are defined on frames that OpenCV has converted to BGR and reduced
by area averaging (`INTER_AREA`); this gives the same bytes. For the usual large frames OpenCV's own
averaging takes longer than decoding them, so where the size is a whole multiple the rows are summed
first: integers, and so as exact.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from encoders.clip import Clip
from encoders.errors import ClipError
from encoders.frames import BATCH_FRAMES, FrameBatch, analysed_frames, decoded_frames, upright

# Below this OpenCV's averaging is as fast.
_MANY_ROWS = 3
_MOST_ROWS = 65_535 // 255


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
        bgr = np.asarray(converter.reformat(frame, format="bgr24").to_ndarray(), dtype=np.uint8)
        share = lines / (bgr.shape[1] if clip.rotation % 180 else bgr.shape[0])
        size = max(round(bgr.shape[1] * share), 1), max(round(bgr.shape[0] * share), 1)
        # Turned round while it is small; as a view, every copy of it would be slow.
        rgb = np.asarray(cv2.cvtColor(reduce(bgr, size), cv2.COLOR_BGR2RGB), dtype=np.uint8)
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
    """What `cv2.resize(picture, size, interpolation=cv2.INTER_AREA)` gives, sooner.

    Its arrays are made once: fresh ones of this size for every frame take longer than the sums.
    """

    def __init__(self) -> None:
        self._sums = np.empty((0, 0), np.uint16)
        self._exact = np.empty((0, 0), np.float32)

    def __call__(self, picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        """Reduce a picture.

        Args:
            picture: uint8 `[H, W, C]`.
            size: width and height to reduce it to.
        """
        import cv2

        height, width, channels = picture.shape
        rows, rest = divmod(height, size[1])
        if rest or width % size[0] or not _MANY_ROWS <= rows <= _MOST_ROWS:
            return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        banded = (size[1], width * channels)
        if self._sums.shape != banded:
            self._sums, self._exact = np.empty(banded, np.uint16), np.empty(banded, np.float32)
        np.sum(picture.reshape(size[1], rows, -1), axis=1, dtype=np.uint16, out=self._sums)
        np.copyto(self._exact, self._sums)
        means = cv2.resize(self._exact.reshape(size[1], width, channels), size, interpolation=cv2.INTER_AREA)
        return np.asarray(np.rint(means * np.float32(1 / rows)), dtype=np.uint8)
