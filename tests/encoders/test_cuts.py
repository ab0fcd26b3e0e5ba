"""Cuts are found to the frame, however dense; what only looks like one is let pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from encoders.clip import probe
from encoders.cuts import CutsSense
from encoders.encode import encode
from tests.conftest import MakeClip
from tests.encoders.scenes import HEIGHT, WIDTH, Picture, at, grainy, seen_from, shot, show, view

FRAME_S = 0.04


def cuts(pictures: list[Picture], times_s: list[float] | None = None) -> np.ndarray:
    return show(CutsSense(), grainy(pictures), times_s=times_s)["cuts"].times_s


def flashed(picture: Picture, light: int) -> Picture:
    return np.clip(picture.astype(np.int64) + light, 0, 255).astype(np.uint8)


def dimmed(picture: Picture, gain: float) -> Picture:
    return (picture * gain).astype(np.uint8)


def test_a_real_file(make_clip: MakeClip) -> None:
    found = encode(probe(make_clip("shots")), senses=["cuts"])["cuts"]
    assert at(found.times_s, (2.0, 3.2, 5.0, 6.4), FRAME_S) == (1.0, 1.0)
    assert (found.column("fade") == 0).all()
    assert (found.column("length_s") == 0).all()


@pytest.mark.parametrize("frames_a_shot", [8, 12, 25])
def test_dense_cutting(frames_a_shot: int) -> None:
    found = cuts([shot(k // frames_a_shot) for k in range(10 * frames_a_shot)])
    assert np.allclose(found, np.arange(1, 10) * frames_a_shot * FRAME_S)


def test_dark_shots() -> None:
    found = cuts([dimmed(shot(k // 25), 0.2) for k in range(125)])
    assert np.allclose(found, [1, 2, 3, 4])


def test_shots_that_differ_in_colour_alone() -> None:
    red, blue = (np.full((HEIGHT, WIDTH, 3), c, dtype=np.uint8) for c in ((200, 40, 40), (40, 90, 200)))
    assert np.allclose(cuts([red] * 25 + [blue] * 25 + [red] * 25), [1, 2])
    rust, sand = (np.full((HEIGHT, WIDTH, 3), c, dtype=np.uint8) for c in ((200, 60, 60), (225, 110, 90)))
    assert np.allclose(cuts([rust] * 25 + [sand] * 25), [1])


def test_times_are_the_frames_own() -> None:
    steps = np.tile([0.02, 0.05, 0.1, 0.033], 20)
    times = np.concatenate([[0.0], np.cumsum(steps)])[:80].tolist()
    found = cuts([shot(k // 20) for k in range(80)], times)
    assert np.allclose(found, [times[20], times[40], times[60]])


def test_strength_follows_the_change() -> None:
    near = show(CutsSense(), [shot(1)] * 20 + [flashed(np.roll(shot(1), 60, axis=1), 0)] * 20)["cuts"]
    far = show(CutsSense(), [dimmed(shot(1), 0.1)] * 20 + [flashed(shot(2), 120)] * 20)["cuts"]
    assert len(near) == len(far) == 1
    assert near.column("strength")[0] < far.column("strength")[0] <= 1


@pytest.mark.parametrize("frames", [1, 2, 4, 6])
def test_a_flash_is_no_cut(frames: int) -> None:
    assert len(cuts([flashed(shot(1), 150 if 40 <= k < 40 + frames else 0) for k in range(75)])) == 0


def test_a_light_switched_on_is_no_cut() -> None:
    assert len(cuts([dimmed(shot(1), 0.35 if k < 40 else 1.0) for k in range(75)])) == 0


@pytest.mark.parametrize("shake_px", [3, 10])
def test_a_shaken_camera_is_no_cut(shake_px: int) -> None:
    rng, large = np.random.default_rng(2), view()
    places = [(300 + rng.normal() * shake_px, 200 + rng.normal() * shake_px) for _ in range(75)]
    assert len(cuts([seen_from(large, *place) for place in places])) == 0


def test_a_jolt_is_no_cut() -> None:
    large = view()
    assert len(cuts([seen_from(large, 300 + 20 * (k >= 40), 200) for k in range(75)])) == 0


def test_a_whip_pan_is_no_cut() -> None:
    large = view()
    assert len(cuts([seen_from(large, 10 + 30 * np.clip(k - 30, 0, 12), 200) for k in range(75)])) == 0


def test_something_fast_is_no_cut() -> None:
    pictures = []
    for k in range(80):
        picture = shot(3).copy()
        left = (k * 45) % (WIDTH + 80) - 80
        picture[20:130, max(0, left) : max(0, left + 80)] = (240, 30, 40)
        pictures.append(picture)
    assert len(cuts(pictures)) == 0


def test_still_pictures_have_none() -> None:
    assert len(cuts([shot(4)] * 50)) == 0


def test_fade_through_black() -> None:
    gains = [1.0] * 30 + list(np.linspace(1, 0, 16)) + [0.0] * 15 + list(np.linspace(0, 1, 16)) + [1.0] * 30
    pictures = [dimmed(shot(1 if k < 50 else 2), gain) for k, gain in enumerate(gains)]
    found = show(CutsSense(), pictures)["cuts"]
    assert len(found) == 1
    # The first frame in which the new shot is more than black.
    assert abs(found.times_s[0] - 62 * FRAME_S) <= FRAME_S + 1e-9
    assert found.column("fade")[0] == 1
    assert found.column("length_s")[0] == pytest.approx(46 * FRAME_S, abs=0.2)


def test_fade_through_white() -> None:
    lights = (
        [0.0] * 30 + list(np.linspace(0, 255, 12)) + [255.0] * 4 + list(np.linspace(255, 0, 12)) + [0.0] * 30
    )
    pictures = [flashed(shot(1 if k < 44 else 2), int(light)) for k, light in enumerate(lights)]
    found = show(CutsSense(), pictures)["cuts"]
    assert len(found) == 1
    # White is whitest up to frame 48.
    assert abs(found.times_s[0] - 49 * FRAME_S) <= FRAME_S + 1e-9
    assert found.column("fade")[0] == 1


def test_cross_fade() -> None:
    shares = np.clip((np.arange(100) - 40) / 20, 0, 1)
    first, last = shot(1, grain=40), shot(2, grain=40)
    pictures = [(first * (1 - a) + last * a).astype(np.uint8) for a in shares]
    found = show(CutsSense(), grainy(pictures))["cuts"]
    assert len(found) == 1
    assert abs(found.times_s[0] - 2.0) <= 2 * FRAME_S
    assert found.column("fade")[0] == 1
    assert found.column("length_s")[0] == pytest.approx(0.8, abs=0.4)


def test_a_title_that_fades_in_is_no_cross_fade() -> None:
    pictures = []
    for k in range(100):
        picture = shot(1, grain=40).copy()
        share = float(np.clip((k - 40) / 20, 0, 1))
        box = picture[50:95, 60:200]
        picture[50:95, 60:200] = (box * (1 - share) + 255 * share).astype(np.uint8)
        pictures.append(picture)
    assert len(cuts(pictures)) == 0


def test_pans_are_no_cross_fades() -> None:
    large = view()
    assert len(cuts([seen_from(large, 10 + 2.5 * k, 200) for k in range(150)])) == 0


def test_clips_too_short_for_a_detector() -> None:
    for count in (1, 2, 5):
        assert len(show(CutsSense(), [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * count)["cuts"]) == 0


@pytest.mark.parametrize(
    ("name", "known_s", "hard"),
    [
        ("fades.mp4", (84 / 25, 167 / 25), False),
        ("bikes.mp4", (1.20, 3.04, 5.48, 7.48, 9.68), True),
        ("chrome.mp4", tuple(np.array([223, 280, 316, 394, 484, 635]) * 1001 / 30000), True),
        ("big_buck_bunny_0_30.webm", (11.792, 15.667, 22.958), True),
    ],
)
def test_real_clips(media: Path, name: str, known_s: tuple[float, ...], hard: bool) -> None:
    found = encode(probe(media / "clips" / name), senses=["cuts"])["cuts"]
    times = found.times_s[found.column("fade") == 0] if hard else found.times_s
    assert at(times, known_s, FRAME_S) == (1.0, 1.0)
