"""Two grey pictures → how each point moved, by Farnebäck's method, as OpenCV has it.

`cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0)` with its steps laid open
(Farnebäck, "Two-frame motion estimation based on polynomial expansion", SCIA 2003), in two fifths
of the time. A picture that is the second of one pair and the first of the next is expanded once. And
on the finest level the sums over the window are taken over every second point, as the five points
of a die lie, and in the first two of three iterations over every fourth: the expansion has smoothed
the picture so far that points between tell nothing new. Mean magnitudes agree with OpenCV's to
within a hundredth, mostly by a constant factor, and the strict maxima over time, which AV-Align
counts, are the same ones but for one in a hundred (`benchmarks/flow.py` counts them).

Around each point a picture is fitted by xᵀAx + bᵀx + c, weighted by a Gaussian. If the second
picture is the first one moved by d, then with Δb = (b₁ − b₂)/2 + A d₀ (d₀: the movement assumed
so far, A: mean of both) d solves A d = Δb; in least squares over a window,
d = (Σ AᵀA)⁻¹ Σ AᵀΔb. From coarse to fine, each level starts from the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.compiled import compiled

_LEVELS = 3
_LEAST_SIDE = 32
_WINDOW = 15
_ITERATIONS = 3
_POLY_N, _POLY_SIGMA = 5, 1.2
# OpenCV's weights of the outermost points, whose expansion has seen less.
_EDGE = (0.14, 0.14, 0.4472, 0.4472, 0.4472)
_REGULAR = np.float32(1e-3)
# In pictures smaller than this, no point is left out.
_SMALL = 64


class Expansion:
    """The polynomials of one picture on one level.

    Attributes:
        planes: float32 `[5, H, W]`: b in y, b in x, A in yy, A in xx, each halved, and A in xy ÷ 2 of
            OpenCV's; halved, since only sums and differences of two pictures' are used.
        four: the first four again, `[H, W, 4]`: a warp takes four channels in the time of two.
    """

    def __init__(self, height: int, width: int) -> None:
        self.planes = np.empty((5, height, width), np.float32)
        self.four = np.empty((height, width, 4), np.float32)


class FlowBetween:
    """Flow between pictures of one size; its arrays are made once and used again. For one thread.

    Args:
        height, width: of the pictures.
    """

    def __init__(self, height: int, width: int) -> None:
        self._shape = height, width
        self._scales = _scales(height, width)
        sizes = _sizes(height, width)
        self._levels = [_Level(h, w, _EVERY_POINT) for h, w in sizes[:-1]]
        self._levels.append(
            _Level(height, width, _QUINCUNX if min(height, width) >= _SMALL else _EVERY_POINT)
        )
        self._filters = _expansion_filters()

    def blank(self) -> list[Expansion]:
        """Room for what `expand` gives, coarse to fine."""
        return [Expansion(h, w) for h, w in _sizes(*self._shape)]

    def expand(self, grey: NDArray[np.uint8], into: list[Expansion]) -> list[Expansion]:
        """The polynomials of a picture uint8 `[H, W]`, written over `into`, coarse to fine."""
        import cv2

        picture = grey.astype(np.float32)
        for scale, made in zip(self._scales, into, strict=True):
            sigma = (1 / scale - 1) / 2
            side = max(round(sigma * 5) | 1, 3)
            smooth = cv2.GaussianBlur(picture, (side, side), sigma, sigmaY=sigma)
            if scale < 1:
                height, width = made.planes.shape[1:]
                smooth = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
            for plane, (along_x, along_y) in zip(made.planes, self._filters, strict=True):
                cv2.sepFilter2D(
                    smooth, cv2.CV_32F, along_x, along_y, dst=plane, borderType=cv2.BORDER_REPLICATE
                )
            cv2.merge(list(made.planes[:4]), made.four)
        return into

    def flow(self, first: list[Expansion], second: list[Expansion]) -> NDArray[np.float32]:
        """From one picture to the next.

        Returns:
            float32 `[2, H // 2, W // 2]` (of small pictures `[2, H, W]`): x and y in pixels, at every
            second point of every second line; overwritten by the next call.
        """
        moved: NDArray[np.float32] | None = None
        for level, before, after in zip(self._levels, first, second, strict=True):
            if moved is None:
                level.moved[:] = 0
            else:
                _stretch(moved, level.moved)
            moved = level.run(before, after)
        assert moved is not None
        return moved


class _Level:
    """The iterations on one level.

    Attributes:
        moved: float32 `[2, h, w]`, the movement so far, at the first lattice's points.
    """

    def __init__(self, height: int, width: int, lattices: Sequence[_Lattice]) -> None:
        self._lattices = [_Terms(height, width, lattice) for lattice in lattices]
        self.moved = np.zeros((2, *self._lattices[0].shape), np.float32)
        self._sums = np.empty((5, *self._lattices[0].shape), np.float32)
        self._spare = np.empty((2, *self._lattices[0].shape), np.float32)

    def run(self, before: Expansion, after: Expansion) -> NDArray[np.float32]:
        """All iterations from `moved` on, which they overwrite and return."""
        for terms in self._lattices:
            terms.start(before)
        for _ in range(_ITERATIONS - 1):
            self._iterate(after, self._lattices[:1])
        self._iterate(after, self._lattices)
        return self.moved

    def _iterate(self, after: Expansion, lattices: Sequence[_Terms]) -> None:
        """Better `moved` once, from what the points of these lattices say."""
        import cv2

        for number, terms in enumerate(lattices):
            moved = self.moved
            if number:
                # The points between four others: the field is smooth, they have the mean of its values.
                for plane, made in zip(self.moved, self._spare, strict=True):
                    cv2.boxFilter(plane, -1, (2, 2), dst=made, anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
                moved = self._spare
            terms.compare(after, moved)
            terms.window(self._sums, add=number > 0)
        # Sums over two lattices are twice those over one, and their products four times.
        _solve(self._sums, _REGULAR * np.float32(len(lattices) ** 2), self.moved)


class _Terms:
    """Δb, A and their products at the points of one lattice."""

    def __init__(self, height: int, width: int, lattice: _Lattice) -> None:
        self._lattice = lattice
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        rows, columns = self._here = lattice.slices(height, width)
        self._points = np.ascontiguousarray(np.stack([x, y])[(slice(None), *self._here)])
        self.shape = self._points.shape[1:]
        self._at = np.empty_like(self._points)
        self._four = np.empty((*self.shape, 4), np.float32)
        self._a_xy = np.empty(self.shape, np.float32)
        self._before = np.empty((5, *self.shape), np.float32)
        self._products = np.empty((5, *self.shape), np.float32)
        self._windowed = np.empty(self.shape, np.float32)
        # Squared, as every product is of two weighted terms.
        self._weights = _edge_weights(height)[rows] ** 2, _edge_weights(width)[columns] ** 2

    def start(self, before: Expansion) -> None:
        np.copyto(self._before, before.planes[(slice(None), *self._here)])

    def compare(self, after: Expansion, moved: NDArray[np.float32]) -> None:
        """The products, the second picture taken where each point has moved to."""
        import cv2

        x, y = np.add(self._points, moved, out=self._at)
        where: dict[str, Any] = {"interpolation": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_CONSTANT}
        cv2.remap(after.four, x, y, dst=self._four, borderValue=0, **where)
        cv2.remap(after.planes[4], x, y, dst=self._a_xy, borderValue=float("nan"), **where)
        _multiply(self._before, self._four, self._a_xy, moved, *self._weights, self._products)

    def window(self, sums: NDArray[np.float32], *, add: bool) -> None:
        """Means over the window around each point of the first lattice, into `sums` or added to them."""
        for plane, total in zip(self._products, sums, strict=True):
            if add:
                self._lattice.window(plane, self._windowed)
                total += self._windowed
            else:
                self._lattice.window(plane, total)


@dataclass(frozen=True)
class _Lattice:
    """Which points of a picture are looked at: every `step`-th, from `first`, in both directions."""

    step: int
    first: int

    def slices(self, height: int, width: int) -> tuple[slice, slice]:
        # As many points whatever the first is.
        last_y, last_x = (count // self.step * self.step for count in (height, width))
        return slice(self.first, last_y, self.step), slice(self.first, last_x, self.step)

    def window(self, plane: NDArray[np.float32], into: NDArray[np.float32]) -> None:
        """The mean over fifteen points and lines around each point of the lattice that begins at 0."""
        import cv2

        if self.step == 1:
            cv2.boxFilter(plane, -1, (_WINDOW, _WINDOW), dst=into, borderType=cv2.BORDER_REPLICATE)
            return
        side = _WINDOW // 2 + self.first
        cv2.boxFilter(
            plane, -1, (side, side), dst=into, anchor=(side // 2, side // 2), borderType=cv2.BORDER_REPLICATE
        )


_EVERY_POINT = (_Lattice(1, 0),)
_QUINCUNX = (_Lattice(2, 0), _Lattice(2, 1))


@compiled
def _multiply(
    before: NDArray[np.float32],
    four: NDArray[np.float32],
    a_xy: NDArray[np.float32],
    moved: NDArray[np.float32],
    weights_y: NDArray[np.float32],
    weights_x: NDArray[np.float32],
    products: NDArray[np.float32],
) -> None:
    """AᵀA and AᵀΔb at each point, with A the mean of both pictures'.

    Args:
        before: `[5, h, w]`, the first picture's planes (`Expansion`).
        four, a_xy: `[h, w, 4]` and `[h, w]`, the second's; NaN in `a_xy` outside it.
        moved: `[2, h, w]`.
        weights_y, weights_x: `[h]`, `[w]`.
        products: `[5, h, w]`, what is made: Ayy² + Axy², Axx² + Axy², (Ayy + Axx) Axy, AᵀΔb in y and x.
    """
    height, width = a_xy.shape
    rows = np.empty((5, width), np.float32)
    # Short loops over whole rows, each with one result: such a loop is compiled to vector instructions.
    b_y, b_x, yy, xx, xy = rows[0], rows[1], rows[2], rows[3], rows[4]
    for y in range(height):
        first_y, first_x = before[0, y], before[1, y]
        first_yy, first_xx, first_xy = before[2, y], before[3, y], before[4, y]
        second, second_xy = four[y], a_xy[y]
        x_moved, y_moved = moved[0, y], moved[1, y]
        for x in range(width):
            b_y[x] = second[x, 0]
            b_x[x] = second[x, 1]
            yy[x] = second[x, 2]
            xx[x] = second[x, 3]
        for x in range(width):
            xy[x] = second_xy[x]
        # What has left the picture says nothing: its b counts as 0, its A as the first picture's.
        for x in range(width):
            if np.isnan(second_xy[x]):
                b_y[x] = np.float32(0)
                b_x[x] = np.float32(0)
                yy[x] = first_yy[x]
                xx[x] = first_xx[x]
                xy[x] = first_xy[x]
        for x in range(width):
            yy[x] = yy[x] + first_yy[x]
        for x in range(width):
            xx[x] = xx[x] + first_xx[x]
        for x in range(width):
            xy[x] = (xy[x] + first_xy[x]) * np.float32(0.5)
        for x in range(width):
            b_y[x] = first_y[x] - b_y[x] + yy[x] * y_moved[x] + xy[x] * x_moved[x]
        for x in range(width):
            b_x[x] = first_x[x] - b_x[x] + xy[x] * y_moved[x] + xx[x] * x_moved[x]
        weight = weights_y[y]
        made = products[0, y]
        for x in range(width):
            made[x] = (yy[x] * yy[x] + xy[x] * xy[x]) * (weight * weights_x[x])
        made = products[1, y]
        for x in range(width):
            made[x] = (xx[x] * xx[x] + xy[x] * xy[x]) * (weight * weights_x[x])
        made = products[2, y]
        for x in range(width):
            made[x] = (yy[x] + xx[x]) * xy[x] * (weight * weights_x[x])
        made = products[3, y]
        for x in range(width):
            made[x] = (yy[x] * b_y[x] + xy[x] * b_x[x]) * (weight * weights_x[x])
        made = products[4, y]
        for x in range(width):
            made[x] = (xy[x] * b_y[x] + xx[x] * b_x[x]) * (weight * weights_x[x])


@compiled
def _solve(sums: NDArray[np.float32], regular: np.float32, moved: NDArray[np.float32]) -> None:
    """The movement that explains the sums, `[5, h, w]` → `[2, h, w]`: d = (Σ AᵀA)⁻¹ Σ AᵀΔb."""
    for y in range(moved.shape[1]):
        yy, xx, xy, h_y, h_x = sums[0, y], sums[1, y], sums[2, y], sums[3, y], sums[4, y]
        x_moved, y_moved = moved[0, y], moved[1, y]
        for x in range(moved.shape[2]):
            x_moved[x] = (yy[x] * h_x[x] - xy[x] * h_y[x]) / (yy[x] * xx[x] - xy[x] * xy[x] + regular)
        for x in range(moved.shape[2]):
            y_moved[x] = (xx[x] * h_y[x] - xy[x] * h_x[x]) / (yy[x] * xx[x] - xy[x] * xy[x] + regular)


def _stretch(moved: NDArray[np.float32], into: NDArray[np.float32]) -> None:
    """A flow field brought to the next level."""
    import cv2

    height, width = into.shape[1:]
    for plane, made in zip(moved, into, strict=True):
        cv2.resize(plane, (width, height), dst=made, interpolation=cv2.INTER_LINEAR)
    into *= np.float32(2)


def _scales(height: int, width: int) -> list[float]:
    """Coarse to fine; no side shorter than 32 but the picture's own."""
    scales = [1.0]
    while len(scales) <= _LEVELS and min(height, width) * scales[-1] / 2 >= _LEAST_SIDE:
        scales.append(scales[-1] / 2)
    return scales[::-1]


def _sizes(height: int, width: int) -> list[tuple[int, int]]:
    return [(round(height * scale), round(width * scale)) for scale in _scales(height, width)]


def _edge_weights(count: int) -> NDArray[np.float32]:
    weights = np.ones(count, np.float32)
    reach = min(len(_EDGE), count)
    weights[:reach] *= np.array(_EDGE[:reach], np.float32)
    weights[-reach:] *= np.array(_EDGE[:reach], np.float32)[::-1]
    return weights


def _expansion_filters() -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The fit as separable filters (along x, along y), one a plane of `Expansion`.

    Weighted least squares of 1, x, y, x², y², xy (Farnebäck 2003, section 2) is linear in the picture.
    The basis is orthogonal but for 1, x² and y²: with G their Gram matrix, b comes from ⟨x g⟩ / G₁₁, A
    in xx from ⟨g⟩ (G⁻¹)₀₃ + ⟨x² g⟩ (G⁻¹)₃₃, and A in xy from ⟨x y g⟩ / G₅₅.
    """
    at = np.arange(-_POLY_N, _POLY_N + 1, dtype=np.float64)
    gauss = np.exp(-(at**2) / (2 * _POLY_SIGMA**2))
    gauss /= gauss.sum()
    second, fourth = float(gauss @ at**2), float(gauss @ at**4)
    gram = np.array(
        [[1, second, second], [second, fourth, second**2], [second, second**2, fourth]], dtype=np.float64
    )
    inverse = np.linalg.inv(gram)
    slope = at * gauss / second / 2
    bend = (inverse[0, 1] * gauss + inverse[1, 1] * at**2 * gauss) / 2
    twist = at * gauss / second**2 / 2
    pairs = [(gauss, slope), (slope, gauss), (gauss, bend), (bend, gauss), (at * gauss, twist)]
    return [(x.astype(np.float32), y.astype(np.float32)) for x, y in pairs]
