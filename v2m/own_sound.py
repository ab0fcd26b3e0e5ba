"""The clip's own sound → a WAV that begins with the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from v2m.sound_blocks import sound_blocks
from v2m.sound_file import SoundWriter


def extract_sound(
    clip_path: Path, start_s: float, duration_s: float, out_wav: Path, sample_rate: int = 48000
) -> Path:
    """Write the clip's (first) sound track, aligned to its first frame.

    Args:
        clip_path: a media file with a sound track.
        start_s: the first frame's timestamp in the file (`Clip.start_s`).
        duration_s: length of the picture; the file is exactly this long, silent where the
            clip's sound is missing or does not decode, starts late or ends early.
        out_wav: 24-bit stereo WAV; nothing is left there on failure.
        sample_rate: Hz.

    Raises:
        ClipError: if there is no sound track, or none of it decodes.
        OSError: if `out_wav` cannot be written.
    """
    total = max(1, round(duration_s * sample_rate))
    with SoundWriter(out_wav, sample_rate, total) as file:
        done = 0
        for block, _ in sound_blocks(clip_path, zero_s=start_s, layout="stereo", sample_rate=sample_rate):
            file.write(block[:, : total - done])
            done += block.shape[1]
            if done >= total:
                break
        for first in range(done, total, sample_rate):
            file.write(np.zeros((2, min(sample_rate, total - first)), np.float32))
    return Path(out_wav)
