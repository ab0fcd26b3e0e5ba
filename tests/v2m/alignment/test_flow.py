"""Flow against OpenCV's, small pictures against its resizing, and movement that was made."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.flow import read_plainly
from demos.make import make
from demos.writer import write_clip
from encoders.clip import probe
from encoders.errors import ClipError
from encoders.farneback import FlowBetween
from encoders.small import AreaAverage, read_small
from tests import clips
from tests.conftest import MakeClip
from v2m.alignment import sync
from v2m.alignment.flow import LINES, Flow, measure_flow

REAL = ("bikes.mp4", "aist_dance_original_music.mp4", "big_buck_bunny_0_30.webm", "chaplin.mp4")


def opencv_flow(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    found = cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0)
    return np.moveaxis(found, -1, 0)


def opencv_magnitudes(pictures: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    return np.array([np.mean(np.hypot(*opencv_flow(a, b))) for a, b in pairwise(pictures)])


def peaks(magnitude: NDArray[np.float64]) -> set[float]:
    return set(sync.movement_peaks(Flow(np.arange(len(magnitude), dtype=float), magnitude)).tolist())


def texture(height: int, width: int, seed: int = 4) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(rng.integers(0, 255, (height, width), dtype=np.uint8), (0, 0), 2.5)
    return np.asarray(cv2.normalize(grain, None, 0, 255, cv2.NORM_MINMAX), np.uint8)


@pytest.mark.parametrize("size", [(180, 320), (180, 101), (180, 321), (91, 57), (40, 30)])
def test_flow_is_opencvs(size: tuple[int, int]) -> None:
    """Every level and every odd size; borders too, but for the outermost ring, which nothing holds."""
    height, width = size
    ground = texture(height + 20, width + 20)
    first = np.ascontiguousarray(ground[10:-10, 10:-10])
    second = np.ascontiguousarray(ground[8:-12, 13:-7])
    between = FlowBetween(height, width)
    expanded = [between.expand(picture, between.blank()) for picture in (first, second)]
    found = between.flow(*expanded)
    step = height // found.shape[1]
    whole = opencv_flow(first, second)[:, : height // step * step : step, : width // step * step : step]
    inside = np.s_[:, 8 // step : -8 // step, 8 // step : -8 // step]
    assert np.abs(found - whole)[inside].max() < (0.25 if step == 2 else 2e-3)
    assert np.median(np.abs(found - whole)) < 0.01
    assert np.hypot(*found).mean() == pytest.approx(np.hypot(*whole).mean(), rel=0.01, abs=2e-3)


def test_pictures_that_are_the_same_do_not_move() -> None:
    picture = texture(180, 320)
    between = FlowBetween(180, 320)
    expanded = [between.expand(picture, between.blank()) for _ in range(2)]
    still = np.hypot(*opencv_flow(picture, picture)).mean()
    assert np.hypot(*between.flow(*expanded)).mean() == pytest.approx(still, abs=1e-3)


@pytest.mark.parametrize("times", [2, 3, 4, 6, 12])
def test_averages_are_opencvs_to_the_byte(times: int) -> None:
    noise = np.random.default_rng(times).integers(0, 256, (90 * times, 64 * times, 3), dtype=np.uint8)
    reduce = AreaAverage()
    for picture in (noise, noise // 2, noise[::-1].copy()):
        expected = cv2.resize(picture, (64, 90), interpolation=cv2.INTER_AREA)
        assert (reduce(picture, (64, 90)) == expected).all()


@pytest.mark.parametrize("kind", ["plain", "ten_bit", "odd_size", "wide_pixels", "vp9"])
def test_small_pictures_are_those_of_the_definition(make_clip: MakeClip, kind: str) -> None:
    path = make_clip(kind)
    small = np.concatenate([batch.rgb for batch in read_small(probe(path), lines=LINES)])
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in small]
    plain = read_plainly(path, 100)
    assert len(grey) == len(plain)
    # OpenCV's reader takes another way from ten bits to eight.
    most = 1 if kind == "ten_bit" else 0
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(grey, plain, strict=True)) <= most


def test_turned_clips_are_seen_upright(tmp_path: Path) -> None:
    source = clips.write_clip(tmp_path / "source.mp4", clips.corner_frames(30), 30)
    turned = clips.rotated(source, tmp_path / "turned.mp4", 90)
    picture = next(read_small(probe(turned), lines=LINES)).rgb[0]
    assert picture.shape[0] == LINES
    assert picture.shape[1] == round(180 * 180 / 320)
    # What was top left is top right now.
    assert picture[10, -10].tolist() == pytest.approx([230, 20, 20], abs=25)


def test_flow_of_a_made_movement(tmp_path: Path) -> None:
    """A texture that steps aside every half second and rests in between: peaks at the steps."""
    wide = cv2.cvtColor(texture(240, 640), cv2.COLOR_GRAY2RGB)
    steps = 6 * np.cumsum([1 if index % 15 == 10 else 0 for index in range(60)])

    def draw(index: int) -> NDArray[np.uint8]:
        return wide[:, steps[index] : steps[index] + 320]

    path = write_clip(tmp_path / "steps.mp4", draw, 60, width=320, height=240, fps=30)
    flow = measure_flow(path)
    assert sync.movement_peaks(flow, threshold=1.0) == pytest.approx(
        [10 / 30, 25 / 30, 40 / 30, 55 / 30], abs=1e-3
    )
    assert len(flow.times_s) == 60
    assert flow.frame_s == pytest.approx(1 / 30, abs=1e-4)
    # 6 px at 240 lines are 4.5 px at 180.
    assert flow.magnitude[10] == pytest.approx(4.5, rel=0.15)


def test_flow_of_a_file_is_that_of_a_plain_reading(tmp_path: Path) -> None:
    """The whole way from a file, against OpenCV's reader and its flow."""
    path = tmp_path / "dance.mp4"
    make("dance", path, height=240, duration_s=3.0)
    expected = opencv_magnitudes(read_plainly(path, 1000))
    expected = np.concatenate([expected[:1], expected])
    found = measure_flow(path).magnitude
    assert found == pytest.approx(expected, rel=0.03, abs=3e-3)
    assert len(peaks(found) ^ peaks(expected)) <= 2


@pytest.mark.parametrize("name", REAL)
def test_peaks_on_real_clips_are_those_of_opencvs_flow(media: Path, name: str) -> None:
    pictures = read_plainly(media / "clips" / name, 60)
    between = FlowBetween(*pictures[0].shape)
    before = between.expand(pictures[0], between.blank())
    found = []
    for picture in pictures[1:]:
        after = between.expand(picture, between.blank())
        found.append(float(np.hypot(*between.flow(before, after)).mean()))
        before = after
    expected = opencv_magnitudes(pictures)
    assert found == pytest.approx(expected, rel=0.1, abs=3e-3)
    assert len(peaks(np.array(found)) ^ peaks(expected)) <= 2


def test_what_is_no_clip_is_refused_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a clip")
    with pytest.raises(ClipError) as caught:
        measure_flow(text)
    assert "\n" not in str(caught.value)
