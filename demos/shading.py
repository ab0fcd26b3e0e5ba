"""Rounded, lit shapes without a renderer: smooth unions of tapered capsules, and soft ellipses.

A shape is drawn from its signed distance (negative inside, in pixels), which gives an
anti-aliased edge; its surface is taken to be round, which gives a normal and so a light.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Layer = NDArray[np.float32]
"""float32 `[H, W, 4]`: BGR (0 to 1, premultiplied) and opacity."""

Colour = tuple[float, float, float]
"""BGR, 0 to 1."""

KEY_LIGHT = np.array([-0.50, -0.55, 0.67], np.float32)
RIM_LIGHT = np.array([0.86, -0.30, 0.15], np.float32)


def new_layer(height: int, width: int) -> Layer:
    """An empty layer."""
    return np.zeros((height, width, 4), np.float32)


def draw_capsules(
    layer: Layer, capsules: NDArray[np.float64], colour: Colour, *, blend_px: float, shine: float = 0.0
) -> None:
    """Draw the smooth union of tapered capsules, lit.

    Args:
        layer: drawn on in place.
        capsules: `[n, 6]` x0, y0, radius0, x1, y1, radius1 in pixels.
        colour: of the surface.
        blend_px: how far the capsules melt into one another.
        shine: strength of the highlight, 0 (cloth) to 1.
    """
    field = _distance(layer, capsules, blend_px, margin=2.0)
    if field is None:
        return
    where, distance, nx, ny = field
    flat = np.minimum(nx * nx + ny * ny, 1.0)
    nz = np.sqrt(1.0 - flat)
    key = np.maximum(nx * KEY_LIGHT[0] + ny * KEY_LIGHT[1] + nz * KEY_LIGHT[2], 0.0)
    rim = np.maximum(nx * RIM_LIGHT[0] + ny * RIM_LIGHT[1] + nz * RIM_LIGHT[2], 0.0) * flat * flat
    light = 0.40 + 0.16 * nz + 0.62 * key
    opacity = np.clip(0.5 - distance, 0.0, 1.0)
    lit = light[..., None] * np.asarray(colour, np.float32)
    lit += (0.30 * rim)[..., None] * np.array([1.0, 0.86, 0.74], np.float32)
    if shine:
        lit += (shine * key**12)[..., None]
    _over(layer[where], np.minimum(lit, 1.0), opacity)


def shadow_capsules(
    layer: Layer,
    capsules: NDArray[np.float64],
    *,
    offset_px: tuple[float, float],
    softness_px: float,
    depth: float,
) -> None:
    """Darken what is already on the layer where capsules in front of it keep the light off."""
    moved = capsules.copy()
    moved[:, [0, 3]] += offset_px[0]
    moved[:, [1, 4]] += offset_px[1]
    field = _distance(layer, moved, 2.0, margin=softness_px)
    if field is None:
        return
    where, distance, _, _ = field
    layer[where][..., :3] *= (1.0 - depth * np.clip(0.5 - distance / softness_px, 0.0, 1.0))[..., None]


def draw_ellipse(
    layer: Layer,
    centre: tuple[float, float],
    radii: tuple[float, float],
    colour: Colour,
    *,
    angle: float = 0.0,
    softness_px: float = 1.0,
    opacity: float = 1.0,
) -> None:
    """Draw a flat ellipse with a soft edge; centre and radii in pixels, angle in radians."""
    reach = max(radii) + softness_px + 1
    where = _window(layer, centre[0] - reach, centre[1] - reach, centre[0] + reach, centre[1] + reach)
    if where is None:
        return
    y, x = _grid(where)
    x, y = x - centre[0], y - centre[1]
    c, s = np.cos(angle), np.sin(angle)
    across, along = (x * c + y * s) / max(radii[0], 1e-3), (y * c - x * s) / max(radii[1], 1e-3)
    distance = (np.sqrt(across**2 + along**2) - 1.0) * min(radii)
    cover = np.clip(0.5 - distance / softness_px, 0.0, 1.0) * opacity
    _over(layer[where], np.asarray(colour, np.float32), cover)


def over(below: Layer, above: Layer, y: int, opacity: float = 1.0) -> None:
    """Lay one layer over another in place, its top at line y; what stands out below is cut off."""
    above = above[: len(below) - y]
    under = below[y : y + len(above)]
    under *= 1.0 - opacity * above[..., 3:]
    under += opacity * above


def _over(under: Layer, colour: NDArray[np.float32], opacity: NDArray[np.float32]) -> None:
    keep = 1.0 - opacity[..., None]
    under *= keep
    under[..., :3] += colour * opacity[..., None]
    under[..., 3] += opacity


def _window(layer: Layer, x0: float, y0: float, x1: float, y1: float) -> tuple[slice, slice] | None:
    h, w = layer.shape[:2]
    left, top = max(int(np.floor(x0)), 0), max(int(np.floor(y0)), 0)
    right, bottom = min(int(np.ceil(x1)) + 1, w), min(int(np.ceil(y1)) + 1, h)
    return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None


def _grid(where: tuple[slice, slice]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    y = np.arange(where[0].start, where[0].stop, dtype=np.float32)[:, None]
    x = np.arange(where[1].start, where[1].stop, dtype=np.float32)[None, :]
    return y, x


def _distance(
    layer: Layer, capsules: NDArray[np.float64], blend_px: float, margin: float
) -> tuple[tuple[slice, slice], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]] | None:
    """Window, signed distance and the flat part of the normal of a smooth union of capsules.

    The union is the exponential smooth minimum −k·log Σ exp(−dᵢ/k); normals are averaged with
    the same weights, so that the light crosses a joint without a seam.
    """
    # A union of n shapes stands out from each by at most k·log n.
    reach = margin + 1.0 + blend_px * float(np.log(len(capsules)))
    lows = (
        np.minimum(capsules[:, :2] - capsules[:, 2:3], capsules[:, 3:5] - capsules[:, 5:6]).min(axis=0)
        - reach
    )
    highs = (
        np.maximum(capsules[:, :2] + capsules[:, 2:3], capsules[:, 3:5] + capsules[:, 5:6]).max(axis=0)
        + reach
    )
    where = _window(layer, lows[0], lows[1], highs[0], highs[1])
    if where is None:
        return None
    y, x = _grid(where)
    shape = (y.shape[0], x.shape[1])
    total, sum_x, sum_y = (np.zeros(shape, np.float32) for _ in range(3))
    for x0, y0, r0, x1, y1, r1 in capsules.astype(np.float32):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, np.float32(1e-6)), 0.0, 1.0)
        off_x, off_y = x - (x0 + along * dx), y - (y0 + along * dy)
        radius = r0 + along * (r1 - r0)
        distance = np.sqrt(off_x * off_x + off_y * off_y) - radius
        weight = np.exp(np.clip(distance * (-1.0 / blend_px), -40.0, 40.0))
        total += weight
        weight /= radius
        sum_x += weight * off_x
        sum_y += weight * off_y
    union = -np.float32(blend_px) * np.log(np.maximum(total, np.float32(1e-17)))
    total = np.maximum(total, np.float32(1e-17))
    return where, np.asarray(union, np.float32), np.divide(sum_x, total), np.divide(sum_y, total)
