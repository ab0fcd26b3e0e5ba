"""A decoded frame in 4:2:0 → a small RGB picture, its planes averaged before they are made into colours.

From luma and chroma to RGB is a linear step, and so is a mean: taken first, it leaves a step for one
point in place of one for every point of a block, and half as many bytes are read. Only colours that
RGB cannot hold are not the same, since they are cut off after the mean and not before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from encoders.compiled import compiled

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# ITU-R BT.601 and BT.709: the weights of red and blue in luma. FFmpeg takes the first where a file
# says nothing.
_BT601, _BT709 = (0.299, 0.114), (0.2126, 0.0722)
_WEIGHTS = {1: _BT709, 2: _BT601, 5: _BT601, 6: _BT601}  # by FFmpeg's AVColorSpace
_FULL_RANGE = 2  # AVColorRange
# FFmpeg cuts off what would have to be rounded, for luma and for chroma: half a step each in the mean (for
# chroma where there is any, so that greys come out half a step darker here).
_CUT_OFF = 1.0


def average_planes(frame: VideoFrame, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """The mean over each block of points, as RGB.

    To within a step or two of 255 what FFmpeg's conversion to RGB gives, averaged.

    Args:
        frame: as it was decoded.
        size: width and height to reduce it to.

    Returns:
        uint8 `[h, w, 3]`; None where the frame is not eight bits of 4:2:0 in the range of video, or
        no block is a whole and even number of points wide and high.
    """
    import cv2

    weights = _WEIGHTS.get(int(frame.colorspace))
    if frame.format.name != "yuv420p" or weights is None or int(frame.color_range) == _FULL_RANGE:
        return None
    (columns, rest_x), (rows, rest_y) = divmod(frame.width, size[0]), divmod(frame.height, size[1])
    # A sum over one column of a block has sixteen bits.
    if rest_x or rest_y or columns % 2 or rows % 2 or not 2 <= rows <= 256:
        return None
    planes: Sequence[Any] = frame.planes  # that they are buffers, their types do not say
    luma, blue, red = (
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in planes
    )
    means = np.empty((size[1], size[0], 3), np.float32)
    for number, (plane, shrunk) in enumerate(zip((luma, blue, red), (1, 2, 2), strict=True)):
        _means(plane, rows // shrunk, columns // shrunk, means[..., number])
    rgb = np.asarray(cv2.transform(means, _to_rgb(*weights)), dtype=np.float32)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def _to_rgb(of_red: float, of_blue: float) -> NDArray[np.float32]:
    """float32 `[3, 4]`: what luma, Cb, Cr and 1 give to red, green and blue, in the range of video."""
    of_green = 1.0 - of_red - of_blue
    blue, red = 2 * (1 - of_blue), 2 * (1 - of_red)
    parts = np.array(
        [[1.0, 0.0, red], [1.0, -blue * of_blue / of_green, -red * of_red / of_green], [1.0, blue, 0.0]]
    ) * [255 / 219, 255 / 224, 255 / 224]
    return np.column_stack([parts, -parts @ [16, 128, 128] - _CUT_OFF]).astype(np.float32)


@compiled
def sum_rows(block: NDArray[np.uint8], sums: NDArray[np.uint16]) -> None:
    """The sums over the rows of `[rows, length]`, at most 257 of them, into `[length]`."""
    sums[:] = 0
    for row in range(block.shape[0]):
        line = block[row]
        for at in range(len(sums)):
            sums[at] += line[at]


@compiled
def _means(plane: NDArray[np.uint8], rows: int, columns: int, made: NDArray[np.float32]) -> None:
    """The means over blocks of `rows` × `columns` points of `[H, W]`, into `[h, w]`."""
    height, width = made.shape
    length = width * columns
    sums = np.empty(length, np.uint16)
    blocks = sums.reshape(width, columns)
    share = np.float32(1 / (rows * columns))
    for y in range(height):
        sum_rows(plane[y * rows : (y + 1) * rows], sums)
        for x in range(width):
            total = np.uint32(0)
            for column in range(columns):
                total += blocks[x, column]
            made[y, x] = np.float32(total) * share
