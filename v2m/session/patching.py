"""A stem of which a few notes have changed → the same file with only that stretch played again.

Playing begins a block ahead of the first change, so that equalisers, compressors and drives have the state
that they had there; whether they have is seen from what is heard, which has to be what the file has. It goes
on until, a whole block long, the file's sound is met again. A voice of which the first fails is named as
restless, and is to be played from the beginning.

What differs by less than 24 bits can tell is the rounding of Fourier transforms, and is left as it was: so
bars in which nothing changed keep every bit.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from v2m.session.sounding import BLOCK_S, stem_file
from v2m.session.work import Work

LEAST = 2.0**-24
"""Half of the smallest step of 24 bits."""

if TYPE_CHECKING:
    from generators.music import SymbolicMusic


def patched(
    work: Work,
    music: SymbolicMusic,
    parts: Mapping[str, frozenset[int]],
    levels_db: dict[str, float],
    into: Path,
) -> tuple[list[str], list[str]]:
    """Play the changed blocks of some voices.

    Args:
        work: the session, whose stems are patched.
        music: as it is to be played.
        parts: voice → the blocks that have changed.
        levels_db: voice → by how much its patch is levelled.
        into: where the patched copies go.

    Returns:
        the voices whose stems are now others, and those that are restless.
    """
    import soundfile

    from v2m.console import Channels
    from v2m.render import render
    from v2m.stages import SAMPLE_RATE

    first = min(min(blocks) for blocks in parts.values())
    warm = max(first - 1, 0)
    last = {name: max(blocks) for name, blocks in parts.items()}
    step = round(BLOCK_S * SAMPLE_RATE)
    open_voices = set(parts)
    changed: dict[str, list[tuple[int, np.ndarray]]] = {name: [] for name in parts}
    restless: list[str] = []
    channels = Channels([v for v in music.voices if v.name in parts], music.desk, SAMPLE_RATE)
    for block in render(
        music,
        work.font.path,
        SAMPLE_RATE,
        BLOCK_S,
        only=parts.keys(),
        levels_db=levels_db,
        from_block=warm,
    ):
        number = block.start // step
        for name, sound in channels.feed(block, block.samples).items():
            if name not in open_voices:
                continue
            before = _read(work.folder / stem_file(name), block.start, block.samples)
            if before.shape != sound.shape:
                restless.append(name)
                open_voices.discard(name)
                continue
            other = np.abs(sound - before) >= LEAST
            if number < first:
                if other[:, block.samples // 2 :].any():
                    restless.append(name)
                    open_voices.discard(name)
            elif other.any():
                changed[name].append((block.start, np.where(other, sound, before)))
            elif number > last[name]:
                open_voices.discard(name)
        if not open_voices:
            break
    for name, blocks in changed.items():
        if blocks and name not in restless:
            copy = into / stem_file(name)
            shutil.copyfile(work.folder / stem_file(name), copy)
            with soundfile.SoundFile(copy, "r+") as file:
                for start, sound in blocks:
                    file.seek(start)
                    file.write(sound.T)
    return [name for name, blocks in changed.items() if blocks and name not in restless], restless


def _read(path: Path, start: int, samples: int) -> np.ndarray:
    import soundfile

    with soundfile.SoundFile(path) as file:
        file.seek(start)
        return np.ascontiguousarray(file.read(samples, dtype="float32", always_2d=True).T)
