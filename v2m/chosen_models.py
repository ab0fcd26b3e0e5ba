"""Files that a person names, or what is on this machine → the optional models that the senses run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from encoders.errors import MissingModelError

if TYPE_CHECKING:
    from encoders.semantics import ClipModel


@dataclass(frozen=True)
class Models:
    """What the senses run.

    Attributes:
        clip: the image-text model; without one, moods, places and activities are not read.
        pose: a mediapipe `.task` file; without one, the model that mediapipe carries.
    """

    clip: ClipModel | None = None
    pose: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are read."""
        weights = None if self.clip is None else self.clip.weights
        return tuple(path for path in (weights, self.pose) if path is not None)

    def told(self) -> dict[str, str]:
        """Which ones, for the record: what they see may differ."""
        clip = "none" if self.clip is None else f"{self.clip.name} {_file(self.clip.weights)}"
        return {"clip": clip, "pose": "mediapipe's own" if self.pose is None else _file(self.pose)}


def choose_models(clip: Path | str | None = None, pose: Path | str | None = None) -> Models:
    """The models that are named, or else those that `v2m models pull` has fetched.

    Args:
        clip: a checkpoint that open_clip loads, as `FILE`, of the architecture that v2m fetches
            (ViT-B-32), or as `ARCHITECTURE:FILE`.
        pose: a mediapipe pose landmarker, `.task`.

    Raises:
        MissingModelError: if a file that is named is not there.
    """
    from encoders.semantics import ClipModel
    from v2m.models import MODELS, clip_model, models_folder, pose_model

    found_pose = pose_model() if pose is None else _there(Path(pose))
    if clip is None:
        return Models(clip_model(), found_pose)
    architecture, colon, name = str(clip).partition(":")
    if not colon or Path(clip).is_file():
        architecture, name = MODELS["clip"].architecture or "", str(clip)
    return Models(ClipModel(architecture, _there(Path(name)), cache=models_folder()), found_pose)


def _there(path: Path) -> Path:
    if not path.is_file():
        raise MissingModelError(f"{path}: no such model file")
    return path.absolute()


def _file(path: Path) -> str:
    return f"{path.name}, {path.stat().st_size} bytes"
