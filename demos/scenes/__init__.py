"""Places, drawn by code: each scene is made once for a size and a seed, then drawn at any instant."""

from __future__ import annotations

from typing import Protocol

from demos.writer import Frame


class Scene(Protocol):
    """Somewhere the camera can be."""

    def draw(self, time_s: float) -> Frame:
        """The picture `time_s` into the shot, uint8 `[H, W, 3]` BGR; the same each time it is asked."""
        ...
