"""Frames (and sound) → an H.264 mp4, through a pipe into the ffmpeg that imageio-ffmpeg carries."""

from __future__ import annotations

import os
import subprocess
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
"""uint8 `[H, W, 3]`, BGR as OpenCV draws it."""

COLOUR = "bt709"
"""Written into the file, so that no player has to guess."""


def write_clip(
    path: Path,
    draw: Callable[[int], Frame],
    frames: int,
    *,
    width: int,
    height: int,
    fps: float,
    sound: NDArray[np.float32] | None = None,
    sample_rate: int = 48_000,
) -> Path:
    """Draw `frames` frames and encode them as they come.

    Args:
        path: the mp4 to write; it appears whole or not at all.
        draw: frame index → `[height, width, 3]` BGR; pure, since it is called from threads.
        frames: how many.
        width, height, fps: of the picture; both sizes even.
        sound: mono float32 `[samples]` within −1 to 1, or None for a silent file.
        sample_rate: of the sound, Hz.

    Raises:
        ValueError: if the size is odd.
        RuntimeError: if ffmpeg fails, with its last lines.
    """
    if width % 2 or height % 2:
        raise ValueError(f"H.264 in 4:2:0 needs even sizes, not {width}x{height}")
    part, wav = path.with_name(f".{path.name}.part"), path.with_name(f".{path.name}.wav")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y"]
    command += ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "-"]
    if sound is not None:
        _write_wav(wav, sound, sample_rate)
        command += ["-i", os.fspath(wav), "-c:a", "aac", "-b:a", "160k"]
    command += ["-vf", f"scale=out_color_matrix={COLOUR}:out_range=tv,format=yuv420p"]
    command += ["-colorspace", COLOUR, "-color_primaries", COLOUR, "-color_trc", COLOUR]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-movflags", "+faststart"]
    command += ["-f", "mp4", os.fspath(part)]
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as encoder:
            assert encoder.stdin is not None
            assert encoder.stderr is not None
            try:
                _feed(encoder.stdin.write, draw, frames)
                encoder.stdin.close()
            except BrokenPipeError:
                pass  # ffmpeg has gone; its exit status and last words say why
            complaint = encoder.stderr.read().decode(errors="replace").strip()
        if encoder.returncode:
            raise RuntimeError(f"ffmpeg could not write {path}: {complaint}")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
        wav.unlink(missing_ok=True)
    return path


def _feed(write: Callable[[bytes], object], draw: Callable[[int], Frame], frames: int) -> None:
    """Draw ahead on two threads (OpenCV and NumPy release the lock), write in order."""
    ahead = 4
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(draw, index) for index in range(min(ahead, frames))]
        for index in range(frames):
            frame = waiting.pop(0).result()
            if index + ahead < frames:
                waiting.append(pool.submit(draw, index + ahead))
            write(np.ascontiguousarray(frame).tobytes())


def _write_wav(path: Path, sound: NDArray[np.float32], sample_rate: int) -> None:
    with wave.open(os.fspath(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
