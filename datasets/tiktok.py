"""Short dance clips in the manner of the TikTok dance-music set → a prepared corpus of the VQ-GAN.

    python -m datasets.tiktok FOLDER -o tiktok.safetensors

The set that D2M-GAN was tried on (Zhu et al., ECCV 2022) is a list of clips that one fetches oneself. FOLDER
holds the clips, at any depth, each with its music in it or beside it as NAME.wav or NAME.mp3, and the lists
`train.txt`, `val.txt`, `test.txt`, whichever there are: a clip's name a line, with or without a suffix, and
after a comma or a blank the music's name, where that is known. Clips of one music belong to one split, since
the same song is danced to by many: where the lists put it on two sides, the first of test, val and train has
all of it. A clip that no list names goes by its music's name, or its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from datasets.dance_videos import asked_folder, gather, read_clip, write
from generators.affective.corpus import split_by_name
from generators.vqgan.corpus import Piece

VIDEOS = (".mp4", ".mov", ".webm", ".mkv", ".avi")
SOUNDS = (".wav", ".mp3", ".m4a", ".flac", ".ogg")
FIRST = ("test", "val", "train")


@dataclass(frozen=True)
class Lists:
    """What the lists say: clip → split, and clip → music."""

    splits: dict[str, str]
    music: dict[str, str]

    def split_of(self, clip: str) -> str:
        """The split of a clip: that of its music, wherever a list puts any clip of it."""
        song = self.music.get(clip)
        alike = [c for c in self.splits if c == clip or (song is not None and self.music.get(c) == song)]
        named = [self.splits[c] for c in alike]
        return next((split for split in FIRST if split in named), split_by_name(f"tiktok {song or clip}"))


def read_lists(folder: Path) -> Lists:
    """The lists of a folder; empty where there are none."""
    splits, music = {}, {}
    for split in FIRST:
        path = folder / f"{split}.txt"
        for line in path.read_text().splitlines() if path.is_file() else ():
            words = [word for word in re.split(r"[,\s]+", line.strip()) if word]
            if not words or words[0].startswith("#"):
                continue
            clip = Path(words[0]).stem
            splits.setdefault(clip, split)
            if len(words) > 1:
                music[clip] = words[1]
    return Lists(splits, music)


def read_dance(path: Path, lists: Lists) -> Piece:
    """One clip with its music.

    Raises:
        V2MError, ValueError: if there is something that cannot be read.
    """
    beside = next((s for s in (path.with_suffix(suffix) for suffix in SOUNDS) if s.is_file()), None)
    return read_clip(path, id=path.stem, split=lists.split_of(path.stem), sound=beside)


def main() -> None:
    """The command line."""
    folder, output, licence = asked_folder("Short dance clips → a prepared corpus")
    lists = read_lists(folder)
    videos = sorted(p for p in folder.rglob("*") if p.suffix.lower() in VIDEOS)
    pieces = gather(partial(read_dance, video, lists) for video in videos)
    write(output, pieces, corpus="tiktok", licence=licence, source="short dance clips")


if __name__ == "__main__":
    main()
