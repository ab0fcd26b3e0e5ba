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

from datasets.chord_labels import key_at, mostly_major, parse_key
from datasets.chord_qualities import to_word
from datasets.pop909_chords import parse_beats, song_folders
from generators.affective.chord_words import transposition
from generators.affective.corpus import pack, split_by_name, write_corpus
from generators.affective.senses import DOWNBEAT, HALF_BAR
from generators.affective.tune import NO_NOTE, degree_of

FILES = ("chord_midi.txt", "beat_midi.txt", "key_audio.txt")


def read_song(midi: bytes, chords: str, beats: str, keys: str) -> tuple[dict[str, NDArray], bool] | None:  # type: ignore[type-arg]
    """Tensors a step, and whether the song is in major; None if it has less than four bars."""
    import symusic

    beats_s, downbeats = parse_beats(beats)
    if len(downbeats) < 5:
        return None
    halves = [(a, a + (b - a) // 2, b) if (b - a) % 2 == 0 else (a, b) for a, b in pairwise(downbeats)]
    edges = beats_s[[*(beat for half in halves for beat in half[:-1]), downbeats[-1]]]
    beat = np.array([DOWNBEAT if i == 0 else HALF_BAR for half in halves for i in range(len(half) - 1)])
    areas = [parse_key(line) for line in keys.splitlines()]
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
        up = -transposition(*key_at(areas, a)) % 12
        rows["chord"].append(to_word(label, up))
        within = (onsets >= a - 0.03) & (onsets < b - 0.03)
        rows["density"].append(float(within.sum() / (b - a)))
        rows["loudness"].append(float(force[within].mean() / 127) if within.any() else 0.0)
        rows["tune"].append(_skeleton(melody, a, b, up))
        rows["step_s"].append(b - a)
    return {**{n: np.array(v) for n, v in rows.items()}, "beat": beat}, mostly_major(areas)


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
            for number, folder in song_folders(archive):
                texts = (archive.read(folder + file).decode() for file in FILES)
                song = read_song(archive.read(f"{folder}{number}.mid"), *texts)
                if song is not None:
                    ids.append(number)
                    songs.append(song[0])
                    splits.append(split_by_name(f"pop909 {number}"))
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
