"""Which clips are measured: those that demos/ makes, and those of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from demos.make import make
from demos.truth import Truth

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".gif"}


@dataclass(frozen=True)
class Subject:
    """A clip, and what is known of it (None for a clip that we did not make)."""

    path: Path
    truth: Truth | None = None

    @property
    def name(self) -> str:
        return self.path.name


def made_clip(
    name: str, folder: Path, *, height: int, seed: int = 0, duration_s: float | None = None
) -> Subject:
    """A demo clip in `folder`; drawn once, and taken from there the next time."""
    length = "" if duration_s is None else f"-{duration_s:g}s"
    path = folder / f"{name}-{height}-{seed}{length}.mp4"
    told = path.with_suffix(".truth.json")
    if path.exists() and told.exists():
        return Subject(path, Truth.load(told))
    truth = make(name, path, seed=seed, height=height, duration_s=duration_s)
    truth.save(told)
    return Subject(path, truth)


def clips_in(places: list[Path]) -> list[Subject]:
    """The clips named, and those of the folders named, in order of name."""
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            found += sorted(p for p in place.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES)
        else:
            found.append(place)
    return [Subject(path) for path in found]
