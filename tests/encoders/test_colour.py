"""Colour is measured as its definitions say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from encoders.clip import probe
from encoders.colour import COLUMNS, ColourSense, describe
from encoders.encode import encode
from tests.conftest import MakeClip


def flat(red: int, green: int, blue: int) -> np.ndarray:
    return np.full((54, 96, 3), (red, green, blue), np.uint8)


def measured(picture: np.ndarray) -> dict[str, float]:
    return dict(zip(COLUMNS, describe(picture).tolist(), strict=True))


@pytest.mark.parametrize(
    ("rgb", "brightness", "saturation"),
    [
        ((255, 0, 0), 1, 1),
        ((128, 128, 128), 128 / 255, 0),
        ((200, 100, 100), 200 / 255, 0.5),
        ((0, 0, 0), 0, 0),
    ],
)
def test_brightness_and_saturation(rgb: tuple[int, int, int], brightness: float, saturation: float) -> None:
    values = measured(flat(*rgb))
    assert values["brightness"] == pytest.approx(brightness, abs=1e-3)
    assert values["saturation"] == pytest.approx(saturation, abs=1e-3)
    assert values["contrast"] == pytest.approx(0, abs=1e-3)


def test_noise_in_the_dark_is_not_saturated() -> None:
    noise = np.random.default_rng(0).integers(0, 6, (54, 96, 3)).astype(np.uint8)
    assert measured(noise)["saturation"] < 0.15


def test_colourfulness_by_its_equation() -> None:
    picture = np.concatenate([flat(255, 0, 0), flat(0, 0, 255)], axis=1)
    # rg is 255 and 0, yb 127.5 and -255, half of the pixels each.
    spread = np.hypot(127.5, 191.25)
    mean = np.hypot(127.5, -63.75)
    assert measured(picture)["colourfulness"] == pytest.approx((spread + 0.3 * mean) / 100, rel=0.02)


def test_the_look_is_laid_out_row_by_row() -> None:
    picture = flat(0, 0, 0)
    picture[:18, 64:] = 255
    values = measured(picture)
    assert values["l2"] == pytest.approx(1.0, abs=0.02)
    assert max(values[f"l{k}"] for k in range(9) if k != 2) < 0.02


def test_the_look_is_cielab() -> None:
    values = measured(flat(200, 40, 90))
    lab = cv2.cvtColor(np.float32([[[200, 40, 90]]]) / 255, cv2.COLOR_RGB2LAB)[0, 0] / 100
    assert [values["l4"], values["a4"], values["b4"]] == pytest.approx(lab.tolist(), abs=1e-3)


def test_sampled_five_times_a_second_at_true_times(make_clip: MakeClip) -> None:
    clip = probe(make_clip("vfr"))
    stream = encode(clip, senses=["colour"])["colour"]
    assert stream.mask.all()
    assert np.isin(stream.times_s, clip.frame_times_s).all()
    assert np.diff(stream.times_s).min() >= 0.198
    assert np.diff(stream.times_s).max() < 0.31


def test_nothing_seen_is_an_empty_stream() -> None:
    assert len(ColourSense().finish({})[0]) == 0
