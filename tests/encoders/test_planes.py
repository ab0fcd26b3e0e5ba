"""Planes averaged before they are colours: what FFmpeg's colours, averaged, are."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.planes import average_planes
from tests.clips import ffmpeg

WIDTH, HEIGHT = 1280, 720
SMALL = (320, 180)
MATRICES = {"bt709": "bt709", "bt601": "smpte170m", "untold": "unknown"}


def frame_of(rgb: NDArray[np.uint8], folder: Path, *options: str) -> av.VideoFrame:
    """A picture `[H, W, 3]` through an encoder that loses nothing but what 4:2:0 loses."""
    path = folder / "frame.mp4"
    size = f"{rgb.shape[1]}x{rgb.shape[0]}"
    encoded = ("-c:v", "libx264", "-qp", "0", *(options or ("-pix_fmt", "yuv420p")), path)
    ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-i", "-", *encoded, stdin=rgb.tobytes())
    with av.open(path) as container:
        return next(container.decode(video=0))


def averaged(frame: av.VideoFrame, size: tuple[int, int]) -> NDArray[np.int64]:
    rgb = frame.reformat(format="rgb24").to_ndarray()
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.int64)


def colourful(seed: int = 1) -> NDArray[np.uint8]:
    """Soft patches of every colour that does not touch the ends of the range."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(50, 206, (HEIGHT // 20, WIDTH // 20, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("size", [SMALL, (640, 360), (160, 90)])
def test_colours_are_ffmpegs(tmp_path: Path, matrix: str, size: tuple[int, int]) -> None:
    told = ("-pix_fmt", "yuv420p", "-colorspace", MATRICES[matrix])
    frame = frame_of(colourful(), tmp_path, *told)
    made = average_planes(frame, size)
    assert made is not None
    off = made - averaged(frame, size)
    assert np.abs(off).max() <= 3
    assert np.abs(off).mean() < 0.6


def test_black_and_white_are_the_ends_of_the_range(tmp_path: Path) -> None:
    halves = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    halves[:, WIDTH // 2 :] = 255
    made = average_planes(frame_of(halves, tmp_path), SMALL)
    assert made is not None
    assert made[:, :150].max() <= 1
    assert made[:, 170:].min() >= 254


def test_lines_with_room_at_their_end(tmp_path: Path) -> None:
    """Decoders keep lines at whole multiples of 32 points or more: what lies beyond is no picture."""
    picture = np.full((180, 324, 3), 120, np.uint8)
    frame = frame_of(picture, tmp_path)
    assert frame.planes[0].line_size > frame.width
    made = average_planes(frame, (162, 90))
    assert made is not None
    assert np.abs(made.astype(int) - 120).max() <= 2


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (("-pix_fmt", "yuv444p"), SMALL),
        (("-pix_fmt", "yuv420p10le"), SMALL),
        (("-pix_fmt", "yuvj420p"), SMALL),
        (("-pix_fmt", "yuv420p"), (400, 225)),
        (("-pix_fmt", "yuv420p"), (1280, 720)),
    ],
    ids=["chroma at every point", "ten bits", "full range", "not whole", "as large"],
)
def test_the_rest_is_left_to_others(tmp_path: Path, options: tuple[str, ...], size: tuple[int, int]) -> None:
    assert average_planes(frame_of(colourful(), tmp_path, *options), size) is None
