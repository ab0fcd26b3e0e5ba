"""A human body: a pose in numbers → joints in metres.

Metres, from the point of the floor between the feet: x to the right of the picture, y up,
z towards the viewer. Legs reach their feet by two-bone inverse kinematics, so that feet stay
planted; arms are given by the direction of each bone. "left" and "right" are the picture's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]

THIGH_M, SHIN_M, UPPER_ARM_M, FOREARM_M, HAND_M = 0.44, 0.43, 0.29, 0.25, 0.10
ANKLE_M, HIP_M, HIP_HALF_M, SHOULDER_HALF_M, FOOT_M = 0.09, 0.93, 0.095, 0.175, 0.19


@dataclass(frozen=True)
class Pose:
    """How the body stands. Angles in degrees, lengths in metres.

    An arm bone's direction has `out` (0 down, 90 sideways, 180 up, in the picture's plane,
    away from the body) and `fore` (towards the viewer).
    """

    x: float = 0.0
    drop: float = 0.02
    hip_roll: float = 0.0
    chest_roll: float = 0.0
    turn: float = 0.0
    head_roll: float = 0.0
    head_turn: float = 0.0
    left_arm_out: float = 12.0
    left_arm_fore: float = 0.0
    left_forearm_out: float = 6.0
    left_forearm_fore: float = 15.0
    right_arm_out: float = 12.0
    right_arm_fore: float = 0.0
    right_forearm_out: float = 6.0
    right_forearm_fore: float = 15.0
    left_foot_x: float = -0.13
    left_foot_z: float = 0.0
    left_toe: float = -18.0
    right_foot_x: float = 0.13
    right_foot_z: float = 0.0
    right_toe: float = 18.0
    left_lift: float = 0.0
    right_lift: float = 0.0

    def mirrored(self) -> Pose:
        """The same pose the other way round."""
        swapped = {}
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            if name.startswith("left_"):
                name = "right_" + name[5:]
            elif name.startswith("right_"):
                name = "left_" + name[6:]
            if name.endswith(("roll", "turn", "toe", "foot_x")) or name == "x":
                value = -value
            swapped[name] = value
        return Pose(**swapped)

    def vector(self) -> Point:
        """All numbers, in the order of the fields."""
        return np.array([getattr(self, f.name) for f in fields(self)])

    @classmethod
    def of(cls, vector: Point) -> Pose:
        """The inverse of `vector`."""
        return cls(*(float(v) for v in vector))

    def with_(self, **changes: float) -> Pose:
        """A copy with some numbers changed."""
        return replace(self, **changes)


def joints(pose: Pose) -> dict[str, Point]:
    """Pose → joints in metres, `[3]` each."""
    hips = np.array([pose.x, HIP_M + 0.02 - pose.drop, 0.0])
    turn, roll = np.radians(pose.turn), np.radians(pose.chest_roll)
    spine = np.array([np.sin(roll), np.cos(roll), 0.0])
    across = np.array([np.cos(turn) * np.cos(roll), -np.cos(turn) * np.sin(roll), -np.sin(turn)])
    hip_across = np.array(
        [np.cos(np.radians(pose.hip_roll)), np.sin(np.radians(pose.hip_roll)), -0.4 * np.sin(turn)]
    )
    waist = hips + 0.14 * (0.5 * spine + np.array([0.0, 0.5, 0.0]))
    chest, neck = waist + 0.20 * spine, waist + 0.40 * spine
    head_up = np.array(
        [np.sin(np.radians(pose.head_roll) + roll * 0.5), np.cos(np.radians(pose.head_roll)), 0.02]
    )
    body = {"hips": hips, "waist": waist, "chest": chest, "neck": neck, "head": neck + 0.175 * head_up}
    body["crown"] = neck + 0.27 * head_up
    for side, sign in (("left", -1.0), ("right", 1.0)):
        shoulder = neck - 0.045 * spine + sign * SHOULDER_HALF_M * across
        arm = _direction(sign, getattr(pose, f"{side}_arm_out"), getattr(pose, f"{side}_arm_fore"))
        forearm = _direction(
            sign, getattr(pose, f"{side}_forearm_out"), getattr(pose, f"{side}_forearm_fore")
        )
        # A raised arm takes its shoulder along.
        shoulder = shoulder + np.array([0.0, 0.045 * max(arm[1], 0.0), 0.0])
        body[f"{side}_shoulder"] = shoulder
        body[f"{side}_elbow"] = shoulder + UPPER_ARM_M * arm
        body[f"{side}_wrist"] = body[f"{side}_elbow"] + FOREARM_M * forearm
        body[f"{side}_hand"] = body[f"{side}_wrist"] + HAND_M * forearm
        hip = hips + sign * HIP_HALF_M * hip_across
        lift = getattr(pose, f"{side}_lift")
        ankle = np.array([getattr(pose, f"{side}_foot_x"), ANKLE_M + lift, getattr(pose, f"{side}_foot_z")])
        toe = np.radians(getattr(pose, f"{side}_toe"))
        knee, ankle = _leg(hip, ankle, np.array([0.8 * np.sin(toe), 0.0, np.cos(toe)]))
        body[f"{side}_side"] = (
            hip + 0.075 * (0.5 * spine + np.array([0.0, 0.5, 0.0])) + 0.2 * HIP_HALF_M * -sign * hip_across
        )
        body |= {f"{side}_hip": hip, f"{side}_knee": knee, f"{side}_ankle": ankle}
        body[f"{side}_heel"] = ankle + np.array([-0.04 * np.sin(toe), -0.05, -0.04 * np.cos(toe)])
        body[f"{side}_toe"] = ankle + np.array([FOOT_M * np.sin(toe), -0.055, FOOT_M * np.cos(toe)])
    return body


def _direction(sign: float, out_deg: float, fore_deg: float) -> Point:
    out, fore = np.radians(out_deg), np.radians(fore_deg)
    return np.array([sign * np.sin(out) * np.cos(fore), -np.cos(out) * np.cos(fore), np.sin(fore)])


def _leg(hip: Point, ankle: Point, forward: Point) -> tuple[Point, Point]:
    """Knee and (if out of reach, pulled in) ankle of a leg that bends towards `forward`."""
    reach = ankle - hip
    length = float(np.linalg.norm(reach))
    longest = (THIGH_M + SHIN_M) * 0.999
    if length > longest:
        ankle, reach, length = hip + reach * (longest / length), reach * (longest / length), longest
    along = reach / length
    cosine = (THIGH_M**2 + length**2 - SHIN_M**2) / (2 * THIGH_M * length)
    bend = forward - along * float(forward @ along)
    bend /= max(float(np.linalg.norm(bend)), 1e-9)
    knee = hip + THIGH_M * (along * cosine + bend * np.sqrt(max(1.0 - cosine**2, 0.0)))
    return knee, ankle
