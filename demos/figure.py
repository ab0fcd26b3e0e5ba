"""A human figure: a pose in numbers → joints in metres → a shaded, clothed person in pixels.

Metres, from the point of the floor between the feet: x to the right of the picture, y up,
z towards the viewer. Legs reach their feet by two-bone inverse kinematics, so that feet stay
planted; arms are given by the direction of each bone. "left" and "right" are the picture's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from demos.shading import Colour, Layer, draw_capsules, draw_ellipse, shadow_capsules

Point = NDArray[np.float64]

FacePoint = Callable[..., tuple[float, float]]
"""(across_m, above_m[, depth_m]) on the face → pixel."""

THIGH_M, SHIN_M, UPPER_ARM_M, FOREARM_M, HAND_M = 0.44, 0.43, 0.29, 0.25, 0.10
ANKLE_M, HIP_M, HIP_HALF_M, SHOULDER_HALF_M, FOOT_M = 0.09, 0.93, 0.095, 0.175, 0.19
CAMERA_SINE = 0.16
"""The camera looks down by this much: what is nearer is a little lower in the picture."""


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


@dataclass(frozen=True)
class Look:
    """What the person wears, BGR 0 to 1."""

    skin: Colour = (0.56, 0.68, 0.90)
    hair: Colour = (0.10, 0.12, 0.17)
    shirt: Colour = (0.30, 0.38, 0.96)
    trim: Colour = (0.92, 0.95, 0.98)
    trousers: Colour = (0.36, 0.22, 0.16)
    shoes: Colour = (0.93, 0.95, 0.96)


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


def draw_figure(
    layer: Layer,
    pose: Pose,
    look: Look,
    *,
    floor: tuple[float, float],
    metre_px: float,
    mouth_open: float = 0.15,
    eyes_shut: float = 0.0,
) -> None:
    """Draw the person on a layer; `floor` is the pixel of the origin, mouth and eyes from 0 to 1."""
    body = {
        name: (floor[0] + p[0] * metre_px, floor[1] - (p[1] - CAMERA_SINE * p[2]) * metre_px, p[2])
        for name, p in joints(pose).items()
    }
    sides = sorted(("left", "right"), key=lambda side: body[f"{side}_wrist"][2])
    behind = [side for side in sides if body[f"{side}_elbow"][2] < -0.06]
    for side in behind:
        _arm(layer, body, side, look, metre_px, cast_shadow=False)
    for side in sorted(("left", "right"), key=lambda side: body[f"{side}_knee"][2]):
        _leg_and_shoe(layer, body, side, look, metre_px)
    _torso(layer, body, look, metre_px)
    _head(layer, body, pose, look, metre_px, mouth_open, eyes_shut)
    for side in sides:
        if side not in behind:
            _arm(layer, body, side, look, metre_px, cast_shadow=True)


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


def _capsules(
    body: dict[str, tuple[float, float, float]], metre_px: float, *bones: tuple[str, float, str, float]
) -> NDArray[np.float64]:
    """Bones as (joint, radius_m, joint, radius_m) → `[n, 6]` in pixels."""
    return np.array(
        [
            (body[a][0], body[a][1], ra * metre_px, body[b][0], body[b][1], rb * metre_px)
            for a, ra, b, rb in bones
        ]
    )


def _leg_and_shoe(
    layer: Layer, body: dict[str, tuple[float, float, float]], side: str, look: Look, m: float
) -> None:
    leg = _capsules(
        body,
        m,
        (f"{side}_hip", 0.092, f"{side}_knee", 0.062),
        (f"{side}_knee", 0.064, f"{side}_ankle", 0.047),
    )
    shadow_capsules(layer, leg, offset_px=(0.02 * m, 0.01 * m), softness_px=0.06 * m, depth=0.35)
    shoe = _capsules(
        body,
        m,
        (f"{side}_heel", 0.040, f"{side}_toe", 0.036),
        (f"{side}_ankle", 0.045, f"{side}_heel", 0.040),
    )
    sole = shoe[:1].copy()
    sole[:, [1, 4]] += 0.012 * m
    draw_capsules(layer, sole, (0.36, 0.36, 0.40), blend_px=1.0)
    draw_capsules(layer, shoe, look.shoes, blend_px=0.012 * m)
    draw_capsules(layer, leg, look.trousers, blend_px=0.018 * m)


def _torso(layer: Layer, body: dict[str, tuple[float, float, float]], look: Look, m: float) -> None:
    seat = _capsules(
        body,
        m,
        ("left_hip", 0.090, "right_hip", 0.090),
        ("hips", 0.100, "waist", 0.105),
    )
    draw_capsules(layer, seat, look.trousers, blend_px=0.015 * m)
    neck = _capsules(body, m, ("neck", 0.052, "head", 0.050))
    shirt = _capsules(
        body,
        m,
        ("left_shoulder", 0.052, "right_shoulder", 0.052),
        ("left_shoulder", 0.050, "left_side", 0.074),
        ("right_shoulder", 0.050, "right_side", 0.074),
        ("left_side", 0.076, "right_side", 0.076),
        ("neck", 0.050, "chest", 0.125),
        ("chest", 0.125, "waist", 0.112),
    )
    draw_capsules(layer, shirt, look.shirt, blend_px=0.02 * m)
    collar = _capsules(body, m, ("neck", 0.064, "neck", 0.064))
    collar[:, [1, 4]] += 0.006 * m
    draw_capsules(layer, collar, look.trim, blend_px=1.0)
    draw_capsules(layer, neck, _darker(look.skin, 0.86), blend_px=1.0)
    # A band across the chest: printed cloth, so that the shirt turns with the body.
    left, right, chest = (np.array(body[n][:2]) for n in ("left_shoulder", "right_shoulder", "chest"))
    across = right - left
    angle = float(np.arctan2(across[1], across[0]))
    half = float(np.linalg.norm(across)) * 0.36
    middle = chest + 0.015 * m * np.array([0.0, 1.0])
    draw_ellipse(layer, (middle[0], middle[1]), (half, 0.022 * m), look.trim, angle=angle, opacity=0.85)


def _arm(
    layer: Layer,
    body: dict[str, tuple[float, float, float]],
    side: str,
    look: Look,
    m: float,
    *,
    cast_shadow: bool,
) -> None:
    arm = _capsules(
        body,
        m,
        (f"{side}_shoulder", 0.050, f"{side}_elbow", 0.038),
        (f"{side}_elbow", 0.039, f"{side}_wrist", 0.027),
        (f"{side}_wrist", 0.028, f"{side}_hand", 0.034),
    )
    if cast_shadow:
        shadow_capsules(layer, arm, offset_px=(0.03 * m, 0.035 * m), softness_px=0.07 * m, depth=0.42)
    draw_capsules(layer, arm, look.skin, blend_px=0.010 * m, shine=0.10)
    _fingers(layer, body, side, look, m)
    sleeve = _capsules(body, m, (f"{side}_shoulder", 0.057, f"{side}_elbow", 0.052))
    sleeve[:, 3:5] = sleeve[:, :2] + 0.55 * (sleeve[:, 3:5] - sleeve[:, :2])
    draw_capsules(layer, sleeve, look.shirt, blend_px=1.0)


def _fingers(
    layer: Layer, body: dict[str, tuple[float, float, float]], side: str, look: Look, m: float
) -> None:
    wrist, hand = np.array(body[f"{side}_wrist"][:2]), np.array(body[f"{side}_hand"][:2])
    along = (hand - wrist) / max(float(np.linalg.norm(hand - wrist)), 1e-6)
    aside = np.array([-along[1], along[0]]) * (1.0 if side == "left" else -1.0)
    bones = []
    for spread, length in ((-0.60, 0.055), (-0.2, 0.075), (0.2, 0.078), (0.60, 0.066)):
        root = hand + aside * spread * 0.034 * m
        tip = root + (along * length + aside * spread * 0.018) * m
        bones.append((*root, 0.011 * m, *tip, 0.008 * m))
    thumb = wrist + 0.35 * (hand - wrist) + aside * 0.024 * m
    bones.append((*thumb, 0.012 * m, *(thumb + (along * 0.05 + aside * 0.035) * m), 0.009 * m))
    draw_capsules(layer, np.array(bones), look.skin, blend_px=max(0.004 * m, 0.6))


def _head(
    layer: Layer,
    body: dict[str, tuple[float, float, float]],
    pose: Pose,
    look: Look,
    m: float,
    mouth_open: float,
    eyes_shut: float,
) -> None:
    centre, crown = np.array(body["head"][:2]), np.array(body["crown"][:2])
    up = (crown - centre) / max(float(np.linalg.norm(crown - centre)), 1e-6)
    side = np.array([-up[1], up[0]])
    turn = np.radians(pose.head_turn + 0.5 * pose.turn)
    angle = float(np.arctan2(side[1], side[0]))

    def at(across: float, above: float, depth: float = 0.095) -> tuple[float, float]:
        """A point on the face, in metres from the head's centre, turned with the head."""
        shifted = across * np.cos(turn) + depth * np.sin(turn)
        x, y = centre + (side * shifted + up * above) * m
        return float(x), float(y)

    def ball(
        points: list[tuple[float, float, float, float]], colour: Colour, melt: float, shine: float = 0.0
    ) -> None:
        """(across, above, depth, radius) pairs, joined two by two."""
        placed = [(*at(a, b, d), r * m) for a, b, d, r in points]
        pairs = np.array([placed[i] + placed[i + 1] for i in range(0, len(placed), 2)])
        draw_capsules(layer, pairs, colour, blend_px=max(melt * m, 0.6), shine=shine)

    chin = np.array([(*at(0.0, -0.02, 0.02), 0.085 * m, *at(0.0, -0.02, 0.02), 0.085 * m)])
    shadow_capsules(layer, chin, offset_px=(0.01 * m, 0.05 * m), softness_px=0.06 * m, depth=0.35)
    ball([(0, 0.105, -0.09, 0.050), (0, 0.105, -0.09, 0.050)], look.hair, 0.01, 0.15)
    ball([(0, 0.022, -0.02, 0.103), (0, 0.0, -0.02, 0.095)], look.hair, 0.01, 0.12)
    for ear in (-0.089, 0.089):
        ball([(ear, -0.012, -0.01, 0.017), (ear * 0.97, -0.035, -0.01, 0.013)], look.skin, 0.004)
    ball(
        [
            (0, 0.018, 0.012, 0.086),
            (0, -0.025, 0.016, 0.076),
            (0, -0.03, 0.02, 0.070),
            (0, -0.078, 0.024, 0.038),
        ],
        look.skin,
        0.012,
        0.06,
    )
    # Fringe: hair over the forehead.
    ball([(-0.058, 0.074, 0.03, 0.032), (0.05, 0.088, 0.03, 0.028)], look.hair, 0.01, 0.2)
    ball(
        [
            (-0.079, 0.05, 0.0, 0.018),
            (-0.085, 0.01, 0.0, 0.010),
            (0.077, 0.06, 0.0, 0.018),
            (0.085, 0.01, 0.0, 0.010),
        ],
        look.hair,
        0.005,
    )
    _face(layer, at, angle, look, m, mouth_open, eyes_shut)


def _face(
    layer: Layer,
    at: FacePoint,
    angle: float,
    look: Look,
    m: float,
    mouth_open: float,
    eyes_shut: float,
) -> None:
    """Eyes, brows, nose, cheeks and mouth."""
    dark = _darker(look.skin, 0.60)
    lips: Colour = (look.skin[0] * 0.66, look.skin[1] * 0.58, min(look.skin[2] * 0.90, 1.0))
    for sign in (-1.0, 1.0):
        eye = at(sign * 0.034, 0.004)
        soft = max(0.006 * m, 1.0)
        draw_ellipse(
            layer, eye, (0.021 * m, 0.014 * m), dark, angle=angle, softness_px=soft * 1.6, opacity=0.35
        )
        open_ = max(1.0 - eyes_shut, 0.12)
        draw_ellipse(layer, eye, (0.0150 * m, 0.0082 * m * open_), (0.93, 0.95, 0.96), angle=angle)
        draw_ellipse(layer, eye, (0.0070 * m, 0.0076 * m * open_), (0.12, 0.18, 0.26), angle=angle)
        lid = at(sign * 0.034, 0.004 + 0.0085 * open_)
        draw_ellipse(layer, lid, (0.0175 * m, 0.0030 * m), (0.07, 0.08, 0.12), angle=angle)
        glint = at(sign * 0.034 - 0.003, 0.008)
        draw_ellipse(layer, glint, (0.0020 * m, 0.0020 * m), (1.0, 1.0, 1.0), opacity=open_)
        brow = at(sign * 0.036, 0.031)
        draw_ellipse(
            layer, brow, (0.021 * m, 0.0048 * m), look.hair, angle=angle + sign * 0.10, softness_px=soft * 0.5
        )
        cheek = at(sign * 0.045, -0.034)
        draw_ellipse(
            layer, cheek, (0.020 * m, 0.014 * m), lips, angle=angle, softness_px=0.02 * m, opacity=0.22
        )
        nostril = at(sign * 0.0075, -0.0315, 0.108)
        draw_ellipse(layer, nostril, (0.0042 * m, 0.0026 * m), dark, angle=angle, opacity=0.75)
    draw_ellipse(
        layer,
        at(0.009, -0.016, 0.105),
        (0.007 * m, 0.022 * m),
        dark,
        angle=angle,
        softness_px=0.012 * m,
        opacity=0.30,
    )
    draw_ellipse(
        layer,
        at(-0.002, -0.022, 0.112),
        (0.007 * m, 0.008 * m),
        (0.85, 0.92, 1.0),
        softness_px=0.012 * m,
        opacity=0.30,
    )
    for sign in (-1.0, 1.0):
        corner = at(sign * 0.0125, -0.0545)
        tilt = angle - sign * 0.30
        draw_ellipse(layer, corner, (0.0170 * m, (0.0055 + 0.006 * mouth_open) * m), lips, angle=tilt)
    draw_ellipse(layer, at(0.0, -0.0580), (0.0165 * m, (0.0050 + 0.009 * mouth_open) * m), lips, angle=angle)
    inside: Colour = (0.12, 0.10, 0.26)
    for sign in (-1.0, 1.0):
        corner = at(sign * 0.0115, -0.0535)
        tilt = angle - sign * 0.30
        draw_ellipse(layer, corner, (0.0150 * m, (0.0012 + 0.006 * mouth_open) * m), inside, angle=tilt)
    draw_ellipse(
        layer, at(0.0, -0.0565), (0.0150 * m, (0.0012 + 0.009 * mouth_open) * m), inside, angle=angle
    )
    if mouth_open > 0.05:
        teeth = at(0.0, -0.0555 + 0.005 * mouth_open)
        draw_ellipse(
            layer, teeth, (0.0150 * m, (0.0008 + 0.003 * mouth_open) * m), (0.92, 0.94, 0.96), angle=angle
        )
    draw_ellipse(
        layer, at(0.0, -0.074), (0.013 * m, 0.003 * m), dark, angle=angle, softness_px=0.006 * m, opacity=0.4
    )


def _darker(colour: Colour, by: float) -> Colour:
    return colour[0] * by, colour[1] * by, colour[2] * by
