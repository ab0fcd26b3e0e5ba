"""A folder of music videos → a prepared corpus. `python -m datasets.videos_steps FOLDER -o mine.safetensors`

For one's own videos, whose music one may learn from. On one side stands what the encoders see: motion
and cuts, and emotion where an image-text model is installed (`v2m models pull clip`); MuVi-Sync's
semantics are those of a larger model and are left out. On the other side stands what is heard: from the
sound the beats, the bars, the key and the chord, density (onsets a second) and loudness (amplitude) are
estimated, so that all of it is likely and none of it is certain. A step is half a bar of an even number
of beats, as in `datasets.pop909_steps`; music without a pulse is told second by second. The video's name
says to which split it belongs, for ever. Files that are no video with sound are told of and left out.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.clip import probe
from encoders.encode import encode
from encoders.errors import V2MError
from encoders.semantics import ClipModel
from encoders.stream import Stream, Streams
from generators.affective.chord_words import EMOTIONS, NO_CHORD, transposition, word
from generators.affective.corpus import pack, split_by_name, write_corpus
from generators.affective.listening import DIFFERENCE_PER_FLOW, since_cut_s, step_means
from generators.affective.senses import DOWNBEAT, HALF_BAR, UNKNOWN
from v2m.alignment.audio import read_track
from v2m.alignment.chord_quality import chords
from v2m.alignment.heard import Heard, hear
from v2m.alignment.tonality import keys_over_time

LEAST_BARS = 4
LEAST_STEPS = 8
Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Video:
    """What one video teaches.

    Attributes:
        song: the tensors of N steps that `corpus` tells of.
        major: whether its key is.
    """

    song: dict[str, Rows]
    major: bool


def read_video(path: Path, clip_model: ClipModel | None = None) -> Video:
    """Look at a video and hear it.

    Raises:
        V2MError: if it is no video with sound.
        ValueError: if there is too little music in it.
    """
    clip = probe(path)
    track = read_track(path, zero_s=clip.start_s, keep_s=clip.duration_s)
    heard = hear(track.samples, clip.duration_s)
    edges, beat = steps_of(heard)
    if len(beat) < LEAST_STEPS:
        raise ValueError(f"{path} has {len(beat)} steps of music, fewer than {LEAST_STEPS}")
    names = ["cuts", "motion"] + (["semantics"] if clip_model else [])
    streams = encode(clip, senses=names, clip_model=clip_model)
    music, major = _music(heard, edges)
    song = {**music, **_picture(streams, edges), "beat": beat, "step_s": np.diff(edges)}
    return Video(song, major)


def steps_of(heard: Heard) -> tuple[Rows, NDArray[np.int64]]:
    """Instants between which steps lie, one more than steps; and where in the bar each begins."""
    beats, downbeats = heard.pulse.beats_s, heard.pulse.downbeats_s
    if len(downbeats) <= LEAST_BARS:
        return np.arange(int(heard.duration_s) + 1.0), np.full(int(heard.duration_s), UNKNOWN)
    first = np.searchsorted(beats, downbeats - 1e-6)
    edges, where = [], []
    for a, b in pairwise(first):
        edges.append(beats[a])
        where.append(DOWNBEAT)
        if (b - a) % 2 == 0:
            edges.append(beats[(a + b) // 2])
            where.append(HALF_BAR)
    return np.array([*edges, downbeats[-1]]), np.array(where)


def _music(heard: Heard, edges: Rows) -> tuple[dict[str, Rows], bool]:
    tones = heard.chroma
    whole, bass = (_means(tones.times_s, profile, edges) for profile in (tones.whole, tones.bass))
    tonic = int(keys_over_time(whole.sum(0, keepdims=True))[0])
    major = tonic < 12
    up = -transposition(tonic, major) % 12
    roots, qualities = chords(whole, bass)
    words = [
        NO_CHORD if root < 0 else word(int(root) + up, quality)
        for root, quality in zip(roots, qualities, strict=True)
    ]
    onsets = np.histogram(heard.onsets_s, edges)[0] / np.diff(edges)
    power = _means(heard.timbre.times_s, 10 ** (heard.timbre.level_db[:, None] / 10), edges)
    return {
        "chord": np.array(words, np.float64),
        "density": onsets,
        "loudness": np.sqrt(power[:, 0]),
        "tune": np.full(len(words), -1.0),
    }, major


def _picture(streams: Streams, edges: Rows) -> dict[str, Rows]:
    """Those senses that every video has; emotion where a model tells of it."""
    motion, cuts = streams["motion"], streams["cuts"]
    seen = {
        "motion": DIFFERENCE_PER_FLOW * _speaks(motion, edges, motion.column("raw")[:, None])[:, 0],
        "cut_s": since_cut_s(cuts, edges[:-1]),
    }
    emotion = streams.get("emotion")
    if emotion is not None and emotion.says_something and emotion.columns == EMOTIONS:
        seen["emotion"] = _speaks(emotion, edges, emotion.values)
    return seen


def _speaks(stream: Stream, edges: Rows, values: NDArray[np.float32]) -> Rows:
    return _means(stream.times_s[stream.mask], values[stream.mask], edges)


def _means(times_s: Rows, values: NDArray[np.floating], edges: Rows) -> Rows:
    """`[T, D]` at `[T]` → their mean in each step, `[steps, D]`; the nearest where none lies within."""
    return step_means(times_s, values, np.stack([edges[:-1], edges[1:]], 1))[0]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Music videos → a prepared corpus")
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--licence", default="unknown", help="under which terms the music came")
    arguments = parser.parse_args()
    from v2m.chosen_models import choose_models

    model = choose_models().clip
    ids, songs, major = [], [], []
    if not arguments.folder.is_dir():
        raise SystemExit(f"{arguments.folder} is not a folder")
    for path in sorted(p for p in arguments.folder.rglob("*") if p.is_file()):
        try:
            video = read_video(path, model)
        except (V2MError, ValueError) as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        ids.append(str(path.relative_to(arguments.folder)))
        songs.append(video.song)
        major.append(video.major)
    if not songs:
        raise SystemExit(f"{arguments.folder} holds no video with music")
    common = set.intersection(*(set(song) for song in songs))
    packed = pack(
        corpus="unknown",
        licence=arguments.licence,
        source="music videos, estimated from their sound",
        ids=ids,
        songs=[{name: song[name] for name in sorted(common)} for song in songs],
        splits=[split_by_name(f"video {name}") for name in ids],
        major=major,
    )
    try:
        write_corpus(arguments.output, *packed)
    except OSError as error:
        raise SystemExit(f"{arguments.output} cannot be written: {error.strerror}") from None
    print(f"{len(songs)} videos, {sum(len(song['chord']) for song in songs)} steps → {arguments.output}")


if __name__ == "__main__":
    main()
