"""Motion is measured in picture heights a second, without the camera, whatever the cuts and repeats."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from encoders.camera import camera_flow
from encoders.cuts import CutsSense
from encoders.directogram import directogram, positive_flux
from encoders.motion import MotionSense
from encoders.onsets import find_onsets
from encoders.stream import Stream
from tests.encoders.scenes import HEIGHT, Picture, at, grainy, seen_from, shot, show, view
from tests.generators import streams_by_hand as by_hand


def motion(pictures: list[Picture], rate: float = 25.0, cuts: Stream | None = None) -> dict[str, Stream]:
    return show(MotionSense(), pictures, rate, streams={} if cuts is None else {"cuts": cuts})


def mean(stream: Stream, column: str) -> float:
    return float(stream.column(column)[stream.mask].mean())


def pushed(offsets_px: list[float], rate: float = 25.0) -> list[Picture]:
    """A textured block that is pushed to and fro before a still wall."""
    wall, block = shot(11, grain=30), shot(12, grain=8)[:90, :90]
    pictures = []
    for offset in offsets_px:
        picture = wall.copy()
        patch = cv2.warpAffine(block, np.float32([[1, 0, offset % 1], [0, 1, 0]]), (90, 90))
        left = 20 + int(offset)
        picture[30:118, left + 2 : left + 88] = patch[1:89, 2:88]
        pictures.append(picture)
    return pictures


def test_directions() -> None:
    dx, dy = np.array([1.0, 0, -1, 0, 2]), np.array([0, 1.0, 0, -1, 2])
    rose = directogram(dx, dy) * 5
    assert rose == pytest.approx([1, np.sqrt(8), 1, 0, 1, 0, 1, 0])


def test_a_direction_between_two_is_shared_and_nothing_is_lost() -> None:
    angle = np.linspace(0, 2 * np.pi, 50)[:, None]
    rose = directogram(3 * np.cos(angle), 3 * np.sin(angle))
    assert rose.shape == (50, 8)
    assert rose.sum(axis=1) == pytest.approx(3)
    assert directogram(np.zeros((4, 0)), np.zeros((4, 0))).tolist() == np.zeros((4, 8)).tolist()


def test_flux_counts_growth_only() -> None:
    rose = np.array([[0, 0], [1, 0], [0, 2], [0, 2.0]])
    assert positive_flux(rose).tolist() == [0, 1, 2, 0]


def test_camera_is_told_from_what_moves() -> None:
    y, x = np.mgrid[0:45, 0:80]
    camera = np.stack([1.5 + 0.02 * (x - 40) - 0.01 * (y - 22), -0.7 + 0.01 * (x - 40) + 0.02 * (y - 22)], -1)
    flow = camera + np.random.default_rng(0).normal(0, 0.05, camera.shape)
    flow[10:35, 20:50] += (5, 2)
    found = camera_flow(flow.astype(np.float32), 90)
    assert np.abs(found - camera).max() < 0.3
    assert camera_flow(2 * flow.astype(np.float32), 180) == pytest.approx(2 * found, abs=1e-4), "any size"


def test_a_pan_is_the_cameras() -> None:
    large = view()
    still = motion([seen_from(large, 300 + 2 * k, 200) for k in range(40)])["motion"]
    # Two of 144 lines a frame, 25 frames a second.
    assert mean(still, "camera") == pytest.approx(2 * 25 / HEIGHT, rel=0.15)
    assert mean(still, "energy") < 0.1 * mean(still, "camera")
    assert mean(still, "raw") == pytest.approx(2 * 180 / HEIGHT, rel=0.2)


def test_shaking_stays_the_cameras() -> None:
    rng, large = np.random.default_rng(0), view()
    stream = motion([seen_from(large, 300 + 2 * rng.normal(), 200 + 2 * rng.normal()) for _ in range(40)])[
        "motion"
    ]
    assert mean(stream, "energy") < 0.15 * mean(stream, "camera")


def test_direction_and_energy_of_what_moves() -> None:
    stream = motion(pushed([1.5 * k for k in range(50)]))["motion"]
    rose = np.array([mean(stream, f"d{k}") for k in range(8)])
    assert rose.argmax() == 0
    assert rose[0] > 3 * rose[4]
    assert rose.sum() == pytest.approx(mean(stream, "energy"), rel=1e-3)
    assert mean(stream, "camera") < 0.1 * mean(stream, "energy")


def test_energy_does_not_depend_on_the_frame_rate() -> None:
    slow = mean(motion(pushed([2.0 * k for k in range(30)]), 15.0)["motion"], "energy")
    fast = mean(motion(pushed([1.0 * k for k in range(60)]), 30.0)["motion"], "energy")
    assert fast == pytest.approx(slow, rel=0.2)


def test_a_still_picture_does_not_move() -> None:
    found = motion(grainy([shot(1)] * 30))
    assert found["motion"].mask[1:].all()
    assert mean(found["motion"], "energy") < 0.02
    assert found["visual_onsets"].column("strength").max(initial=0) < 0.1
    assert not found["visual_onsets"].column("accent").any()


def strokes(rate: float, duration_s: float, stroke_s: float = 0.8) -> tuple[list[float], list[float]]:
    """Where a block is that strokes to and fro, and the instants at which it is fastest."""
    times = np.arange(round(duration_s * rate)) / rate
    peaks = np.arange(stroke_s / 2, duration_s - 0.1, stroke_s)
    return (30 - 30 * np.cos(np.pi * times / stroke_s)).tolist(), peaks.tolist()


def test_onsets_are_where_movement_peaks() -> None:
    offsets, peaks_s = strokes(25, 4.0)
    onsets = motion(pushed(offsets))["visual_onsets"]
    strong = onsets.times_s[onsets.column("strength") > 0.5]
    recall, precision = at(strong, peaks_s, 0.1)
    assert recall == 1
    assert precision >= 0.8
    assert ((onsets.column("strength") >= 0) & (onsets.column("strength") <= 1)).all()


def test_repeated_frames_are_passed_over() -> None:
    offsets, _ = strokes(24, 4.0)
    pictures = grainy(pushed(offsets))
    pulled = [pictures[k * 24 // 30] for k in range(120)]
    before, after = motion(pictures, 24.0), motion(pulled, 30.0)
    repeats = [k for k in range(1, 120) if pulled[k] is pulled[k - 1]]
    assert not after["motion"].mask[repeats].any()
    assert after["motion"].mask.sum() >= 119 - len(repeats) - 2
    assert mean(after["motion"], "energy") == pytest.approx(mean(before["motion"], "energy"), rel=0.25)
    strong = [found["visual_onsets"].column("strength") > 0.3 for found in (before, after)]
    assert strong[1].sum() <= 1.4 * strong[0].sum()


def test_a_cut_makes_no_motion() -> None:
    pictures = grainy([shot(1)] * 25 + [shot(2)] * 25)
    cuts = show(CutsSense(), pictures)["cuts"]
    assert cuts.times_s.tolist() == [1.0]
    found = motion(pictures, cuts=cuts)
    assert not found["motion"].mask[25]
    assert found["motion"].mask[[24, 26]].all()
    assert found["motion"].column("energy").max() < 0.05
    near = np.abs(found["visual_onsets"].times_s - 1.0) <= 0.04 + 1e-9
    assert not near.any()
    assert found["visual_onsets"].column("strength").max(initial=0) < 0.1


def test_a_fade_is_masked() -> None:
    fade = by_hand.events("cuts", [1.0], strength=[1], fade=[1], length_s=[0.8])
    stream = motion(grainy([shot(1)] * 50), cuts=fade)["motion"]
    assert not stream.mask[(stream.times_s > 0.65) & (stream.times_s < 1.35)].any()
    assert stream.mask[stream.times_s > 1.45].all()


def test_accents_stand_out_and_keep_apart() -> None:
    times = np.arange(500) / 25
    flow = 0.3 + 0.1 * np.abs(np.sin(np.pi * times * 4.1))
    beats = np.arange(12, 500, 25)
    flow[beats] += 2.0
    nothing = np.zeros(500)
    onsets_s, strengths, accents = find_onsets(times, flow, nothing, *[np.zeros(500, bool)] * 2)
    assert at(onsets_s[accents], times[beats].tolist(), 1e-6) == (1.0, 1.0)
    assert strengths[accents].min() > 3 * strengths[~accents].max()


def test_onsets_of_nothing() -> None:
    for count in (0, 1, 2):
        onsets_s, strengths, accents = find_onsets(
            np.arange(count) / 25, *[np.zeros(count)] * 2, *[np.zeros(count, bool)] * 2
        )
        assert len(onsets_s) == len(strengths) == len(accents) == 0


@pytest.mark.parametrize("shape", [(64, 256), (256, 64), (96, 54)])
def test_any_shape_of_picture(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.integers(0, 256, (*shape, 3), dtype=np.uint8), (0, 0), 2)
    found = motion([np.roll(picture, 2 * k, axis=1) for k in range(6)])
    assert found["motion"].mask[1:].all()


def test_one_frame_is_silent() -> None:
    found = motion([shot(1)])
    assert not found["motion"].says_something
    assert len(found["visual_onsets"]) == 0
