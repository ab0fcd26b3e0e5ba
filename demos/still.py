"""`still`: a lake among mountains that does not move; music must find its own form."""

from __future__ import annotations

from pathlib import Path

from demos.scenes.lake import lake
from demos.truth import Mood, Truth
from demos.writer import Frame, write_clip

DURATION_S = 12.0


def make(path: Path, *, seed: int, height: int, fps: float, duration_s: float | None) -> Truth:
    """Draw the still; see `demos.make.make`."""
    width = 2 * round(height * 8 / 9)
    frames = max(round((duration_s or DURATION_S) * fps), 1)
    picture = lake(width, height, seed)

    def draw(index: int) -> Frame:
        return picture

    write_clip(path, draw, frames, width=width, height=height, fps=fps)
    length_s = frames / fps
    mood = Mood(0.0, length_s, "calm", "lake", 0.3, -0.8)
    return Truth("still", seed, width, height, fps, length_s, moods=(mood,))
