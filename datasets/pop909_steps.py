"""POP909 → a prepared corpus. `python -m datasets.pop909_steps pop909.zip -o pop909.safetensors`

A step is half a bar of four (a bar of three): the chord that lasts longest in it with its seventh, how
many notes begin in a second, how loud they are, and the skeleton of the tune, the pitch that the
melody holds longest. The corpus (Wang et al. 2020; MIT licence) and its keys and beats are those of
`datasets.pop909_chords`; what is made of it is described in `generators.affective.corpus`.
"""

from __future__ import annotations

import argparse
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.chord_labels import parse_key
from datasets.chord_qualities import to_word
from generators.affective.corpus import pack, write_corpus
from generators.affective.senses import DOWNBEAT, HALF_BAR
from generators.affective.tune import NO_NOTE, degree_of
from generators.rhythm.chord_songs import split_of

FILES = ("chord_midi.txt", "beat_midi.txt", "key_audio.txt")
MINOR_TONIC = 9  # minor songs are normalised to A


def read_song(midi: bytes, chords: str, beats: str, keys: str) -> tuple[dict[str, NDArray], bool] | None:  # type: ignore[type-arg]
    """Tensors a step, and whether the song is in major; None if it has less than four bars."""
    import symusic

    grid = np.array([[float(x) for x in line.split()] for line in beats.splitlines()])
    beats_s, downbeats = grid[:, 0], np.flatnonzero(grid[:, 2] > 0)
    if len(downbeats) < 5:
        return None
    halves = [(a, a + (b - a) // 2, b) if (b - a) % 2 == 0 else (a, b) for a, b in pairwise(downbeats)]
    edges = beats_s[[*(beat for half in halves for beat in half[:-1]), downbeats[-1]]]
    beat = np.array([DOWNBEAT if i == 0 else HALF_BAR for half in halves for i in range(len(half) - 1)])
    areas = [parse_key(line) for line in keys.splitlines()]
    lasts = [0.0, 0.0]
    for start, end, _, major in areas:
        lasts[major] += end - start
    in_major = lasts[1] >= lasts[0]

    def shift(time_s: float) -> int:
        """Semitones from the key that is heard to C major or A minor."""
        _, _, tonic, major = min(areas, key=lambda a: max(a[0] - time_s, time_s - a[1], 0.0))
        return ((0 if major else MINOR_TONIC) - tonic) % 12

    spans = [line.split() for line in chords.splitlines()]
    starts, ends = (np.array([float(span[i]) for span in spans]) for i in (0, 1))
    score = symusic.Score.from_midi(midi, ttype="second")
    notes = {track.name: track.notes.numpy() for track in score.tracks}
    melody = notes.get("MELODY", {"time": np.empty(0)})
    onsets = np.concatenate([n["time"] for n in notes.values()])
    force = np.concatenate([n["velocity"] for n in notes.values()]).astype(np.float64)
    rows: dict[str, list[float]] = {n: [] for n in ("chord", "density", "loudness", "tune", "step_s")}
    for a, b in pairwise(edges):
        sounding = np.minimum(ends, b) - np.maximum(starts, a)
        label = spans[int(sounding.argmax())][2] if sounding.max() > 0 else "N"
        up = shift(a)
        rows["chord"].append(to_word(label, up))
        within = (onsets >= a - 0.03) & (onsets < b - 0.03)
        rows["density"].append(float(within.sum() / (b - a)))
        rows["loudness"].append(float(force[within].mean() / 127) if within.any() else 0.0)
        rows["tune"].append(_skeleton(melody, a, b, up))
        rows["step_s"].append(b - a)
    return {**{n: np.array(v) for n, v in rows.items()}, "beat": beat}, bool(in_major)


def _skeleton(melody: dict[str, NDArray], start_s: float, end_s: float, up: int) -> int:  # type: ignore[type-arg]
    """The pitch that is held longest, as `tune.degree_of` counts it."""
    if not len(melody["time"]):
        return NO_NOTE
    lasts = np.minimum(melody["time"] + melody["duration"], end_s) - np.maximum(melody["time"], start_s)
    held = int(lasts.argmax())
    if lasts[held] <= 0.05:
        return NO_NOTE
    return degree_of(int(melody["pitch"][held]) + (up if up <= 6 else up - 12))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="POP909 → a prepared corpus")
    parser.add_argument("archive", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    ids, songs, splits, major = [], [], [], []
    try:
        with zipfile.ZipFile(arguments.archive) as archive:
            for name in sorted(n for n in archive.namelist() if n.endswith("/chord_midi.txt")):
                folder = name.removesuffix("chord_midi.txt")
                number = folder.split("/")[-2]
                texts = (archive.read(folder + file).decode() for file in FILES)
                song = read_song(archive.read(f"{folder}{number}.mid"), *texts)
                if song is not None:
                    ids.append(number)
                    songs.append(song[0])
                    splits.append(split_of(f"pop909 {number}").replace("validation", "val"))
                    major.append(song[1])
        packed = pack(
            corpus="pop909",
            licence="MIT",
            source="POP909",
            ids=ids,
            songs=songs,
            splits=splits,
            major=major,
        )
        write_corpus(arguments.output, *packed)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise SystemExit(f"{arguments.archive} is not POP909: {error}") from None
    print(f"{len(songs)} songs, {sum(len(song['chord']) for song in songs)} steps → {arguments.output}")


if __name__ == "__main__":
    main()
