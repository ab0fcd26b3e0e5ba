"""The clip's own sound → a WAV that begins with the picture."""

from __future__ import annotations

from pathlib import Path

from v2m.ffmpeg import run_ffmpeg


def extract_sound(
    clip_path: Path, start_s: float, duration_s: float, out_wav: Path, sample_rate: int = 48000
) -> Path:
    """Write the clip's (first) sound track, aligned to its first frame.

    Args:
        clip_path: a media file with a sound track.
        start_s: the first frame's timestamp in the file (`Clip.start_s`).
        duration_s: length of the picture; the file is exactly this long, silent where the
            clip's sound is missing, starts late or ends early.
        out_wav: float32 stereo WAV.
        sample_rate: Hz.

    Raises:
        FFmpegError: if there is no sound that can be decoded.
        OutputError: if `out_wav` cannot be written.
    """
    samples = max(1, round(duration_s * sample_rate))
    # Timestamps are kept, gaps filled with silence, then everything before the first frame cut.
    chain = (
        f"aresample={sample_rate}:async=1:first_pts={round(start_s * sample_rate)},"
        f"aformat=sample_fmts=flt:channel_layouts=stereo,"
        f"asetpts=PTS-STARTPTS,apad=whole_len={samples},atrim=end_sample={samples}"
    )
    run_ffmpeg(
        [
            "-copyts",
            "-i",
            str(Path(clip_path).absolute()),
            "-map",
            "0:a:0",
            "-vn",
            "-af",
            chain,
            "-c:a",
            "pcm_f32le",
            "-rf64",
            "auto",
            str(Path(out_wav).absolute()),
        ],
        "reading the clip's own sound",
    )
    return Path(out_wav)
