"""What the figures are made of: one panel each, all on one time axis, in one restrained palette."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from encoders.stream import Stream

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, FAINT, HAIR, PAPER = "#22303c", "#64727e", "#a9b4bd", "#e3e7ea", "#ffffff"
RED, TEAL, AMBER, BLUE, GREEN, PLUM, SAND = (
    "#c8452f",
    "#1c7c7d",
    "#d9982b",
    "#34608f",
    "#5f8f4e",
    "#8a5a83",
    "#b99b72",
)
WIDTH_PX, DPI = 1600, 100
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX, _GAP_PX = 132, 96, 74, 46, 12
# A curve has no use for more points than this across the page.
_POINTS = 1400


def sheet(heights_px: Sequence[int], duration_s: float) -> tuple[Figure, list[Axes]]:
    """A page of panels of the given heights, top to bottom, with seconds along the lowest."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    height = _TOP_PX + sum(heights_px) + _GAP_PX * (len(heights_px) - 1) + _BOTTOM_PX
    figure = Figure(figsize=(WIDTH_PX / DPI, height / DPI), dpi=DPI, facecolor=PAPER)
    panels: list[Axes] = []
    top = height - _TOP_PX
    for panel_px in heights_px:
        box = (_LEFT_PX / WIDTH_PX, (top - panel_px) / height, strip_width_px() / WIDTH_PX, panel_px / height)
        axes = figure.add_axes(box)
        axes.set_xlim(0.0, duration_s)
        axes.set_facecolor("none")
        for side in ("top", "right", "left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.tick_params(bottom=False, left=False, labelbottom=False, labelleft=False)
        panels.append(axes)
        top -= panel_px + _GAP_PX
    lowest = panels[-1]
    lowest.tick_params(bottom=True, labelbottom=True, colors=SOFT, labelsize=10.5, length=4, width=0.8)
    lowest.spines["bottom"].set_visible(True)
    lowest.spines["bottom"].set_color(FAINT)
    lowest.xaxis.set_major_locator(MaxNLocator(nbins=14, steps=[1, 1.5, 2, 3, 5, 6, 10]))
    lowest.xaxis.set_major_formatter(FuncFormatter(lambda second, _: clock(second)))
    return figure, panels


def strip_width_px() -> int:
    """How wide every panel is."""
    return WIDTH_PX - _LEFT_PX - _RIGHT_PX


def clock(second: float) -> str:
    """7.5 s, 12 s, 3:05."""
    if second < 60:
        return f"{second:g} s"
    return f"{round(second) // 60}:{round(second) % 60:02d}"


def title(figure: Figure, main: str, below: str) -> None:
    """The page's heading and a line under it."""
    height = figure.get_figheight() * DPI
    x = _LEFT_PX / WIDTH_PX
    shown = main if len(main) <= 90 else main[:60] + " … " + main[-24:]
    figure.text(
        x, 1 - 30 / height, shown, color=INK, fontsize=17, fontweight="bold", va="center", parse_math=False
    )
    figure.text(x, 1 - 55 / height, below, color=SOFT, fontsize=11, va="center", parse_math=False)


def name_panel(axes: Axes, name: str, below: str = "") -> None:
    """The panel's name in the margin, and what it shows under it."""
    lift = 0.5 if not below else 0.5 + 8.0 / (axes.get_position().height * _page_px(axes))
    axes.text(-0.012, lift, name, transform=axes.transAxes, ha="right", va="center", color=INK, fontsize=11)
    if below:
        drop = 0.5 - 9.0 / (axes.get_position().height * _page_px(axes))
        axes.text(
            -0.012, drop, below, transform=axes.transAxes, ha="right", va="center", color=SOFT, fontsize=8.5
        )


def label_end(axes: Axes, height: float, text: str, colour: str) -> None:
    """A curve's name at its right end; `height` in the panel, 0–1."""
    axes.text(
        1.006, height, text, transform=axes.transAxes, ha="left", va="center", color=colour, fontsize=9.5
    )


def label_ends(axes: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Names of several curves at their right ends (height 0–1, text, colour), moved apart."""
    least = 16.0 / (axes.get_position().height * _page_px(axes))
    placed = -np.inf
    ordered = sorted(ends)
    heights = []
    for height, _, _ in ordered:
        placed = max(height, placed + least)
        heights.append(placed)
    over = max(0.0, heights[-1] - 1.0) if heights else 0.0
    for height, (_, text, colour) in zip(heights, ordered, strict=True):
        label_end(axes, height - over, text, colour)


def film(axes: Axes, pictures: Sequence[NDArray[np.uint8]], duration_s: float) -> None:
    """Pictures side by side, each over its share of the time, cropped to fit."""
    cell_s = duration_s / len(pictures)
    box_px = axes.get_position().height * _page_px(axes)
    aspect = strip_width_px() / len(pictures) / box_px
    for k, rgb in enumerate(pictures):
        height, width = rgb.shape[:2]
        if width / height > aspect:
            cut = int((width - height * aspect) / 2)
            rgb = rgb[:, cut : width - cut]
        else:
            cut = int((height - width / aspect) / 2)
            rgb = rgb[cut : height - cut]
        axes.imshow(
            rgb, extent=(k * cell_s, (k + 1) * cell_s, 0, 1), aspect="auto", interpolation="antialiased"
        )
    for k in range(1, len(pictures)):
        axes.axvline(k * cell_s, color=PAPER, lw=1.6)
    axes.set_xlim(0, duration_s)
    axes.set_ylim(0, 1)


def pictures_that_fit(aspect: float, height_px: int) -> int:
    """How many pictures of an aspect (width / height) fit side by side."""
    return int(np.clip(round(strip_width_px() / (height_px * aspect)), 5, 24))


def barcode(axes: Axes, colour: Stream | None, duration_s: float) -> None:
    """The picture's colours over time: its rows' means, top to bottom."""
    import cv2

    axes.set_ylim(0, 1)
    if colour is None or not colour.says_something:
        silent(axes, "no colours seen")
        return
    times = (np.arange(_POINTS // 2) + 0.5) / (_POINTS // 2) * duration_s
    nearest = np.clip(np.searchsorted(colour.times_s, times, side="right") - 1, 0, len(colour) - 1)
    look = np.stack(
        [np.stack([colour.column(f"{c}{k}")[nearest] for k in range(9)], axis=0) for c in "lab"], axis=-1
    )
    rows = look.reshape(3, 3, len(times), 3).mean(axis=1) * 100
    rgb = np.clip(cv2.cvtColor(rows.astype(np.float32), cv2.COLOR_LAB2RGB), 0, 1)
    axes.imshow(rgb, extent=(0, duration_s, 0, 1), aspect="auto", interpolation="bilinear")
    axes.set_xlim(0, duration_s)


def area(
    axes: Axes, times_s: NDArray[np.float64], values: NDArray[Any], colour: str, alpha: float = 0.28
) -> float:
    """A filled curve, scaled so that its 99th percentile is near the top; returns that scale."""
    times, values = thinned(times_s, values)
    top = max(float(np.percentile(values, 99)) if len(values) else 0.0, 1e-6) * 1.12
    shown = np.minimum(values / top, 1.0)
    axes.fill_between(times, 0, shown, color=colour, alpha=alpha, lw=0)
    axes.plot(times, shown, color=colour, lw=1.0, solid_joinstyle="round")
    axes.set_ylim(0, 1)
    return top


def thinned(times_s: NDArray[np.float64], values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """No more points than the page can show: the largest of each stretch stands for it."""
    per = int(np.ceil(len(times_s) / _POINTS))
    if per <= 1:
        return times_s, values
    whole = len(times_s) // per * per
    return times_s[:whole:per] + 0.0, values[:whole].reshape(-1, per).max(axis=1)


def stems(axes: Axes, times_s: NDArray[np.float64], strengths: NDArray[Any], colour: str, lw: float) -> None:
    """Events as ticks from the bottom, as high as they are strong."""
    if len(times_s):
        axes.vlines(times_s, 0, strengths, color=colour, lw=lw)


def silent(axes: Axes, text: str) -> None:
    """What a panel says when its sense has nothing to say."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=FAINT, fontsize=11)


def through(
    figure: Figure, panels: Sequence[Axes], times_s: NDArray[np.float64], colour: str, lw: float
) -> None:
    """Fine lines through several panels at the same instants, gaps included."""
    from matplotlib.collections import LineCollection

    if not len(panels):
        return
    for axes, below in zip(panels, [*panels[1:], None], strict=True):
        gap = 0.0
        if below is not None:
            gap = (axes.get_position().y0 - below.get_position().y1) / axes.get_position().height
        lines = [[(time_s, -gap), (time_s, 1.0)] for time_s in times_s.tolist()]
        place = axes.get_xaxis_transform()
        axes.add_collection(
            LineCollection(lines, transform=place, colors=colour, lw=lw, clip_on=False, zorder=0.5),
            autolim=False,
        )


def _page_px(axes: Axes) -> float:
    figure = axes.get_figure(root=True)
    return float(figure.get_figheight()) * DPI if figure is not None else 0.0
