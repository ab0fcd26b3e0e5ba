"""Joints → a shaded, clothed person in pixels, drawn from back to front."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demos.figure import Pose, joints
from demos.shading import Colour, Layer, draw_capsules, draw_ellipse, shadow_capsules

FacePoint = Callable[..., tuple[float, float]]
"""(across_m, above_m[, depth_m]) on the face → pixel."""

CAMERA_SINE = 0.16
"""The camera looks down by this much: what is nearer is a little lower in the picture."""


@dataclass(frozen=True)
class Look:
    """What the person wears, BGR 0 to 1."""

    skin: Colour = (0.56, 0.68, 0.90)
    hair: Colour = (0.10, 0.12, 0.17)
    shirt: Colour = (0.30, 0.38, 0.96)
    trim: Colour = (0.92, 0.95, 0.98)
    trousers: Colour = (0.36, 0.22, 0.16)
    shoes: Colour = (0.93, 0.95, 0.96)


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
            layer, brow, (0.021 * m, 0.0048 * m), look.hair, angle=angle + sign * 0.03, softness_px=soft * 0.5
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
