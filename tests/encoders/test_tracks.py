"""Joints that are looked at now and then are known in between: drawn bodies whose paths are known."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.body import JOINTS
from encoders.tracks import Picture, Span, carry, joint_paths

WIDTH, HEIGHT = 320, 256
ASPECT = WIDTH / HEIGHT
RATE_HZ = 30.0


def places(times_s: NDArray[np.float64], swing: float = 0.08) -> NDArray[np.float32]:
    """Landmarks `[T, 33, 4]`: a standing body whose joints go to and fro, each in its own way."""
    rng = np.random.default_rng(4)
    landmarks = np.zeros((len(times_s), 33, 4), np.float32)
    grid = np.stack(np.meshgrid(np.linspace(0.25, 0.75, 5), np.linspace(0.2, 0.8, 7)), axis=-1)
    rest = grid.reshape(-1, 2)[:33]
    rest[[11, 12]] = [[0.58, 0.3], [0.42, 0.3]]
    rest[[23, 24]] = [[0.55, 0.55], [0.45, 0.55]]
    rate_hz, phase = rng.uniform(0.8, 1.6, (33, 2)), rng.uniform(0, 2 * np.pi, (33, 2))
    angle = 2 * np.pi * rate_hz * times_s[:, None, None] + phase
    landmarks[..., :2] = rest + swing * np.sin(angle) / (ASPECT, 1.0)
    landmarks[..., 3] = 1.0
    return landmarks


def drawn(landmarks: NDArray[np.float32], seed: int = 0) -> NDArray[np.uint8]:
    """A picture in which each joint is a speckled patch over a speckled ground."""
    rng = np.random.default_rng(seed)
    ground = cv2.GaussianBlur(rng.uniform(60, 120, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 3)
    patches = rng.uniform(120, 255, (33, 41, 41)).astype(np.float32)
    for joint in JOINTS:
        x, y = landmarks[joint, :2] * (WIDTH, HEIGHT)
        shift = np.array([[1, 0, x - 20], [0, 1, y - 20]], np.float32)
        patch = cv2.GaussianBlur(patches[joint], (0, 0), 2)
        disc = cv2.circle(np.zeros((41, 41), np.float32), (20, 20), 12, 1.0, -1)
        size = (WIDTH, HEIGHT)
        cover = cv2.warpAffine(disc, shift, size)
        ground = ground * (1 - cover) + cv2.warpAffine(patch, shift, size) * cover
    return np.repeat(ground.astype(np.uint8)[..., None], 3, axis=-1)


def filmed(landmarks: NDArray[np.float32]) -> list[Picture]:
    return [Picture(k, k / RATE_HZ, drawn(body)) for k, body in enumerate(landmarks)]


def spans(pictures: list[Picture], looks: NDArray[np.float32], at: list[int]) -> list[Span]:
    return [carry(pictures[a : b + 1], looks[k], looks[k + 1]) for k, (a, b) in enumerate(pairwise(at))]


def error(found: NDArray[np.float32], true: NDArray[np.float32]) -> float:
    """Root mean square distance of the joints, picture heights."""
    off = (found - true)[:, JOINTS, :2] * (ASPECT, 1.0)
    return float(np.sqrt((off**2).sum(axis=-1).mean()))


@pytest.fixture(scope="module")
def body() -> tuple[NDArray[np.float64], NDArray[np.float32], list[Picture]]:
    times_s = np.arange(41) / RATE_HZ
    landmarks = places(times_s)
    return times_s, landmarks, filmed(landmarks)


def test_joints_are_carried_from_look_to_look(
    body: tuple[NDArray[np.float64], NDArray[np.float32], list[Picture]],
) -> None:
    times_s, landmarks, pictures = body
    at = list(range(0, 41, 10))
    found = carry(pictures[:11], landmarks[0], landmarks[10])
    assert (found.first, found.last) == (0, 10)
    # Within a pixel or so over ten pictures, most joints, either way.
    assert np.median(found.miss) < 1.5 / HEIGHT
    # Three looks a second: straight lines are far off, carried joints are not.
    paths = joint_paths(times_s, landmarks[at], spans(pictures, landmarks[at], at), ASPECT)
    straight = landmarks.copy()
    for joint in JOINTS:
        for axis in (0, 1):
            straight[:, joint, axis] = np.interp(times_s, times_s[at], landmarks[at, joint, axis])
    assert error(paths, landmarks) < 0.005
    assert error(paths, landmarks) < error(straight, landmarks) / 5


def test_the_jitter_of_looks_is_averaged_away(
    body: tuple[NDArray[np.float64], NDArray[np.float32], list[Picture]],
) -> None:
    times_s, landmarks, pictures = body
    at = list(range(0, 41, 4))
    looks = landmarks[at] + np.random.default_rng(1).normal(0, 0.006, (len(at), 33, 4)).astype(np.float32)
    paths = joint_paths(times_s, looks, spans(pictures, looks, at), ASPECT)
    assert error(paths[at], landmarks[at]) < 0.85 * error(looks, landmarks[at])


def test_a_limb_that_the_flow_loses_goes_smoothly_on() -> None:
    """On an even ground nothing can be carried; the looks and the steadiness of bodies are left."""
    times_s = np.arange(41) / RATE_HZ
    landmarks = places(times_s)
    grey = [Picture(k, k / RATE_HZ, np.full((HEIGHT, WIDTH, 3), 90, np.uint8)) for k in range(41)]
    at = list(range(0, 41, 5))
    found = spans(grey, landmarks[at], at)
    assert min(span.miss.min() for span in found) > 0
    paths = joint_paths(times_s, landmarks[at], found, ASPECT)
    assert error(paths, landmarks) < 0.008
    blind = [Span.blind(a, b) for a, b in pairwise(at)]
    assert error(joint_paths(times_s, landmarks[at], blind, ASPECT), landmarks) < 0.004


def test_uneven_times_are_followed_as_even_ones_are() -> None:
    rng = np.random.default_rng(3)
    times_s = np.cumsum(rng.uniform(0.02, 0.06, 40))
    landmarks = places(times_s)
    pictures = [Picture(k, times_s[k], drawn(body)) for k, body in enumerate(landmarks)]
    at = [0, 4, 9, 13, 20, 26, 31, 39]
    paths = joint_paths(times_s, landmarks[at], spans(pictures, landmarks[at], at), ASPECT)
    assert error(paths, landmarks) < 0.006


def test_what_is_no_joint_goes_straight() -> None:
    times_s = np.arange(11) / RATE_HZ
    looks = places(times_s)[[0, 10]]
    looks[:, :, 3] = [[0.2], [0.9]]
    paths = joint_paths(times_s, looks, [Span.blind(0, 10)], ASPECT)
    np.testing.assert_allclose(paths[5, 20], looks[:, 20].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(paths[:, 15, 3], np.linspace(0.2, 0.9, 11), atol=1e-6)
    np.testing.assert_allclose(paths[[0, 10]][:, JOINTS], looks[:, JOINTS], atol=1e-3)
