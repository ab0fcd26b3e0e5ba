"""AIST++ with its dance videos → a prepared corpus of the VQ-GAN.

    python -m datasets.aist FOLDER -o aist.safetensors

AIST++ (Li et al., ICCV 2021) annotates the AIST Dance Video Database (Tsuchida et al., ISMIR 2019); both are
got from their own sites, under their own terms. FOLDER holds

    videos/gBR_sBM_c01_d04_mBR0_ch01.mp4 …    the videos with their music, one camera or more
    keypoints3d/gBR_sBM_cAll_d04_mBR0_ch01.pkl …   17 COCO joints in 3-D at 60 fps (optional)
    splits/crossmodal_train.txt, crossmodal_val.txt, crossmodal_test.txt   sequence names
    ignore_list.txt   sequences whose annotation is wrong (optional)

A sequence's name tells the genre (`gBR` is break), the dancer and the music. One camera is read, since all
have the same music. Where there are keypoints, the kinematic beats are theirs; else the encoders look at the
video. A sequence that no split names goes with its music, so that no music is both learnt and tested.
"""

from __future__ import annotations

import argparse
import pickle
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datasets.dance_videos import gather, read_clip, write
from encoders.clip import Clip
from encoders.kinematics import GRID_HZ, kinematic_beats
from generators.affective.corpus import split_by_name
from generators.vqgan.corpus import Moves, Piece

FPS = 60.0
GENRES = {
    "gBR": "break", "gPO": "pop", "gLO": "lock", "gMH": "middle hip-hop", "gLH": "LA hip-hop",
    "gHO": "house", "gWA": "waack", "gKR": "krump", "gJS": "street jazz", "gJB": "ballet jazz",
}  # fmt: skip
SPLIT_FILES = {"train": "crossmodal_train.txt", "val": "crossmodal_val.txt", "test": "crossmodal_test.txt"}
BODY = 0.288  # of a standing body is from hip to shoulder (Winter 2009)
SHOULDERS, HIPS = (5, 6), (11, 12)  # COCO


class _Plain(pickle.Unpickler):
    """Reads arrays and plain data, and refuses whatever else a pickle may bring."""

    ALLOWED: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"), ("numpy", "dtype"),
        ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"),
    }  # fmt: skip

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it brings {module}.{name}, which is no array")
        return super().find_class(module, name)


def sequence_of(video: str) -> str:
    """`gBR_sBM_c01_d04_mBR0_ch01` → `gBR_sBM_cAll_d04_mBR0_ch01`.

    Raises:
        ValueError: if it is not such a name.
    """
    parts = video.split("_")
    if (
        len(parts) != 6
        or parts[0] not in GENRES
        or not parts[2].startswith("c")
        or not parts[4].startswith("m")
    ):
        raise ValueError(f"{video} is not named as AIST's videos are")
    return "_".join([*parts[:2], "cAll", *parts[3:]])


def read_splits(folder: Path) -> dict[str, str]:
    """Sequence → split, as the cross-modal split files have it."""
    found = {}
    for split, name in SPLIT_FILES.items():
        path = folder / "splits" / name
        if path.is_file():
            found |= {line.strip(): split for line in path.read_text().splitlines() if line.strip()}
    return found


def read_keypoints(path: Path) -> NDArray[np.float64]:
    """float64 `[T, 17, 3]`; the optimised ones where there are.

    Raises:
        ValueError: if the file does not hold them.
    """
    try:
        with path.open("rb") as file:
            data = _Plain(file).load()
        joints = np.asarray(data.get("keypoints3d_optim", data.get("keypoints3d")), np.float64)
    except (OSError, pickle.UnpicklingError, AttributeError, EOFError, TypeError, ValueError) as error:
        raise ValueError(f"{path} holds no keypoints ({error})") from None
    if joints.ndim != 3 or joints.shape[1:] != (17, 3) or len(joints) < FPS / 2:
        raise ValueError(f"{path} holds keypoints {joints.shape}, not [frames, 17, 3]")
    return joints


def beats_of_joints(joints: NDArray[np.float64], duration_s: float) -> Moves:
    """Kinematic beats of `[T, 17, 3]` at 60 fps, within the video."""
    times = np.arange(len(joints)) / FPS
    joints = np.stack(
        [
            np.interp(times, times[ok], row[ok]) if (ok := np.isfinite(row)).sum() > 1 else np.zeros(len(row))
            for row in joints.reshape(len(joints), -1).T
        ],
        1,
    ).reshape(joints.shape)
    trunk = np.linalg.norm(joints[:, SHOULDERS].mean(1) - joints[:, HIPS].mean(1), axis=-1)
    height = max(float(np.median(trunk)) / BODY, 1e-6)
    speed = np.linalg.norm(np.gradient(joints, 1 / FPS, axis=0), axis=-1).mean(1) / height
    smooth = np.hanning(9)[1:-1]
    speed = np.convolve(np.pad(speed, 3, mode="edge"), smooth / smooth.sum(), mode="valid")
    grid = np.arange(0, times[-1], 1 / GRID_HZ)
    when, strength = kinematic_beats(grid, np.interp(grid, times, speed))
    inside = when < duration_s
    return Moves(when[inside], np.clip(strength[inside].astype(np.float64), 0, 1))


def read_sequence(video: Path, folder: Path, splits: dict[str, str]) -> Piece:
    """One video with its music.

    Raises:
        V2MError, ValueError: if there is something that cannot be read.
    """
    name = sequence_of(video.stem)
    split = splits.get(name) or split_by_name(f"aist {name.split('_')[4]}")
    keypoints = folder / "keypoints3d" / f"{name}.pkl"
    if not keypoints.is_file():
        return read_clip(video, id=name, split=split)
    joints = read_keypoints(keypoints)

    def see(clip: Clip) -> Moves:
        return beats_of_joints(joints, clip.duration_s)

    return read_clip(video, id=name, split=split, see=see)


def videos_in(folder: Path, camera: str) -> list[Path]:
    """The camera's videos whose annotation is not to be ignored, in order."""
    ignored = folder / "ignore_list.txt"
    bad = set(ignored.read_text().split()) if ignored.is_file() else set()
    found = sorted((folder / "videos").glob(f"*_{camera}_*"))
    return [v for v in found if not ({v.stem, v.stem.replace(f"_{camera}_", "_cAll_")} & bad)]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="AIST++ with its dance videos → a prepared corpus")
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--camera", default="c01", help="which of the nine to read")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    if not (folder / "videos").is_dir():
        raise SystemExit(f"{folder} holds no folder videos")
    splits = read_splits(folder)
    videos = videos_in(folder, arguments.camera)
    pieces = gather(partial(read_sequence, video, folder, splits) for video in videos)
    write(
        arguments.output,
        pieces,
        corpus="aist++",
        licence="AIST's own terms",
        source="AIST Dance Video Database",
    )


if __name__ == "__main__":
    main()
