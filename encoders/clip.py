"""A path → a `Clip`: what is in the file, read from its packets and its first frame.

Headers are not believed where packets can say: durations and frame counts are often wrong
(fragmented files, cut-short downloads), so the frames' times are the presentation times of
the video packets, gathered by demuxing without decoding.
"""

from __future__ import annotations

import hashlib
import math
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.container import decode, open_container, reason
from encoders.errors import ClipError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

MIN_DURATION_S = 0.5
"""Shorter clips are refused: there is no room for a bar of music."""

_HASH_CHUNK = 1 << 22
# Beyond this a pixel aspect is a broken header, not a lens.
_WIDEST_PIXEL = 8.0


@dataclass(frozen=True, eq=False)
class Clip:
    """One video file, as far as it can be known without decoding it all.

    Attributes:
        path: the file, absolute.
        duration_s: from the first frame's instant to the end of the last frame.
        start_s: the first frame's timestamp in the file; subtracted from all times here.
        width: displayed width in pixels, after rotation and pixel aspect.
        height: displayed height in pixels.
        rotation: how far a player turns the stored picture clockwise: 0, 90, 180 or 270 degrees.
        frame_rate: mean frames a second.
        frame_times_s: float64 `[N]`, each shown frame's instant, strictly increasing, the first is 0.
        codec: the picture's codec, as ffmpeg names it.
        container: the file's format, as ffmpeg names it.
        has_sound: whether there is a sound track in a codec that is known.
        content_hash: BLAKE2b-128 of the file's bytes, in hex.
        notes: what was odd about the file, in sentences.
        stream_index: which of the file's streams the picture is.
        mirrored: whether a player mirrors the stored picture (left for right, then turns it).
        ordered: whether the file does not say when each frame is shown (raw streams, H.264 in AVI), so
            that a frame is matched with its time by its place in the order.
        plain: whether the file has one video stream, each packet of it one shown frame. decord takes
            that for granted; other files are read by PyAV.
    """

    path: Path
    duration_s: float
    start_s: float
    width: int
    height: int
    rotation: int
    frame_rate: float
    frame_times_s: NDArray[np.float64]
    codec: str
    container: str
    has_sound: bool
    content_hash: str
    notes: tuple[str, ...] = ()
    stream_index: int = 0
    mirrored: bool = False
    ordered: bool = False
    plain: bool = True

    @property
    def frame_s(self) -> float:
        """The median duration of a frame, in seconds."""
        return float(np.median(np.diff(self.frame_times_s)))


def probe(path: Path | str) -> Clip:
    """Look at a file and say what clip it holds.

    Demuxes the whole file once, decodes its first frame, and hashes it beside that.

    Raises:
        ClipError: one line, if the file is missing, not a regular readable file, no media, has
            no picture, no frame that decodes, or is shorter than `MIN_DURATION_S`.
    """
    path = Path(path).absolute()
    check_file(path)
    give_up = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        hashing = pool.submit(_content_hash, path, give_up)
        try:
            clip = _probe_media(path)
        except BaseException:
            give_up.set()
            raise
        return replace(clip, content_hash=hashing.result())


def check_file(path: Path) -> int:
    """The size in bytes of a regular file that can be read and holds something.

    Raises:
        ClipError: one line, if it is anything else.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ClipError(f"{path}: is a folder, not a file")
        if not stat.S_ISREG(status.st_mode):
            raise ClipError(f"{path}: is not a regular file (a pipe or device); save it to a file first")
        if status.st_size == 0:
            raise ClipError(f"{path}: the file is empty")
        with open(path, "rb"):
            return status.st_size
    except FileNotFoundError:
        raise ClipError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise ClipError(f"{path}: cannot be read ({reason(error)})") from error


def _content_hash(path: Path, give_up: threading.Event) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb", buffering=0) as file:
        while not give_up.is_set() and (chunk := file.read(_HASH_CHUNK)):
            digest.update(chunk)
    return digest.hexdigest()


def _probe_media(path: Path) -> Clip:
    from encoders.packets import index_packets

    with open_container(path) as container:
        stream = _picture_stream(path, container)
        index = index_packets(container, stream)
        number = stream.index
    if len(index.times_s) == 0:
        raise ClipError(f"{path}: its video stream holds no frames")
    # Opened anew: not every format can be rewound after it has been read to its end.
    with open_container(path) as container:
        stream = next(s for s in container.streams.video if s.index == number)
        frame = next(decode(container, stream), None)
        if frame is None:
            raise ClipError(f"{path}: no frame of its {stream.codec_context.name} video can be decoded")
        rotation, mirrored = _turn(frame)
        pixel_aspect, notes = _pixel_aspect(stream)
        width, height = max(1, round(frame.width * pixel_aspect)), frame.height
        if rotation % 180:
            width, height = height, width
        duration_s = index.end_s - float(index.times_s[0])
        if len(index.times_s) < 2 or duration_s < MIN_DURATION_S:
            held = "one frame" if len(index.times_s) == 1 else f"{duration_s:.2f} s"
            raise ClipError(f"{path}: only {held} of picture; a clip needs at least {MIN_DURATION_S} s")
        streams = container.streams
        return Clip(
            path=path,
            duration_s=duration_s,
            start_s=float(index.times_s[0]),
            width=width,
            height=height,
            rotation=rotation,
            frame_rate=len(index.times_s) / duration_s,
            frame_times_s=index.times_s - index.times_s[0],
            codec=stream.codec_context.codec.canonical_name,
            container=container.format.name,
            has_sound=any(s.codec_context is not None for s in streams.audio),
            content_hash="",
            notes=(*index.notes, *notes),
            stream_index=number,
            mirrored=mirrored,
            ordered=index.ordered,
            plain=index.whole and len(streams.video) == 1,
        )


def _picture_stream(path: Path, container: InputContainer) -> VideoStream:
    """The stream that is the clip's picture: no cover art, the default one, the largest."""
    from av.stream import Disposition

    if not container.streams.video:
        what = "only sound" if container.streams.audio else "no picture"
        raise ClipError(f"{path}: has {what}, no video to look at")
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not moving:
        raise ClipError(f"{path}: has only sound and a cover picture, no video to look at")
    known = [s for s in moving if s.codec_context is not None]
    if not known:
        raise ClipError(f"{path}: its video is in a codec that this machine cannot decode")
    return max(known, key=lambda s: (_has_packets(s), bool(s.disposition & Disposition.default), s.width))


def _has_packets(stream: VideoStream) -> bool:
    # Only a known pixel format tells that the opening saw a picture of this stream.
    return stream.codec_context.pix_fmt is not None


def _turn(frame: VideoFrame) -> tuple[int, bool]:
    """How a player turns a stored frame: clockwise degrees, and whether it mirrors it first.

    The display matrix maps (x, y) to (a x + c y, b x + d y), y downwards, in 16.16 fixed point.
    """
    from av.sidedata.sidedata import SideData

    data = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(data, SideData):
        return 0, False
    matrix = np.frombuffer(bytes(data), dtype="<i4")
    a, b, _, c, d = matrix[:5].astype(float)
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    return round(math.degrees(math.atan2(b, a)) / 90) * 90 % 360, bool(mirrored)


def _pixel_aspect(stream: VideoStream) -> tuple[float, tuple[str, ...]]:
    aspect = float(stream.sample_aspect_ratio or 1)
    if 1 / _WIDEST_PIXEL <= aspect <= _WIDEST_PIXEL:
        return aspect, ()
    return 1.0, (f"The pixel aspect {aspect:g} cannot be meant; pixels are taken to be square.",)
