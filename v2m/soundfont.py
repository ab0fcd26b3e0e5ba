"""Which SoundFont plays: the one given, else the best one on this system, else the one that comes along."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from v2m.models import models_folder
from v2m.sf2 import SoundFontError

# General MIDI fonts as distributions install them, the fullest sounding first.
KNOWN = (
    "MuseScore_General.sf3",
    "MuseScore_General.sf2",
    "MuseScore_General_Full.sf2",
    "MuseScore_General_Lite.sf2",
    "FluidR3_GM.sf2",
    "FluidR3_GM2-2.sf2",
    "FluidR3Mono_GM.sf3",
    "GeneralUser-GS.sf2",
    "GeneralUser GS.sf2",
    "GeneralUser_GS.sf2",
)
FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/share/soundfonts",
    "/usr/local/share/sounds/sf2",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
    "~/.local/share/sounds/sf2",
    "~/.local/share/sounds/sf3",
    "~/.local/share/soundfonts",
)


@dataclass(frozen=True)
class ChosenFont:
    """Attributes: `path`; `why`, one sentence for the run report."""

    path: Path
    why: str


def find_soundfont(given: Path | None = None, folders: tuple[str, ...] | None = None) -> ChosenFont:
    """Choose the SoundFont.

    Args:
        given: what the person asked for; nothing else is tried then.
        folders: where to look: the models folder (`v2m models pull soundfont`), then where a system
            keeps SoundFonts, if None.

    Raises:
        SoundFontError: if the given file is missing or no SoundFont, or there is none at all.
    """
    if given is not None:
        check_soundfont(Path(given))
        return ChosenFont(Path(given), f"SoundFont {Path(given).name}, as asked")
    places = (str(models_folder()), *FOLDERS) if folders is None else folders
    homes = [Path(folder).expanduser() for folder in places]
    for name in KNOWN:
        for home in homes:
            if is_soundfont(home / name):
                return ChosenFont(home / name, f"SoundFont {name}, found in {home}")
    carried = _carried()
    if carried is None:
        raise SoundFontError(
            "no SoundFont found: install pretty_midi, which carries one, or give --soundfont"
        )
    return ChosenFont(
        carried,
        f"SoundFont {carried.name}, which comes with pretty_midi; a fuller one sounds better: "
        "`v2m models pull soundfont`, one in a system folder, or --soundfont",
    )


def is_soundfont(path: Path) -> bool:
    """True for a readable file that begins as a SoundFont does (RIFF, form `sfbk`)."""
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:12] == b"sfbk"


def check_soundfont(path: Path) -> None:
    """Raises: SoundFontError, one line, if `path` is missing or is not a SoundFont."""
    if not path.is_file():
        raise SoundFontError(f"{path}: no such SoundFont")
    if not is_soundfont(path):
        raise SoundFontError(f"{path}: not a SoundFont (.sf2 or .sf3)")


def _carried() -> Path | None:
    # Found without importing pretty_midi, which takes long.
    spec = importlib.util.find_spec("pretty_midi")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "TimGM6mb.sf2"
    return path if is_soundfont(path) else None
