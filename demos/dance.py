"""`dance`: a figure dances at a known tempo, and comes to rest at known instants.

Key poses lie on the beats; between two of them every number of the pose follows the
minimum-jerk curve of human reaching (Flash & Hogan 1985), whose speed is zero at both ends.
So the sum of joint speeds has its minima at the beats that end a move, and nowhere else:
that is the kinematic beat of AIST++ (Li et al. 2021), known without measuring it.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from demos.figure import Look, Pose, draw_figure
from demos.shading import draw_ellipse, new_layer, paste
from demos.truth import Mood, Truth
from demos.writer import Frame, write_clip

TEMPO_BPM = 108.0
FIRST_BEAT_S = 0.40
DURATION_S = 20.0

STAND = Pose()
REPERTOIRE: dict[str, Pose] = {
    "reach": Pose(
        x=-0.05,
        drop=0.05,
        hip_roll=-5,
        chest_roll=-9,
        head_roll=-8,
        head_turn=-14,
        turn=-8,
        left_arm_out=150,
        left_forearm_out=168,
        left_forearm_fore=0,
        right_arm_out=48,
        right_arm_fore=-12,
        right_forearm_out=-50,
        right_forearm_fore=18,
        left_foot_x=-0.24,
        right_foot_x=0.16,
    ),
    "wide": Pose(
        drop=0.13,
        chest_roll=0,
        left_arm_out=96,
        left_forearm_out=92,
        left_forearm_fore=6,
        right_arm_out=96,
        right_forearm_out=92,
        right_forearm_fore=6,
        left_foot_x=-0.34,
        right_foot_x=0.34,
        left_toe=-35,
        right_toe=35,
    ),
    "goalpost": Pose(
        x=0.07,
        drop=0.07,
        hip_roll=7,
        chest_roll=5,
        head_roll=4,
        left_arm_out=88,
        left_forearm_out=176,
        left_forearm_fore=4,
        right_arm_out=88,
        right_forearm_out=6,
        right_forearm_fore=4,
        left_foot_x=-0.22,
        right_foot_x=0.26,
    ),
    "cross": Pose(
        drop=0.06,
        turn=14,
        chest_roll=-4,
        head_turn=10,
        left_arm_out=32,
        left_arm_fore=32,
        left_forearm_out=-64,
        left_forearm_fore=34,
        right_arm_out=34,
        right_arm_fore=24,
        right_forearm_out=-74,
        right_forearm_fore=24,
        left_foot_x=-0.12,
        right_foot_x=0.15,
        right_foot_z=0.10,
    ),
    "lunge": Pose(
        x=-0.20,
        drop=0.18,
        hip_roll=-6,
        chest_roll=-12,
        head_roll=-6,
        head_turn=-18,
        turn=-14,
        left_arm_out=70,
        left_forearm_out=120,
        left_forearm_fore=12,
        right_arm_out=110,
        right_forearm_out=124,
        left_foot_x=-0.52,
        left_foot_z=0.06,
        right_foot_x=0.30,
        left_toe=-52,
    ),
    "sky": Pose(
        drop=0.02,
        chest_roll=3,
        head_roll=3,
        left_arm_out=158,
        left_forearm_out=176,
        left_forearm_fore=0,
        right_arm_out=158,
        right_forearm_out=176,
        right_forearm_fore=0,
        left_foot_x=-0.16,
        right_foot_x=0.16,
    ),
    "hip": Pose(
        x=0.12,
        drop=0.05,
        hip_roll=12,
        chest_roll=-10,
        head_roll=-10,
        head_turn=14,
        left_arm_out=52,
        left_arm_fore=-12,
        left_forearm_out=-52,
        left_forearm_fore=14,
        right_arm_out=125,
        right_forearm_out=30,
        right_forearm_fore=22,
        left_foot_x=-0.20,
        right_foot_x=0.22,
    ),
    "disco": Pose(
        x=0.08,
        drop=0.08,
        hip_roll=8,
        chest_roll=8,
        turn=12,
        head_turn=22,
        head_roll=6,
        left_arm_out=30,
        left_arm_fore=18,
        left_forearm_out=-46,
        left_forearm_fore=28,
        right_arm_out=136,
        right_forearm_out=140,
        right_forearm_fore=0,
        left_foot_x=-0.20,
        right_foot_x=0.32,
        right_toe=40,
    ),
    "kick": Pose(
        x=-0.06,
        drop=0.04,
        hip_roll=-8,
        chest_roll=-8,
        head_roll=-4,
        left_arm_out=70,
        left_forearm_out=150,
        right_arm_out=64,
        right_forearm_out=20,
        left_foot_x=-0.08,
        right_foot_x=0.44,
        right_foot_z=0.16,
        right_lift=0.26,
        right_toe=36,
    ),
    "dip": Pose(
        drop=0.26,
        chest_roll=0,
        head_turn=0,
        left_arm_out=30,
        left_arm_fore=24,
        left_forearm_out=8,
        left_forearm_fore=40,
        right_arm_out=30,
        right_arm_fore=24,
        right_forearm_out=8,
        right_forearm_fore=40,
        left_foot_x=-0.28,
        right_foot_x=0.28,
        left_toe=-42,
        right_toe=42,
    ),
}
"""Where moves end. Each is danced to either side."""


def choreography(seed: int, beats: int) -> list[tuple[int, Pose]]:
    """(beat, pose) of each key pose: phrases of eight counts, one in four danced slowly in twos.

    No pose follows itself, and each follows one that is far enough away to be seen as a move.
    """
    rng = np.random.default_rng(seed)
    keys: list[tuple[int, Pose]] = [(0, STAND)]
    names = list(REPERTOIRE)
    beat, phrase = 0, 0
    while beat < beats - 1:
        slow = phrase % 4 == 2
        for _ in range(4 if slow else 8):
            beat += 2 if slow else 1
            if beat > beats - 1:
                break
            keys.append((beat, _another(rng, names, keys[-1][1])))
        phrase += 1
    return keys


def _another(rng: np.random.Generator, names: list[str], last: Pose) -> Pose:
    """A pose at a good distance from the last one."""
    while True:
        pose = REPERTOIRE[names[int(rng.integers(len(names)))]]
        pose = pose.mirrored() if rng.random() < 0.5 else pose
        if np.abs(pose.vector() - last.vector()).sum() > 320.0:
            return pose


def pose_at(keys: list[tuple[int, Pose]], time_s: float, beat_s: float) -> Pose:
    """The pose at an instant: minimum jerk between two keys, feet lifted where they step."""
    beat = (time_s - FIRST_BEAT_S) / beat_s
    later = next((i for i, (at, _) in enumerate(keys) if at > beat), len(keys))
    if later == 0 or later == len(keys):
        return keys[min(later, len(keys) - 1)][1]
    (start, pose), (end, following) = keys[later - 1], keys[later]
    u = (beat - start) / (end - start)
    ease = u * u * u * (10.0 - 15.0 * u + 6.0 * u * u)
    here, there = pose.vector(), following.vector()
    moving = Pose.of(here + ease * (there - here))
    # Steps and the bounce of the knees rise and settle with no speed at either end.
    arch = 16.0 * (u * (1.0 - u)) ** 2
    left = abs(following.left_foot_x - pose.left_foot_x) + abs(following.left_foot_z - pose.left_foot_z)
    right = abs(following.right_foot_x - pose.right_foot_x) + abs(following.right_foot_z - pose.right_foot_z)
    return moving.with_(
        left_lift=moving.left_lift + 0.09 * arch * min(left / 0.15, 1.0),
        right_lift=moving.right_lift + 0.09 * arch * min(right / 0.15, 1.0),
        drop=moving.drop + 0.025 * arch,
    )


def studio(width: int, height: int) -> NDArray[np.float32]:
    """The empty studio, float32 `[H, W, 3]` BGR: a wall washed by two lamps, and a polished floor."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    horizon = 0.80
    wall = np.array([0.80, 0.70, 0.66], np.float32) * (0.80 + 0.25 * y)[..., None]
    teal = np.exp(-(((x - 0.30) / 0.42) ** 2 + ((y - 0.30) / 0.45) ** 2))[..., None]
    rose = np.exp(-(((x - 1.52) / 0.42) ** 2 + ((y - 0.38) / 0.45) ** 2))[..., None]
    white = np.exp(-(((x - 0.89) / 0.45) ** 2 + ((y - 0.35) / 0.5) ** 2))[..., None]
    wall = wall * (0.78 + 0.30 * white)
    wall += 0.20 * teal * np.array([0.75, 0.55, -0.25], np.float32)
    wall += 0.22 * rose * np.array([0.20, -0.15, 0.75], np.float32)
    depth = np.clip((y - horizon) / (1.0 - horizon), 0.0, 1.0)[..., None]
    pool = np.exp(-(((x - 0.89) / 0.62) ** 2 + ((y - 0.92) / 0.12) ** 2))[..., None]
    floor = np.array([0.52, 0.50, 0.54], np.float32) * (0.78 + 0.22 * depth) + 0.20 * pool
    edge = np.clip((y - horizon) * height / 3.0 + 0.5, 0.0, 1.0)[..., None]
    room = wall * (1.0 - edge) + floor * edge
    skirting = np.exp(-(((y - horizon) / 0.006) ** 2))[..., None]
    room *= 1.0 - 0.25 * skirting
    vignette = 1.0 - 0.22 * (((x - 0.89) / 0.95) ** 2 + ((y - 0.45) / 0.9) ** 2)[..., None]
    return np.clip(room * vignette, 0.0, 1.0).astype(np.float32)


def make(path: Path, *, seed: int, height: int, fps: float, duration_s: float | None) -> Truth:
    """Draw the dance; see `demos.make.make`."""
    width = 2 * round(height * 8 / 9)
    frames = round((duration_s or DURATION_S) * fps)
    length_s = frames / fps
    beat_s = 60.0 / TEMPO_BPM
    beats = int(np.floor((length_s - FIRST_BEAT_S) / beat_s)) + 1
    # Two beats more than are seen: the last rest in the clip is left again, so it is a rest.
    keys = choreography(seed, beats + 2)
    room = studio(width, height)
    room8 = np.round(room * 255.0).astype(np.uint8)
    metre = height * 0.395
    span = round(2.3 * metre)
    top, bottom = int(0.02 * height), height
    floor_y = 0.915 * height - top
    looks = _look(seed)

    def draw(index: int) -> Frame:
        pose = pose_at(keys, index / fps, beat_s)
        layer = new_layer(bottom - top, span)
        left = round(width / 2 + pose.x * metre - span / 2)
        origin = width / 2 - left
        shade = new_layer(bottom - top, span)
        for x, z, lift in (
            (pose.left_foot_x, pose.left_foot_z, pose.left_lift),
            (pose.right_foot_x, pose.right_foot_z, pose.right_lift),
            (pose.x, 0.0, 0.35),
        ):
            size = (0.20 + 0.45 * lift) * metre
            draw_ellipse(
                shade,
                (origin + x * metre, floor_y + (0.16 * z + 0.02) * metre),
                (size, 0.24 * size),
                (0.10, 0.07, 0.08),
                softness_px=0.16 * size,
                opacity=0.42 / (1.0 + 3.0 * lift),
            )
        draw_figure(layer, pose, looks, floor=(origin, floor_y), metre_px=metre)
        x0, x1 = max(left, 0), min(left + span, width)
        patch = room[top:bottom, x0:x1].copy()
        paste(patch, shade, left - x0, 0)
        # The polished floor gives back a little of the legs.
        mirror = cv2.GaussianBlur(
            layer[: int(floor_y)][::-1][: bottom - top - int(floor_y)], (0, 0), height / 240
        )
        paste(patch, mirror, left - x0, int(floor_y) + int(0.012 * metre), opacity=0.16)
        paste(patch, layer, left - x0, 0)
        picture = room8.copy()
        picture[top:bottom, x0:x1] = np.clip(patch * 255.0 + 0.5, 0, 255)
        return picture

    write_clip(path, draw, frames, width=width, height=height, fps=fps)
    rests = tuple(t for beat, _ in keys[1:] if (t := FIRST_BEAT_S + beat * beat_s) < length_s - 0.12)
    return Truth(
        name="dance",
        seed=seed,
        width=width,
        height=height,
        fps=fps,
        duration_s=length_s,
        tempo_bpm=TEMPO_BPM,
        beats_s=tuple(FIRST_BEAT_S + k * beat_s for k in range(beats)),
        kinematic_beats_s=rests,
        moods=(Mood(0.0, length_s, "energetic", "studio", 0.5, 0.7),),
    )


def _look(seed: int) -> Look:
    """Clothes by seed."""
    shirts = ((0.30, 0.38, 0.96), (0.62, 0.72, 0.16), (0.30, 0.72, 0.98), (0.72, 0.36, 0.62))
    return Look(shirt=shirts[seed % len(shirts)])
