"""A title → a picture of it, to lay over the first seconds of a clip."""

from __future__ import annotations

import importlib.util
import textwrap
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.errors import V2MError

FADE_S = 0.5
LONGEST_S = 4.0
# Of the picture: the lettering's height, and the width it may fill.
LETTER_HEIGHT = 1 / 11
FILLED_WIDTH = 0.84
LINE_CHARACTERS = 26


class TitleError(V2MError):
    """A title that cannot be drawn."""


def check_title(title: str) -> None:
    """Raise a `TitleError` if there is nothing to draw, or letters that the font does not have."""
    from fontTools.ttLib import TTFont

    if not title.strip():
        raise TitleError("the title is empty")
    with TTFont(_font_path(), lazy=True) as font:
        known = font.getBestCmap()
    missing = "".join(sorted({c for c in title if not c.isspace() and ord(c) not in known}))
    if missing:
        raise TitleError(f"the title's font has no {missing!r}")


def draw_title(title: str, width: int, height: int) -> NDArray[np.float32]:
    """White lettering with a soft shadow, centred: float32 `[height, width, 2]`, light and cover, 0 to 1.

    `picture * (1 - cover) + 255 * light` lays it over a picture.
    """
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    text = "\n".join(textwrap.wrap(title.strip(), LINE_CHARACTERS)) or title
    size = max(6, round(height * LETTER_HEIGHT))
    canvas = Image.new("L", (width, height))
    draw = ImageDraw.Draw(canvas)
    while True:
        font = ImageFont.truetype(_font_path(), size)
        left, top, right, bottom = draw.multiline_textbbox((0, 0), text, font=font, align="center")
        if size <= 6 or (right - left <= FILLED_WIDTH * width and bottom - top <= 0.8 * height):
            break
        size = max(6, int(size * 0.92))
    at = ((width - right - left) / 2, (height - bottom - top) / 2)
    draw.multiline_text(at, text, fill=255, font=font, align="center")
    shadow = canvas.filter(ImageFilter.GaussianBlur(max(1.0, size / 10)))
    light = np.asarray(canvas, dtype=np.float32) / 255
    cover = np.maximum(light, np.minimum(1.0, 1.3 * np.asarray(shadow, dtype=np.float32) / 255) * 0.75)
    return np.stack([light, cover], axis=-1)


def title_strength(time_s: float, duration_s: float) -> float:
    """How much of the title is seen at an instant, 0 to 1: fades in, stays, fades out."""
    end_s = min(LONGEST_S, 0.6 * duration_s)
    fade_s = min(FADE_S, end_s / 3)
    return float(np.clip(min(time_s, end_s - time_s) / fade_s, 0.0, 1.0))


@cache
def _font_path() -> str:
    # matplotlib carries DejaVu (Latin, Greek, Cyrillic and more); finding it needs no import of it.
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise TitleError("no font for the title: install matplotlib, which carries one")
    return str(Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans-Bold.ttf")
