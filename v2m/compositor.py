"""A clip's picture + a soundtrack → the scored clip: packets copied, not re-encoded.

The picture's first frame becomes the instant 0 of the output and the music starts there, however
late the source's timestamps begin; whatever else shares the source's clock (subtitles, chapters)
moves along with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from encoders.clip import Clip
from encoders.container import open_container
from v2m.atomic import outputs
from v2m.containers import MP4, TEXT_SUBTITLES, Container, ContainerError, check_holds
from v2m.ffmpeg import FFmpegError, run_ffmpeg

if TYPE_CHECKING:
    from av.container import InputContainer

DOING = "writing the scored clip"


@dataclass(frozen=True)
class Composite:
    """What was written.

    Attributes:
        path: the scored clip.
        notes: sentences on what could not be taken along.
    """

    path: Path
    notes: tuple[str, ...] = ()


def composite(
    clip: Clip, soundtrack_wav: Path, out: Path, *, length_s: float | None = None, force: bool = False
) -> Composite:
    """Write `out`: the clip's picture as it is, with `soundtrack_wav` as its only sound.

    Kept: the picture's packets, rotation, pixel aspect and colour tags; metadata, chapters,
    cover art, and the subtitles that the format of `out` can hold. `out` appears whole or not at all.

    Args:
        length_s: where the output ends, if the clip's own end cannot be seen (cut short, broken).

    Raises:
        ContainerError: if the format of `out` cannot hold the picture, or its packets say no times.
        OutputError: if `out` may not or cannot be written.
        FFmpegError: if the picture cannot be copied into that format.
    """
    out = Path(out)
    target = check_holds(out, clip.codec)
    if not can_copy(clip):
        raise ContainerError(
            f"{clip.path}: its packets say no times and cannot be copied; re-encode it first"
        )
    notes: list[str] = []
    shorter = length_s is not None and length_s < clip.duration_s - clip.frame_s
    end = ["-t", f"{length_s:.6f}"] if shorter else []
    with outputs(force, [clip.path, Path(soundtrack_wav)]) as files:
        part = files.claim(out)
        beside = _beside_the_picture(clip, target, notes)
        command = _command(clip, soundtrack_wav, target, [*beside, *end], part)
        try:
            run_ffmpeg(command, DOING)
        except FFmpegError:
            if not beside:
                raise
            # A broken subtitle or cover must not cost the person the scored clip.
            run_ffmpeg(_command(clip, soundtrack_wav, target, end, part), DOING)
            notes.append("Subtitles and cover art were left out: they cannot be copied into this file.")
    return Composite(out, tuple(notes))


def can_copy(clip: Clip) -> bool:
    """Whether the picture's packets can be copied: not if their order is all that tells their times.

    Formats such as AVI count frames in decoding order. Where the codec shows them in another order
    (B-frames), no packet says when its frame is due, and only decoding tells.
    """
    if not clip.ordered:
        return True
    with open_container(clip.path) as source:
        stream = next(s for s in source.streams.video if s.index == clip.stream_index)
        return not stream.codec_context.has_b_frames


def _command(clip: Clip, soundtrack_wav: Path, target: Container, beside: list[str], part: Path) -> list[str]:
    # With -copyts the offset is from the file's own timestamps, the clock that start_s is on.
    source = ["-copyts", "-fflags", "+genpts", "-itsoffset", f"{-clip.start_s:.6f}", "-i", str(clip.path)]
    streams = ["-map", f"0:{clip.stream_index}", "-map", "1:a:0", *beside]
    codecs = ["-c:v", "copy", *target.sound, *_tags(clip, target)]
    kept = ["-map_metadata", "0", "-map_chapters", "0"]
    # Bit-exact: Matroska would otherwise carry a random identifier, and a replay would differ.
    plain = ["-fflags", "+bitexact", "-flags:a", "+bitexact", "-max_interleave_delta", "0"]
    return [
        *source,
        *["-i", str(Path(soundtrack_wav).absolute())],
        *streams,
        *codecs,
        *kept,
        *plain,
        *target.extra,
        *["-f", target.muxer, str(part)],
    ]


def _tags(clip: Clip, target: Container) -> list[str]:
    """Apple's players open HEVC in MP4 only under this tag; a file from them has it already."""
    from_apple = "mp4" in clip.container.split(",")
    if clip.codec == "hevc" and target.muxer in ("mp4", "mov") and not from_apple:
        return ["-tag:v:0", "hvc1"]
    return []


def _beside_the_picture(clip: Clip, target: Container, notes: list[str]) -> list[str]:
    """Arguments that take cover art and subtitles along, as far as the format can hold them."""
    arguments: list[str] = []
    with open_container(clip.path) as source:
        covers = _covers(source)
        if covers and target is not MP4:
            notes.append(f"Cover art was left out: {target.name} keeps it in another way.")
            covers = []
        for number, index in enumerate(covers, 1):
            arguments += ["-map", f"0:{index}", f"-disposition:v:{number}", "attached_pic"]
        kept, lost = 0, 0
        for stream in source.streams.subtitles:
            context = stream.codec_context
            name = context.codec.canonical_name if context is not None else ""
            if name in target.copied_subtitles:
                codec = "copy"
            elif name in TEXT_SUBTITLES:
                codec = target.text_subtitles
            else:
                lost += 1
                continue
            arguments += ["-map", f"0:{stream.index}", f"-c:s:{kept}", codec]
            kept += 1
        if lost:
            notes.append(f"{lost} subtitle stream(s) were left out: {target.name} cannot hold them.")
    return arguments


def _covers(source: InputContainer) -> list[int]:
    from av.stream import Disposition

    return [s.index for s in source.streams.video if s.disposition & Disposition.attached_pic]
