"""EMOPIA → a prepared corpus. `python -m datasets.emopia_steps emopia.zip -o emopia.safetensors`

1,078 clips of piano music, each of one feeling that people agreed on (Hung et al. 2021): its quadrant of
valence and arousal is in the file's name, Q1 (happy) to Q4 (calm), and goes into the file as `quadrant`.
They are transcribed without bars, so a step is a second, as in MuVi-Sync: the chord that its tones are
likest to, how many notes begin in it and how hard. Key and chords are estimated. The clips of one
recording are in one split. The licence is disputed (CC BY or CC BY-NC-SA): for checking, and for
weights that stay with whoever trains them, not for those that ship.
"""

from __future__ import annotations

import argparse
import re
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generators.affective.chord_words import NO_CHORD, transposition, word
from generators.affective.corpus import pack, split_by_name, write_corpus
from generators.affective.senses import UNKNOWN
from generators.affective.tune import NO_NOTE, degree_of
from v2m.alignment.chord_quality import chords
from v2m.alignment.tonality import keys_over_time

NAME = re.compile(r"Q([1-4])_(.+)_\d+\.mid$")
LEAST_S = 8
BASS_SPAN = 7  # semitones above the lowest tone that still count as bass

Rows = NDArray[np.float64]


def read_clip(midi: bytes) -> tuple[dict[str, Rows], bool] | None:
    """Tensors a second, and whether the clip is in major; None if it is shorter than `LEAST_S`."""
    import symusic

    score = symusic.Score.from_midi(midi, ttype="second")
    columns = [track.notes.numpy() for track in score.tracks if not track.is_drum]
    start, length, pitch, force = (
        np.concatenate([c[name] for c in columns]).astype(np.float64) if columns else np.empty(0)
        for name in ("time", "duration", "pitch", "velocity")
    )
    steps = int(np.ceil((start + length).max())) if len(start) else 0
    if steps < LEAST_S:
        return None
    at = np.arange(steps)
    sounds = np.minimum(start + length, at[:, None] + 1) - np.maximum(start, at[:, None])
    sounds = np.clip(sounds, 0, None)  # [steps, notes], seconds
    of_class = np.eye(12)[pitch.astype(int) % 12]
    lowest = np.where(sounds > 0.05, pitch, np.inf).min(1, keepdims=True)
    whole = sounds @ of_class
    bass = (sounds * (pitch < lowest + BASS_SPAN)) @ of_class
    tonic = int(keys_over_time(whole.sum(0, keepdims=True))[0])
    major = tonic < 12
    up = -transposition(tonic, major) % 12
    roots, qualities = chords(whole, bass)
    begins = (start >= at[:, None] - 0.03) & (start < at[:, None] + 0.97)
    struck = begins.sum(1)
    highest = np.where(sounds > 0.05, pitch, -np.inf).max(1)
    return {
        "chord": np.array(
            [
                NO_CHORD if root < 0 else word(int(root) + up, quality)
                for root, quality in zip(roots, qualities, strict=True)
            ],
            np.float64,
        ),
        "density": struck.astype(np.float64),
        "loudness": (begins @ force) / np.maximum(struck, 1) / 127,
        "tune": np.array(
            [NO_NOTE if p < 0 else degree_of(int(p) + (up if up <= 6 else up - 12)) for p in highest],
            np.float64,
        ),
        "step_s": np.ones(steps),
        "beat": np.full(steps, float(UNKNOWN)),
    }, major


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="EMOPIA → a prepared corpus")
    parser.add_argument("archive", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    ids, songs, splits, major, quadrants = [], [], [], [], []
    try:
        with zipfile.ZipFile(arguments.archive) as archive:
            for name in sorted(archive.namelist()):
                part = NAME.search(name)
                clip = read_clip(archive.read(name)) if part else None
                if part is None or clip is None:
                    continue
                ids.append(Path(name).stem)
                songs.append(clip[0])
                splits.append(split_by_name(f"emopia {part[2]}"))
                major.append(clip[1])
                quadrants.append(int(part[1]))
        packed = pack(
            corpus="emopia",
            licence="disputed: CC BY 4.0 or CC BY-NC-SA 4.0",
            source="EMOPIA",
            ids=ids,
            songs=songs,
            splits=splits,
            major=major,
            extra={"quadrant": np.array(quadrants, np.int8)},
        )
        write_corpus(arguments.output, *packed)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, IndexError, RuntimeError) as error:
        raise SystemExit(f"{arguments.archive} is not EMOPIA: {error}") from None
    print(f"{len(songs)} clips, {sum(len(song['chord']) for song in songs)} steps → {arguments.output}")


if __name__ == "__main__":
    main()
