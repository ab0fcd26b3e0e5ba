"""A waveform that a generator made → its stem, in blocks, at the soundtrack's rate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from generators.music import WaveMusic
from v2m.render import StemBlock


def wave_blocks(music: WaveMusic, sample_rate: int = 48000, block_s: float = 10.0) -> Iterator[StemBlock]:
    """Resample a waveform (soxr, high quality) without ever holding all of it at the new rate.

    Yields:
        blocks in time order, end to end, from 0 to `duration_s`; mono goes to both sides.
    """
    import soxr

    total = round(music.duration_s * sample_rate)
    stream = soxr.ResampleStream(music.sample_rate, sample_rate, len(music.samples), "float32", "HQ")
    step = max(1, round(block_s * music.sample_rate))
    length = music.samples.shape[1]
    done = 0
    for first in range(0, length, step):
        part = np.ascontiguousarray(music.samples[:, first : first + step].T)
        made = stream.resample_chunk(part, last=first + step >= length).reshape(-1, len(music.samples)).T
        made = np.ascontiguousarray(np.broadcast_to(made, (2, made.shape[1]))[:, : total - done])
        if made.shape[1]:
            yield StemBlock(done, {music.voice.name: made})
            done += made.shape[1]
    if done < total:
        yield StemBlock(done, {music.voice.name: np.zeros((2, total - done), np.float32)})
