"""Key poses on beats, and the movement between them.

Between two poses every number follows the minimum-jerk curve of human reaching (Flash & Hogan
1985), whose speed is zero at both ends: so the body rests at each key pose, and only there.
"""

from __future__ import annotations

import numpy as np

from demos.figure import Pose

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


def pose_at(keys: list[tuple[int, Pose]], beat: float) -> Pose:
    """The pose at a position counted in beats: minimum jerk between two keys, feet lifted where they step."""
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
