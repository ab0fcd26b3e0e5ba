"""Sound files in blocks: 24-bit WAV out, or float where it is to be read again; any WAV in."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

BYTES_A_SAMPLE = 6
SFC_SET_ADD_PEAK_CHUNK = 0x1050  # libsndfile's command, which soundfile has no word for
PLAIN_WAV_BYTES = 4_290_000_000


class SoundWriter:
    """A stereo 24-bit WAV of `samples` samples being written; removed if the block fails.

    `exact`: in 32-bit floating point instead, which is what was computed, to the bit.

    A plain WAV holds 4 GB, over four hours; only what is longer becomes RF64.

    Raises:
        OSError: if the file cannot be made, or the disk is full.
    """

    def __init__(self, path: Path, sample_rate: int, samples: int, exact: bool = False) -> None:
        import soundfile

        self.path = Path(path)
        self._exact = exact
        size = samples * (8 if exact else BYTES_A_SAMPLE)
        self._error: type[Exception] = soundfile.LibsndfileError
        try:
            self._file = soundfile.SoundFile(
                self.path,
                "w",
                sample_rate,
                2,
                subtype="FLOAT" if exact else "PCM_24",
                format="WAV" if size < PLAIN_WAV_BYTES else "RF64",
            )
            if exact:
                # Else the header tells when it was written, and the same sound is another file each time.
                soundfile._snd.sf_command(
                    self._file._file, SFC_SET_ADD_PEAK_CHUNK, soundfile._ffi.NULL, soundfile._snd.SF_FALSE
                )
        except soundfile.LibsndfileError as error:
            raise OSError(errno.EIO, "it cannot be created", str(path)) from error

    def write(self, block: NDArray[np.float32]) -> None:
        """`block`: float32 `[2, n]`, clipped to full scale unless exact."""
        frames = self._file.frames
        try:
            self._file.write(block.T if self._exact else np.clip(block.T, -1.0, 1.0))
        except self._error as error:
            raise OSError(errno.ENOSPC, "no space left", str(self.path)) from error
        if self._file.frames - frames != block.shape[1]:
            raise OSError(errno.ENOSPC, "no space left", str(self.path))

    def __enter__(self) -> SoundWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if error is not None:
            self.path.unlink(missing_ok=True)


def read_blocks(path: Path, step: int, total: int) -> Iterator[NDArray[np.float32]]:
    """A sound file as float32 `[2, step]` blocks (the last shorter), `total` samples in all.

    Mono is given on both sides, further channels are left out; a file that ends early is followed
    by silence.
    """
    import soundfile

    with soundfile.SoundFile(path) as file:
        for first in range(0, total, step):
            n = min(step, total - first)
            read = file.read(n, dtype="float32", always_2d=True)
            block = np.zeros((2, n), np.float32)
            block[:, : len(read)] = read[:, [0, min(1, read.shape[1] - 1)]].T
            yield block
