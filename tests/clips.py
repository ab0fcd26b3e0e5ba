"""Test clips made by code: what is in them, and when, is known exactly.

Pictures are made by the `*_frames` functions (uint8 `[H, W, 3]`), written by `write_clip` (constant
rate, any ffmpeg options) or `write_timed` (any timestamps), and bent into awkward shapes by
`remux` and the functions after it. All return the path they wrote. `KINDS` names ready-made ones for
the `make_clip` fixture.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Size = tuple[int, int]

SIZE: Size = (320, 180)
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "16", "-pix_fmt", "yuv420p")
SQUARE_PX = 40

# Hue and lightness both far apart from one shot to the next.
SHOT_COLOURS = ((235, 120, 100), (40, 60, 140), (60, 170, 60), (210, 190, 60), (150, 60, 180), (60, 180, 190))


def ffmpeg(*arguments: str | Path, stdin: bytes | None = None) -> None:
    """Run the bundled ffmpeg; a failure raises with what it said."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr.decode(errors='replace')}")


# Pictures


def shot_frames(
    cuts_s: Sequence[float], duration_s: float, rate: float = 25, size: Size = SIZE
) -> Iterator[Frame]:
    """Shots of different colours with hard cuts: the first frame at or after `cuts_s[k]` is the new shot.

    Each shot is a flat colour with two bars of its own, so that neither colour nor shape survives a cut.
    """
    width, height = size
    for number in range(round(duration_s * rate)):
        shot = sum(number / rate >= cut - 1e-9 for cut in cuts_s)
        frame = np.empty((height, width, 3), np.uint8)
        frame[:] = SHOT_COLOURS[shot % len(SHOT_COLOURS)]
        left = (37 * shot + 11) % (width // 2)
        frame[:, left : left + width // 8] = 235
        frame[height // 3 : height // 2, left + width // 4 : left + width // 3] = 20
        yield frame


def square_frames(
    duration_s: float, rate: float = 25, size: Size = SIZE, speed_px_s: float = 60.0
) -> Iterator[Frame]:
    """A white square of `SQUARE_PX` on textured grey, moving right; see `square_left_px`."""
    width, height = size
    texture = np.random.default_rng(0).integers(70, 110, (height // 4 + 1, width // 4 + 1), np.uint8)
    ground = texture.repeat(4, 0).repeat(4, 1)[:height, :width, None].repeat(3, 2)
    top = (height - SQUARE_PX) // 2
    for number in range(round(duration_s * rate)):
        left = square_left_px(number / rate, size, speed_px_s)
        frame = ground.copy()
        frame[top : top + SQUARE_PX, left : left + SQUARE_PX] = 240
        yield frame


def square_left_px(time_s: float, size: Size = SIZE, speed_px_s: float = 60.0) -> int:
    """Where the square of `square_frames` has its left edge: it starts again when it reaches the right."""
    return round(time_s * speed_px_s) % (size[0] - SQUARE_PX)


def numbered_frames(count: int, size: Size = SIZE) -> Iterator[Frame]:
    """Frames that carry their own number, which `read_number` gets back at any size."""
    width, height = size
    for number in range(count):
        frame = np.full((height, width, 3), 90, np.uint8)
        for bit in range(16):
            row, column = divmod(bit, 4)
            block = frame[
                row * height // 4 : (row + 1) * height // 4, column * width // 4 : (column + 1) * width // 4
            ]
            block[:] = 230 if number >> bit & 1 else 25
        yield frame


def read_number(rgb: Frame) -> int:
    """The number that a frame of `numbered_frames` carries, from a picture `[H, W, 3]` of any size."""
    height, width = rgb.shape[:2]
    number = 0
    for bit in range(16):
        row, column = divmod(bit, 4)
        number |= int(rgb[(2 * row + 1) * height // 8, (2 * column + 1) * width // 8].mean() > 127) << bit
    return number


def corner_frames(count: int, size: Size = SIZE) -> Iterator[Frame]:
    """Red in the top left quarter, green top right, blue bottom left, white bottom right."""
    width, height = size
    frame = np.full((height, width, 3), 240, np.uint8)
    frame[: height // 2, : width // 2] = (230, 20, 20)
    frame[: height // 2, width // 2 :] = (20, 200, 20)
    frame[height // 2 :, : width // 2] = (20, 20, 230)
    for _ in range(count):
        yield frame


# Files


def write_clip(
    path: Path,
    frames: Iterable[Frame],
    rate: float = 25,
    *,
    options: Sequence[str] = H264,
    sound: bool = False,
) -> Path:
    """Encode frames at a constant rate; `sound` adds a 440 Hz tone as long as the picture."""
    frames = list(frames)
    height, width = frames[0].shape[:2]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{rate}", "-i", "-"]
    tone = ["-f", "lavfi", "-i", f"sine=440:duration={len(frames) / rate}"] if sound else []
    ffmpeg(*raw, *tone, *options, path, stdin=b"".join(frame.tobytes() for frame in frames))
    return path


def write_timed(
    path: Path, frames: Iterable[Frame], times_s: Sequence[float], codec: str = "libx264"
) -> Path:
    """Encode frames at any increasing times (variable frame rate), to the millisecond."""
    frames = list(frames)
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=1000)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.options = {"preset": "ultrafast", "crf": "16"}
        for frame, time_s in zip(frames, times_s, strict=True):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = round(time_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def remux(source: Path, path: Path, *output: str, before: Sequence[str] = ()) -> Path:
    """Copy the packets into another file; `before` are input options, `output` output options."""
    ffmpeg(*before, "-i", source, "-map", "0", "-c", "copy", *output, path)
    return path


def rotated(source: Path, path: Path, clockwise: int, mirrored: bool = False) -> Path:
    """The same stored picture with a display matrix by which players turn it clockwise."""
    flip = ["-display_hflip"] if mirrored else []
    # ffmpeg counts counter-clockwise.
    return remux(source, path, before=["-display_rotation", str(-clockwise), *flip])


def cut_short(source: Path, path: Path, share: float) -> Path:
    """The first `share` of the file's bytes: readable if its index comes first, otherwise not."""
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def zeroed_tail(source: Path, path: Path, share: float) -> Path:
    """A download that stopped: full size, but zeros after the first `share`."""
    data = source.read_bytes()
    kept = int(len(data) * share)
    path.write_bytes(data[:kept] + bytes(len(data) - kept))
    return path


def spoiled(source: Path, path: Path, first: float, last: float) -> Path:
    """Noise (seeded) over the bytes between the shares `first` and `last` of the file."""
    data = bytearray(source.read_bytes())
    start, stop = int(len(data) * first), int(len(data) * last)
    data[start:stop] = np.random.default_rng(1).integers(0, 256, stop - start, np.uint8).tobytes()
    path.write_bytes(data)
    return path


def spoil_packets(source: Path, path: Path, numbers: Iterable[int]) -> Path:
    """Overwrite whole video packets, by number in the file, so that they don't decode."""
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    for number in numbers:
        at = data.find(packets[number])
        data[at : at + len(packets[number])] = b"\x55" * len(packets[number])
    path.write_bytes(data)
    return path


# Ready-made


def plain(path: Path) -> Path:
    """3 s, 30 frames a second, numbered, no sound; its index at the file's start."""
    return write_clip(path, numbered_frames(90), 30, options=(*H264, "-g", "15", "-movflags", "+faststart"))


def shots(path: Path) -> Path:
    """8 s with hard cuts at 2, 3.2, 5 and 6.4 s, no sound."""
    return write_clip(path, shot_frames((2.0, 3.2, 5.0, 6.4), 8.0))


def square(path: Path) -> Path:
    """4 s of a square moving right at 60 px/s in a picture 180 px high."""
    return write_clip(path, square_frames(4.0))


def with_sound(path: Path) -> Path:
    """3 s of numbered frames with a 440 Hz tone in AAC."""
    return write_clip(path, numbered_frames(75), 25, options=(*H264, "-c:a", "aac", "-shortest"), sound=True)


VFR_TIMES_S = tuple(float(t) for t in np.cumsum([0.0] + [0.02, 0.05, 0.1, 0.033] * 15))


def vfr(path: Path) -> Path:
    """61 numbered frames at `VFR_TIMES_S`."""
    return write_timed(path, numbered_frames(61), VFR_TIMES_S)


def sixty(path: Path) -> Path:
    """2 s at 60 frames a second, numbered."""
    return write_clip(path, numbered_frames(120), 60)


def av1(path: Path) -> Path:
    """2 s of numbered frames in AV1."""
    options = ("-c:v", "libsvtav1", "-preset", "12", "-crf", "20", "-pix_fmt", "yuv420p")
    return write_clip(path, numbered_frames(50), 25, options=options)


def gif(path: Path) -> Path:
    """2 s of numbered frames, 10 a second, GIF."""
    return write_clip(path, numbered_frames(20), 10, options=())


def vp9(path: Path) -> Path:
    """2 s of numbered frames in VP9 / webm."""
    return write_clip(
        path,
        numbered_frames(50),
        25,
        options=("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
    )


def ten_bit(path: Path) -> Path:
    """2 s of numbered frames in 10-bit HEVC."""
    options = (
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "log-level=none",
        "-pix_fmt",
        "yuv420p10le",
    )
    return write_clip(path, numbered_frames(50), 25, options=options)


def avi(path: Path) -> Path:
    """2 s of numbered frames in AVI, with B-frames, whose order AVI does not tell."""
    return write_clip(path, numbered_frames(50), 25, options=(*H264, "-bf", "3"))


def raw_stream(path: Path) -> Path:
    """2 s of numbered frames, 25 a second, as a bare H.264 stream: no timestamps at all."""
    return write_clip(path, numbered_frames(50), 25, options=H264)


def odd_size(path: Path) -> Path:
    """2 s, 161 × 121 pixels."""
    options = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")
    return write_clip(path, numbered_frames(50, (161, 121)), 25, options=options)


def wide_pixels(path: Path) -> Path:
    """2 s, 180 × 180 stored pixels, each twice as wide as high."""
    return write_clip(path, numbered_frames(50, (180, 180)), 25, options=(*H264, "-vf", "setsar=2/1"))


def one_frame(path: Path) -> Path:
    """A single frame."""
    return write_clip(path, numbered_frames(1), 1)


def too_short(path: Path) -> Path:
    """0.3 s."""
    return write_clip(path, numbered_frames(9), 30)


def late_start(path: Path) -> Path:
    """3 s of numbered frames (30 a second) whose first timestamp is 1.5 s."""
    return remux(plain(path.with_name(f"source-{path.name}")), path, "-output_ts_offset", "1.5")


def edit_list(path: Path) -> Path:
    """`plain` from its 10th frame by an edit list: the frames before are in the file but not shown."""
    return remux(plain(path.with_name(f"source-{path.name}")), path, before=["-ss", "0.3334"])


def cover_picture(path: Path) -> Path:
    """`with_sound` and a PNG attached as its cover."""
    source = with_sound(path.with_name(f"source-{path.name}"))
    cover = path.with_suffix(".png")
    ffmpeg("-f", "lavfi", "-i", "color=c=red:s=64x64", "-frames:v", "1", cover)
    ffmpeg(
        *("-i", source, "-i", cover, "-map", "0", "-map", "1", "-c", "copy"),
        *("-disposition:v:1", "attached_pic", path),
    )
    return path


def sound_only(path: Path) -> Path:
    """2 s of tone, no picture."""
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=2", "-c:a", "aac", path)
    return path


def truncated(path: Path) -> Path:
    """The first 60 % of `plain`'s bytes; its index is whole."""
    return cut_short(plain(path.with_name(f"source-{path.name}")), path, 0.6)


def no_index(path: Path) -> Path:
    """The first 60 % of an mp4 whose index was to come last."""
    return cut_short(square(path.with_name(f"source-{path.name}")), path, 0.6)


KINDS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "plain": (".mp4", plain),
    "shots": (".mp4", shots),
    "square": (".mp4", square),
    "with_sound": (".mp4", with_sound),
    "vfr": (".mp4", vfr),
    "sixty": (".mp4", sixty),
    "av1": (".mp4", av1),
    "gif": (".gif", gif),
    "vp9": (".webm", vp9),
    "ten_bit": (".mp4", ten_bit),
    "avi": (".avi", avi),
    "raw_stream": (".h264", raw_stream),
    "odd_size": (".mp4", odd_size),
    "wide_pixels": (".mp4", wide_pixels),
    "one_frame": (".mp4", one_frame),
    "too_short": (".mp4", too_short),
    "late_start": (".mkv", late_start),
    "edit_list": (".mp4", edit_list),
    "cover_picture": (".mp4", cover_picture),
    "sound_only": (".m4a", sound_only),
    "truncated": (".mp4", truncated),
    "no_index": (".mp4", no_index),
}
"""Ready-made clips: name → file ending and maker."""
