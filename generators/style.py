"""Styles: data files that say how a piece of music in that style is made; a new one needs no code."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from generators.grid import PlanError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib


@dataclass(frozen=True)
class Style:
    """What the planner needs of a style; the rest (`arrangement`) is the rhythm generator's to read.

    Attributes:
        name: the file's stem, or the path of a file of one's own.
        title: for people.
        description: one sentence.
        tempo_bpm: slowest and fastest tempo at which the style is itself.
        metres: beats a bar: the usual metre first, then those that the picture may prefer.
        dotted_bars: whether a single bar of 3/8 may stand among the others where a cut needs one.
        suits: mode name → how well the style suits it, 0 to 1 (film, dance).
        valence, arousal: the range, −1 to 1, in which `auto` may choose it.
        arrangement: voices, patterns and everything else, as read from the file.
    """

    name: str
    title: str
    description: str
    tempo_bpm: tuple[float, float]
    metres: tuple[int, ...]
    dotted_bars: bool
    suits: dict[str, float]
    valence: tuple[float, float]
    arousal: tuple[float, float]
    arrangement: dict[str, Any]

    def __post_init__(self) -> None:
        if not 30 <= self.tempo_bpm[0] <= self.tempo_bpm[1] <= 300:
            raise PlanError(f"style {self.name}: tempo_bpm is [slowest, fastest], between 30 and 300")
        if not all(2 <= beats <= 7 for beats in self.metres):
            raise PlanError(f"style {self.name}: beats_per_bar must lie between 2 and 7")


def style_names() -> tuple[str, ...]:
    """Every style that is installed, sorted."""
    folder = resources.files("generators") / "styles"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


@cache
def load_style(name: str) -> Style:
    """Read `styles/NAME.toml`, or a file of one's own: `name` is then its path and ends in `.toml`.

    Raises:
        PlanError: for an unknown name (the known ones are listed), a file that cannot be read or
            one that lacks something.
    """
    own = name.endswith(".toml")
    if not own and name not in style_names():
        raise PlanError(f"style {name!r} is none of {', '.join(style_names())}, nor the path of a .toml file")
    folder = resources.files("generators") / "styles"
    try:
        data = tomllib.loads((Path(name) if own else folder / f"{name}.toml").read_text(encoding="utf-8"))
        return Style(
            name=name,
            title=data["title"],
            description=data["description"],
            tempo_bpm=(float(data["tempo_bpm"][0]), float(data["tempo_bpm"][1])),
            metres=(int(data["beats_per_bar"]), *(int(m) for m in data.get("other_metres", ()))),
            dotted_bars=bool(data.get("dotted_bars", False)),
            suits={k: float(v) for k, v in data["suits"].items()},
            valence=(float(data["valence"][0]), float(data["valence"][1])),
            arousal=(float(data["arousal"][0]), float(data["arousal"][1])),
            arrangement=data["arrangement"],
        )
    except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
        raise PlanError(f"style {name}: {error!r}") from error
