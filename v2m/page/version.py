"""One version of a clip's music: a shelf with the session, the scored clip and all that can be taken."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from v2m.page import parts
from v2m.page.jobs import MIDI, SESSION, STEMS, WAV, Rendered


@dataclass(frozen=True)
class Version:
    """One version.

    Attributes:
        token: of its shelf.
        rendered: what is on it.
        told: what was changed, "" for one that was composed.
        sizes: file → bytes, of those that can be taken.
    """

    token: str
    rendered: Rendered
    told: str
    sizes: tuple[tuple[str, int], ...]

    @classmethod
    def on(cls, shelf: Path, rendered: Rendered, told: str) -> Version:
        """The version that a job has left on a shelf."""
        names = (rendered.scored, WAV, MIDI, STEMS, SESSION)
        sizes = tuple((name, os.path.getsize(shelf / name)) for name in names if (shelf / name).is_file())  # noqa: PTH202
        return cls(shelf.name, rendered, told, sizes)

    def name(self, number: int) -> str:
        """What a person tells it by: `2  hit moved to 0:04.83`."""
        return f"{number}  {self.told or 'as composed'}"

    def player(self, heading: str, poster: str) -> parts.Player:
        """The clip with its music, to be played."""
        return parts.Player(parts.address(self.token, self.rendered.scored), heading, poster=poster)

    def downloads(self, title: str) -> list[parts.Download]:
        """What can be taken away, under names that say whose it is."""
        labels = {
            self.rendered.scored: ("Clip", f"{title}.scored{Path(self.rendered.scored).suffix}"),
            WAV: ("Sound", f"{title}.wav"),
            MIDI: ("MIDI", f"{title}.mid"),
            STEMS: ("Stems", f"{title}.stems.zip"),
            SESSION: ("Session", f"{title}.v2m.zip"),
        }
        return [
            parts.Download(parts.address(self.token, name), *labels[name], size) for name, size in self.sizes
        ]
