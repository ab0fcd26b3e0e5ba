"""What is to be scored, checked before anything is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from encoders.errors import V2MError
from v2m.alignment.defaults import SHIFTS
from v2m.chosen_models import Models, choose_models

# What a file is called that goes with a clip NAME.mp4, by what it is.
_COMPANIONS = {
    "audio": (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aac", ".mp4", ".mkv", ".mov", ".webm"),
    "reference": (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aac", ".mp4", ".mkv", ".mov", ".webm"),
    "plan": (".plan.json", ".json"),
    "midi": (".mid", ".midi"),
}


class ScoringError(V2MError, ValueError):
    """A question that cannot be answered: nothing to score, or files that do not go together."""


@dataclass(frozen=True)
class EmbeddingFiles:
    """What pretrained networks said, as files (`v2m.alignment.learned`).

    Attributes:
        sound: of the music and of what it is compared with, by one model of sound.
        joint: of the picture and of the music, by one model of both.
        prompts: picture and prompts by a model of pictures, music and the same prompts by one of sounds.
    """

    sound: tuple[Path, Path] | None = None
    joint: tuple[Path, Path] | None = None
    prompts: tuple[Path, Path, Path, Path] | None = None

    @property
    def files(self) -> dict[str, Path]:
        """Every file, by what it is."""
        groups = {"embeddings": self.sound, "joint embeddings": self.joint, "prompt embeddings": self.prompts}
        return {
            f"{name} {k}": path for name, paths in groups.items() for k, path in enumerate(paths or (), 1)
        }


@dataclass(frozen=True)
class Request:
    """One clip, or one piece of music without a clip.

    Attributes:
        clip: the picture, and the music unless `audio` is given; None to compare sounds alone.
        audio: the music.
        plan: the plan that the music was made from: its beats, bars and hits are known.
        midi: the music's notes; its beats and bars too, unless there is a plan.
        reference: the soundtrack that the music is compared with.
        shifts: turns of the music from which the chance level is taken.
        seed: of the turns and of the straw man made of noise.
        models: what the senses run.
        embeddings: what pretrained networks said of this clip and its music.

    Raises:
        ScoringError: if there is no music, or nothing to set it against.
    """

    clip: Path | None
    audio: Path | None = None
    plan: Path | None = None
    midi: Path | None = None
    reference: Path | None = None
    shifts: int = SHIFTS
    seed: int = 0
    models: Models = field(default_factory=Models)
    embeddings: EmbeddingFiles = field(default_factory=EmbeddingFiles)

    def __post_init__(self) -> None:
        if self.clip is None and (self.audio is None or self.reference is None):
            raise ScoringError("name a clip; without one, both --audio and --reference are needed")
        if self.clip is None and (self.plan or self.midi):
            raise ScoringError("a plan or MIDI is of use only with a clip")
        if self.shifts < 1:
            raise ScoringError("at least one shift is needed for a chance level")
        if self.seed < 0:
            raise ScoringError("a seed is not negative")

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Every file that is read: no output may take its place."""
        return (*self.files.values(), *self.models.files, *self.embeddings.files.values())

    @property
    def files(self) -> dict[str, Path]:
        """What is given, by what it is."""
        named = {role: getattr(self, role) for role in ("clip", *_COMPANIONS)}
        return {role: path for role, path in named.items() if path is not None}


def make_request(
    clip: Path | str | None,
    *,
    audio: Path | str | None = None,
    plan: Path | str | None = None,
    midi: Path | str | None = None,
    reference: Path | str | None = None,
    shifts: int = SHIFTS,
    seed: int = 0,
    clip_model: Path | str | None = None,
    pose_model: Path | str | None = None,
    embeddings: Sequence[Path | str] | None = None,
    joint_embeddings: Sequence[Path | str] | None = None,
    prompt_embeddings: Sequence[Path | str] | None = None,
) -> Request:
    """A `Request` from what a person names; see there, and `v2m.chosen_models`.

    Raises:
        ScoringError: if it cannot be answered.
        MissingModelError: if a model that is named is not there.
    """

    def place(path: Path | str | None) -> Path | None:
        return None if path is None else Path(path).absolute()

    models = choose_models(clip_model, pose_model)
    files = (place(clip), place(audio), place(plan), place(midi), place(reference))
    return Request(
        *files,
        shifts=shifts,
        seed=seed,
        models=models,
        embeddings=EmbeddingFiles(
            _paths("embeddings", embeddings, 2),
            _paths("joint_embeddings", joint_embeddings, 2),
            _paths("prompt_embeddings", prompt_embeddings, 4),
        ),
    )


def _paths(name: str, given: Sequence[Path | str] | None, count: int) -> Any:
    if given is None:
        return None
    if len(given) != count:
        raise ScoringError(f"{name} are {count} files, not {len(given)}")
    return tuple(Path(path).absolute() for path in given)


def for_clip(request: Request, clip: Path) -> Request:
    """The request for one clip of a folder: what names a folder is looked up there by the clip's name.

    Raises:
        ScoringError: if a folder has no file, or several, of that name.
    """
    found: dict[str, Any] = {
        role: _companion(path, role, clip) for role, path in request.files.items() if role != "clip"
    }
    return replace(request, clip=clip, **found)


def _companion(place: Path, role: str, clip: Path) -> Path:
    if not place.is_dir():
        return place
    # A scored clip goes with what the clip goes with.
    stems = dict.fromkeys([clip.stem, clip.stem.removesuffix(".scored")])
    names = [f"{stem}{suffix}" for stem in stems for suffix in _COMPANIONS[role]]
    here = [place / name for name in names if (place / name).is_file() and place / name != clip]
    if len(here) != 1:
        many = "several files" if here else "no file"
        raise ScoringError(f"{clip}: {place} has {many} of its name for --{role}")
    return here[0]
