"""Which file formats the scored clip can be written in, and what each can hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from encoders.errors import V2MError


class ContainerError(V2MError):
    """The output's format cannot hold this picture, or is none that v2m writes."""


@dataclass(frozen=True)
class Container:
    """One file format.

    Attributes:
        name: for people.
        muxer: ffmpeg's name.
        pictures: the picture codecs that it holds and players play from it; empty: any.
        sound: the arguments that encode the music for it.
        text_subtitles: the codec that text subtitles are written in.
        copied_subtitles: the subtitle codecs that it holds as they are.
        extra: arguments for the muxer.
    """

    name: str
    muxer: str
    pictures: frozenset[str]
    sound: tuple[str, ...]
    text_subtitles: str
    copied_subtitles: frozenset[str]
    extra: tuple[str, ...] = ()

    def holds(self, codec: str) -> bool:
        return not self.pictures or codec in self.pictures


# At 256k an attack on the first sample comes back 2 dB louder than it went in; at 320k it does not.
AAC = ("-c:a", "aac", "-b:a", "320k")
# Opus knows only 48 kHz and its divisors; naming it makes ffmpeg resample with its best filter.
OPUS = ("-c:a", "libopus", "-b:a", "192k", "-ar", "48000")
FASTSTART = ("-movflags", "+faststart")
MP4_PICTURES = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "vvc"})
MOV_PICTURES = frozenset(
    {"h264", "hevc", "mpeg4", "mpeg2video", "prores", "dnxhd", "mjpeg", "png", "qtrle", "dvvideo"}
    | {"h263", "svq3", "cinepak", "rawvideo", "jpeg2000", "hap", "av1", "vp9", "vvc", "mpeg1video", "apv"}
)
MKV_PICTURES = frozenset(
    {"h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "vvc", "prores", "mjpeg"}
    | {"ffv1", "theora", "rawvideo", "jpeg2000", "wmv1", "wmv2", "wmv3", "vc1", "flv1", "h263", "huffyuv"}
    | {"utvideo", "msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "dvvideo", "dnxhd", "png", "cinepak", "svq3"}
    | {"rv30", "rv40", "vp6f", "magicyuv", "qtrle"}
)

MP4 = Container("MP4", "mp4", MP4_PICTURES, AAC, "mov_text", frozenset({"mov_text"}), FASTSTART)
MOV = Container("QuickTime", "mov", MOV_PICTURES, AAC, "mov_text", frozenset({"mov_text"}), FASTSTART)
MKV = Container(
    "Matroska",
    "matroska",
    MKV_PICTURES,
    OPUS,
    "subrip",
    frozenset({"subrip", "ass", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"}),
)
WEBM = Container("WebM", "webm", frozenset({"vp8", "vp9", "av1"}), OPUS, "webvtt", frozenset({"webvtt"}))

BY_SUFFIX = {".mp4": MP4, ".m4v": MP4, ".mov": MOV, ".mkv": MKV, ".webm": WEBM}
TEXT_SUBTITLES = frozenset({"subrip", "ass", "ssa", "webvtt", "mov_text", "text", "microdvd", "sami", "stl"})


def container_of(path: Path) -> Container:
    """The format that a file name asks for.

    Raises:
        ContainerError: naming the formats that can be written.
    """
    try:
        return BY_SUFFIX[path.suffix.lower()]
    except KeyError:
        known = ", ".join(BY_SUFFIX)
        asked = f"{path.suffix} is" if path.suffix else "a name without suffix says"
        raise ContainerError(f"{path.name}: {asked} no format that can be written; use {known}") from None


def suffix_for(codec: str, like: str) -> str | None:
    """The suffix of an output that holds `codec` as it is: `like` if it can, then .mp4, then .mkv."""
    for suffix in (like.lower(), ".mp4", ".mkv"):
        if suffix in BY_SUFFIX and BY_SUFFIX[suffix].holds(codec):
            return suffix
    return None


def check_holds(path: Path, codec: str) -> Container:
    """The format of `path`, if the picture can be put into it as it is.

    Raises:
        ContainerError: naming a format that can hold it.
    """
    container = container_of(path)
    if not container.holds(codec):
        other = suffix_for(codec, ".mp4")
        advice = f"name the output {path.stem}{other}" if other else "no format here can"
        raise ContainerError(f"{path.name}: {container.name} cannot hold {codec} pictures; {advice}")
    return container
