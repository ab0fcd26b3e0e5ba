"""MuVi-Sync → a prepared corpus. `python -m datasets.muvi_sync muvi_sync/ -o muvi_sync.safetensors`

MuVi-Sync (Kang, Poria and Herremans 2023, "Video2Music") holds 748 music videos second by second: CLIP
semantics in principal components, emotion, motion, seconds since the cut, and the music's chords, key,
note density and loudness. The folder holds `features.npz` and `chords.json`. No licence is stated; the
authors published it for research. Splits are the published ones. What is made of it is described in
`generators.affective.corpus`; a step is a second, and nobody says where its bars are.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from encoders.whole import write_whole
from generators.affective.chord_words import WORDS
from generators.affective.corpus import CorpusError, pack, write_corpus
from generators.affective.senses import UNKNOWN

STREAMS = {
    "semantic": "semantic",
    "emotion": "emotion",
    "motion": "motion",
    "scene_offset": "cut_s",
    "note_density": "density",
    "loudness": "loudness",
}
Arrays = dict[str, NDArray[Any]]
LICENCE = "none stated; published by its authors for research"


def read_songs(
    folder: Path, features: dict[str, NDArray]
) -> tuple[list[str], list[dict[str, NDArray]], list[str], list[bool]]:  # type: ignore[type-arg]
    """Ids, tensors a step, splits, and whether each song is in major.

    Raises:
        OSError, KeyError, ValueError: if the folder is not MuVi-Sync.
    """
    chords = json.loads((folder / "chords.json").read_text())
    vocabulary = chords["vocabulary"]
    if len(vocabulary) != WORDS:
        raise ValueError(f"a vocabulary of {len(vocabulary)} chords instead of {WORDS}")
    row = {name: i for i, name in enumerate(features["ids"].tolist())}
    ids, songs, splits, major = [], [], [], []
    for split, members in chords["split"].items():
        for name in members:
            clip = chords["clips"][name]
            words = np.array([vocabulary[chord] for chord in clip["chords_normalised"]])
            song = {
                ours: _second_by_second(features, theirs, row[name], len(words))
                for theirs, ours in STREAMS.items()
            }
            nothing = np.zeros(len(words))
            song |= {"chord": words, "tune": nothing - 1, "step_s": nothing + 1, "beat": nothing + UNKNOWN}
            ids.append(name)
            songs.append(song)
            splits.append(split)
            major.append(clip["key_normalised"].endswith("major"))
    return ids, songs, splits, major


def _second_by_second(features: Arrays, name: str, row: int, seconds: int) -> NDArray[Any]:
    """One stream of one clip, cut or held to its chords' length: they can differ by a second."""
    start, end = features[f"{name}_bounds"][row : row + 2]
    rows = np.arange(seconds).clip(0, end - start - 1)
    values: NDArray[Any] = features[name][start:end][rows]
    return values


def read_packed(folder: Path) -> tuple[Arrays, dict[str, Any]]:
    """The folder as a prepared corpus, in memory (`corpus.unpack` makes songs of it).

    Raises:
        CorpusError: if the folder is not MuVi-Sync.
    """
    try:
        with np.load(folder / "features.npz", allow_pickle=False) as file:
            features = {name: file[name] for name in file.files}
        ids, songs, splits, major = read_songs(folder, features)
        extra = {name: features[name] for name in ("semantic_scale", "pca_mean", "pca_components")}
    except KeyError as error:
        raise CorpusError(f"{folder} is not MuVi-Sync: there is no {error}") from None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise CorpusError(f"{folder} is not MuVi-Sync: {error}") from None
    return pack(
        corpus="muvi_sync",
        licence=LICENCE,
        source="MuVi-Sync",
        ids=ids,
        songs=songs,
        splits=splits,
        major=major,
        extra=extra,
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="MuVi-Sync → a prepared corpus")
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--components", type=Path, help="keep the principal components of CLIP here, too")
    arguments = parser.parse_args()
    try:
        tensors, about = read_packed(arguments.folder)
        write_corpus(arguments.output, tensors, about)
        if arguments.components is not None:
            halves = {name: tensors[name].astype(np.float16) for name in ("pca_mean", "pca_components")}
            write_whole(arguments.components, save(halves))
    except CorpusError as error:
        raise SystemExit(str(error)) from None
    except OSError as error:
        raise SystemExit(f"{arguments.output} cannot be written: {error.strerror}") from None
    print(f"{len(about['ids'])} songs, {len(tensors['chord'])} seconds → {arguments.output}")


if __name__ == "__main__":
    main()
