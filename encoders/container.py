"""A path → an open media file and its frames: PyAV with the doors shut that a clip has no need of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from encoders.errors import ClipError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# ffmpeg opens these too, but they are lists of other files, or text drawn as a picture.
_NOT_CLIPS = frozenset({"hls", "concat", "dash", "sdp", "rtsp", "tty", "ffmetadata", "lrc"})


def open_container(path: Path, kind: str = "video") -> InputContainer:
    """Open a media file; it may refer to no other file and no network.

    Args:
        path: the file.
        kind: what is wanted of it, `video` or `sound`, for the message.

    Raises:
        ClipError: if it is not a media file.
    """
    import av

    try:
        container = av.open(str(path), options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise ClipError(f"{path}: not a {kind} file that can be read ({reason(error)})") from error
    name = container.format.name
    if _NOT_CLIPS & set(name.split(",")):
        container.close()
        raise ClipError(f"{path}: not a {kind} file (it reads as {name})")
    return container


@overload
def decode(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]: ...


@overload
def decode(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]: ...


def decode(container: InputContainer, stream: VideoStream | AudioStream) -> Iterator[Any]:
    """Every frame of `stream` that decodes, in display order; packets that don't are passed over."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            break
        try:
            yield from packet.decode()
        except (av.FFmpegError, EOFError):
            continue
    # A packet that failed while the decoder was being emptied leaves good frames behind it.
    context = stream.codec_context
    for _ in range(64):
        try:
            frames = context.decode(None)
        except EOFError:
            return
        except av.FFmpegError:
            continue
        if not frames:
            return
        yield from frames


def reason(error: BaseException) -> str:
    """What an exception says, on one line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:160]
