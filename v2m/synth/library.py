"""A patch's name → an instrument that plays it.

A patch is a file, `patches/NAME.toml`: `title`, `kind` (analog, fm or kit), and what the dataclass of
its kind holds (`analog.AnalogPatch`, `fm.FmPatch`, `kit.KitPatch`).
"""

from __future__ import annotations

import sys
import zlib
from importlib import resources
from pathlib import Path
from typing import Any

from generators.table import fill
from v2m.instrument import Instrument
from v2m.synth.analog import Analog, AnalogPatch
from v2m.synth.errors import SynthError
from v2m.synth.fm import Fm, FmPatch
from v2m.synth.kit import Kit, KitPatch

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

KINDS = ("analog", "fm", "kit")


def load(name: str, sample_rate: int, seed: int = 0, voice: str = "") -> Instrument:
    """The instrument of a patch.

    Args:
        name: a patch that is installed, or the path of a `.toml` file.
        sample_rate: of the sound, Hz.
        seed, voice: two voices with one patch stray differently, and so do two seeds.

    Raises:
        SynthError: one line, naming the patch and what is wrong with it.
    """
    try:
        return _made(name, sample_rate, [seed % 2**32, zlib.crc32(voice.encode())])
    except SynthError:
        raise
    except ValueError as error:
        raise SynthError(f"synth {error}") from error


def patch_names() -> tuple[str, ...]:
    """Every patch that is installed, sorted."""
    folder = resources.files("v2m.synth") / "patches"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def _made(name: str, sample_rate: int, seeds: list[int]) -> Instrument:
    table = _read(name)
    if table.get("kind") == "analog":
        return Analog(fill(AnalogPatch, table, name), sample_rate, seeds)
    if table.get("kind") == "fm":
        return Fm(fill(FmPatch, table, name), sample_rate, seeds)
    if table.get("kind") == "kit":
        patch = fill(KitPatch, table, name)
        under = fill(KitPatch, _read(patch.base), f"{name}: base {patch.base}") if patch.base else None
        return Kit(patch, under, sample_rate, seeds)
    raise SynthError(f"synth {name}: kind {table.get('kind')!r} is none of {', '.join(KINDS)}")


def _read(name: str) -> dict[str, Any]:
    own = name.endswith(".toml")
    if not own and name not in patch_names():
        raise SynthError(
            f"synth {name!r} is none of {', '.join(patch_names())}, nor the path of a .toml file"
        )
    place = Path(name) if own else resources.files("v2m.synth") / "patches" / f"{name}.toml"
    try:
        return tomllib.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise SynthError(f"synth {name}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise SynthError(f"synth {name}: {error}") from error
