"""A clip → an edited clip: trimmed, with a title, or in a codec that a file format can hold.

The only place where a picture is re-encoded. moviepy does the editing and the writing; the frames
come from the project's own reader, which keeps true times where moviepy's would count frames
(variable frame rate, late starts) and knows rotation and pixel aspect.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.clip import MIN_DURATION_S, Clip, probe
from encoders.errors import V2MError
from encoders.frames import read
from v2m.atomic import outputs
from v2m.ffmpeg import failure, run_ffmpeg
from v2m.titles import check_title, draw_title, title_strength

DOING = "writing the edited clip"
MAX_RATE_HZ = 60.0
# x264's scale, where 18 is called visually lossless.
QUALITY = "17"
COLOUR = ["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"]
COLOUR_TAGS = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]


class TrimError(V2MError):
    """A trim that leaves nothing, or is not understood."""


class EditError(V2MError):
    """What writes edited pictures is not installed."""


def check_can_edit() -> None:
    """See whether pictures can be edited at all.

    Raises:
        EditError: if moviepy is not installed.
    """
    if importlib.util.find_spec("moviepy") is None:
        raise EditError("this re-encodes the picture, for which moviepy is needed: pip install moviepy")


def parse_trim(text: str) -> tuple[float, float | None]:
    """Read `A:B`, seconds from the clip's first frame; either may be left out.

    Raises:
        TrimError: if it is not of this form.
    """
    start, colon, end = text.partition(":")
    try:
        if not colon:
            raise ValueError
        span = float(start or 0.0), float(end) if end else None
    except ValueError:
        raise TrimError(f"trim {text!r} is not understood; write seconds, as 2.5:10 or 5: or :8") from None
    check_trim(span)
    return span


def check_trim(trim: tuple[float, float | None], duration_s: float = np.inf) -> tuple[float, float]:
    """The span in seconds within the clip.

    Raises:
        TrimError: if less than a clip's least length is left.
    """
    start_s, end_s = trim[0], duration_s if trim[1] is None else min(trim[1], duration_s)
    if not start_s >= 0 or not end_s - start_s >= MIN_DURATION_S:
        of = f" of {duration_s:.2f} s" if np.isfinite(duration_s) else ""
        asked = f"{trim[0]:g}:{'' if trim[1] is None else format(trim[1], 'g')}"
        raise TrimError(f"trim {asked}{of} leaves less than {MIN_DURATION_S} s")
    return start_s, end_s


def edit(
    clip: Clip,
    out: Path,
    *,
    trim: tuple[float, float | None] | None = None,
    title: str | None = None,
    force: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Clip:
    """Write a re-encoded copy of `clip` (H.264 and PCM sound in QuickTime) and probe it.

    Trimmed to `trim` (seconds from the first frame), with `title` over its first seconds; metadata
    is kept. Turned and non-square pictures are written upright and square, at a steady rate.

    Args:
        out: a `.mov` file; appears whole or not at all.
        progress: called with the share that is done, 0 to 1.

    Raises:
        EditError: if moviepy is not installed.
        TrimError: if the span is empty.
        TitleError: if the title cannot be drawn.
        OutputError: if `out` may not or cannot be written.
        FFmpegError: if ffmpeg fails otherwise.
    """
    check_can_edit()
    start_s, end_s = check_trim(trim or (0.0, None), clip.duration_s)
    if title is not None:
        check_title(title)
    with outputs(force, [clip.path]) as files:
        part = files.claim(out)
        picture = files.scratch(out) / "picture.mp4"
        _write_picture(clip, picture, start_s, end_s, title, progress or (lambda share: None))
        _add_sound_and_metadata(clip, picture, part, start_s, end_s - start_s)
    return probe(out)


def _write_picture(
    clip: Clip, out: Path, start_s: float, end_s: float, title: str | None, progress: Callable[[float], None]
) -> None:
    from moviepy import VideoClip
    from moviepy.video.io.ffmpeg_writer import FFMPEG_VideoWriter

    duration_s = end_s - start_s
    # moviepy hands the rate to ffmpeg with two decimals; sampling at just that rate avoids a drift.
    rate_hz = max(1.0, round(min(clip.frame_rate, MAX_RATE_HZ), 2))
    frames = _Frames(clip, start_s, tolerance_s=0.25 / rate_hz)
    picture = VideoClip(frames.at, duration=duration_s)
    if title is not None:
        picture = picture.transform(_title_over(title, picture.size, duration_s))
    count = max(2, round(duration_s * rate_hz))
    # Not by write_videofile: it does not look whether ffmpeg, at the very end, has failed.
    with tempfile.TemporaryFile("w+") as log:
        try:
            with FFMPEG_VideoWriter(
                str(out),
                picture.size,
                rate_hz,
                codec="libx264",
                preset="veryfast",
                logfile=log,
                ffmpeg_params=["-crf", QUALITY, *COLOUR, *COLOUR_TAGS],
            ) as writer:
                process = writer.proc
                for number in range(count):
                    writer.write_frame(picture.get_frame(number / rate_hz))
                    progress((number + 1) / count)
            returncode = process.returncode
        except OSError:
            # moviepy's report is a page; the log has ffmpeg's reason.
            returncode = process.wait()
        if returncode:
            log.seek(0)
            raise failure(returncode, _errors_in(log.read()), DOING)


def _errors_in(log: str) -> str:
    """The lines of an ffmpeg log that tell of an error; all of it if none does."""
    lines = [line for line in log.splitlines() if "error" in line.lower() or "No space" in line]
    return "\n".join(lines) or log


class _Frames:
    """A clip's frames by time, for times that only grow: even-sized, from `start_s` on."""

    def __init__(self, clip: Clip, start_s: float, tolerance_s: float) -> None:
        self._start_s = start_s + tolerance_s
        self._ahead = self._read(clip, self._start_s)
        self._shown = next(self._ahead)
        self._next: tuple[float, NDArray[np.uint8]] | None = next(self._ahead, None)

    def _read(self, clip: Clip, from_s: float) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        # PyAV rather than decord: it converts by the clip's own colour matrix.
        precise = replace(clip, plain=False)
        side = min(clip.width, clip.height)
        for batch in read(precise, short_side=side, max_rate_hz=MAX_RATE_HZ, from_s=from_s):
            for time_s, rgb in zip(batch.times_s.tolist(), batch.rgb, strict=True):
                yield time_s, _even(rgb)

    def at(self, time_s: float) -> NDArray[np.uint8]:
        while self._next is not None and self._next[0] <= time_s + self._start_s:
            self._shown = self._next
            self._next = next(self._ahead, None)
        return self._shown[1]


def _even(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """H.264 in 4:2:0 has even sides: an odd last row or column is left out, a lone one doubled."""
    height, width = rgb.shape[:2]
    if height == 1 or width == 1:
        rgb = np.repeat(np.repeat(rgb, 1 + (height == 1), axis=0), 1 + (width == 1), axis=1)
    return rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2]


FrameAt = Callable[[float], NDArray[np.uint8]]


def _title_over(
    title: str, size: tuple[int, int], duration_s: float
) -> Callable[[FrameAt, float], NDArray[np.uint8]]:
    drawn = draw_title(title, *size)
    rows = np.flatnonzero(drawn[..., 1].any(axis=1))
    band = slice(rows[0], rows[-1] + 1) if len(rows) else slice(0, 0)
    light, cover = drawn[band, :, :1], drawn[band, :, 1:]

    def with_title(frame_at: FrameAt, time_s: float) -> NDArray[np.uint8]:
        frame, strength = frame_at(time_s), title_strength(time_s, duration_s)
        if strength == 0:
            return frame
        frame = frame.copy()
        mixed = frame[band] * (1 - strength * cover) + 255 * strength * light
        frame[band] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
        return frame

    return with_title


def _add_sound_and_metadata(clip: Clip, picture: Path, part: Path, start_s: float, duration_s: float) -> None:
    """Beside the new picture: the clip's own sound over the same span, and its metadata."""
    source = ["-copyts", "-itsoffset", f"{-clip.start_s - start_s:.6f}", "-i", str(clip.path)]
    sound = ["-map", "1:a:0?", "-c:a", "pcm_s16le"]
    span = ["-af", f"atrim=start=0:end={duration_s:.6f},aresample=async=1:first_pts=0"]
    arguments = [
        *["-i", str(picture), *source, "-map", "0:v:0", "-c:v", "copy"],
        *([*sound, *span] if clip.has_sound else []),
        *["-map_metadata", "1", "-map_chapters", "-1", "-f", "mov", str(part)],
    ]
    run_ffmpeg(arguments, DOING)
