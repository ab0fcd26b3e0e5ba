"""Running the ffmpeg that the package brings along."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence

from encoders.errors import V2MError
from v2m.atomic import OutputError

# The words of the C library for a place that takes no more.
_FULL = ("No space left on device", "File too large", "Disk quota exceeded", "Read-only file system")


class FFmpegError(V2MError):
    """ffmpeg refused or failed; the message carries its own reason."""


def ffmpeg_path() -> str:
    """The ffmpeg to run: the one imageio-ffmpeg carries, or what IMAGEIO_FFMPEG_EXE names.

    Raises:
        FFmpegError: if there is none.
    """
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise FFmpegError("no ffmpeg was found; reinstall imageio-ffmpeg") from error


def run_ffmpeg(arguments: Sequence[str], doing: str) -> None:
    """Run ffmpeg quietly to its end; if this thread is interrupted, ffmpeg ends as well.

    Args:
        arguments: everything after the program's name; paths absolute.
        doing: what it is for, for the message: "writing the scored clip".

    Raises:
        OutputError: if the place written to is full or read-only.
        FFmpegError: if ffmpeg fails otherwise.
    """
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-hide_banner", "-y", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode == 0:
        return
    raise failure(done.returncode, done.stderr.decode(errors="replace"), doing)


def failure(returncode: int, said: str, doing: str) -> V2MError:
    """What to tell the person when ffmpeg has failed, in one line.

    Args:
        returncode: how it ended; negative for a signal.
        said: what it wrote on standard error.
        doing: what it was run for.
    """
    stopped_by = signal.Signals(-returncode).name if returncode < 0 else None
    if stopped_by == "SIGXFSZ":
        return OutputError(f"{doing}: file too large for this place")
    for words in _FULL:
        if words in said:
            return OutputError(f"{doing}: {words.lower()}")
    if stopped_by:
        return FFmpegError(f"{doing}: ffmpeg was stopped by {stopped_by}")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return FFmpegError(f"{doing}: {lines[0] if lines else f'ffmpeg ended with {returncode}'}")
