"""What a session is of and what was asked for, as `session.json`: read before anything else."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from generators.grid import PlanError
from generators.located_json import Row, one_line_each, read_rows
from generators.wishes import Wishes
from v2m.mix import MixError, MixSettings
from v2m.request import CEILING_DBTP, make_wishes
from v2m.session.errors import SessionError

NAME = "session.json"
FORMAT, VERSION = "v2m-session", 1
KEPT = "kept.mid"


@dataclass(frozen=True)
class Settings:
    """The options of `v2m open`, as they were given.

    Attributes:
        clip: the video's path: absolute, or relative to the folder that holds the session.
        mode, style, key, tempo, metre, mood, seed, at, curve, silences, generator: as for `v2m.soundtrack`.
        keep_tracks: whether the session's `kept.mid` is kept, and the other voices written around it.
        keep_audio: whether the clip's own sound is kept.
        lufs: integrated loudness.
        soundfont, clip_model, pose_model: files, or None for what is found on this system.
    """

    clip: str
    mode: str = "auto"
    style: str | None = None
    key: str | None = None
    tempo: float | None = None
    metre: str | None = None
    mood: str | None = None
    seed: int = 0
    at: tuple[str, ...] = ()
    curve: tuple[str, ...] = ()
    silences: str = "stills"
    generator: str = "auto"
    keep_tracks: bool = False
    keep_audio: bool = False
    lufs: float = -14.0
    soundfont: str | None = None
    clip_model: str | None = None
    pose_model: str | None = None

    def __post_init__(self) -> None:
        """Everything that can be checked without a clip.

        Raises:
            V2MError: naming what is not understood.
        """
        _ = self.wishes, self.loudness

    @property
    def wishes(self) -> Wishes:
        """What the planner is told."""
        return make_wishes(
            self.mode,
            self.style,
            self.key,
            self.tempo,
            self.mood,
            self.seed,
            self.at,
            self.metre,
            self.silences,
            self.generator,
            self.curve,
        )

    @property
    def loudness(self) -> MixSettings:
        """What the mix is told at first; from then on `mix.json` says it."""
        return MixSettings(lufs=self.lufs, keep_audio=self.keep_audio, true_peak_dbtp=CEILING_DBTP)


def settings_to_json(settings: Settings) -> str:
    """The text of `session.json`."""
    return one_line_each({"format": FORMAT, "version": VERSION, **asdict(settings)})


def read_settings(path: Path) -> Settings:
    """Read a session's settings.

    Raises:
        SessionError: naming the file, the line and what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SessionError(f"{path}: cannot be read ({error})") from error
    try:
        return _settings(read_rows(text, FORMAT, VERSION, UPGRADES))
    except (PlanError, MixError) as error:
        raise SessionError(f"{path}: {error}") from error


UPGRADES: dict[int, Any] = {}
"""Version → what makes an object of that version one of the next; `read_rows` goes up step by step."""


def _settings(data: Row) -> Settings:
    data.only("format", "version", *(f.name for f in fields(Settings)))
    given: dict[str, Any] = {"clip": data.text("clip")}
    for name in ("style", "key", "metre", "mood", "soundfont", "clip_model", "pose_model"):
        given[name] = None if data.get(name) is None else data.text(name)
    for name in ("mode", "silences", "generator"):
        if name in data:
            given[name] = data.text(name)
    for name in ("keep_tracks", "keep_audio"):
        if name in data:
            given[name] = data.flag(name)
    for name in ("at", "curve"):
        texts = data.items_of(name, optional=True)
        if not all(isinstance(text, str) for text in texts):
            raise data.fault(f"{name} must be a list of texts", name)
        given[name] = tuple(texts)
    given["tempo"] = None if data.get("tempo") is None else data.number("tempo", 40, 240)
    given["seed"] = data.whole("seed", low=0) if "seed" in data else 0
    given["lufs"] = data.number("lufs", -30, -8) if "lufs" in data else -14.0
    return Settings(**given)
