"""What goes under the picture, and that nothing happens to the picture."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from encoders.clip import Clip, probe
from tests import clips
from tests.conftest import MakeClip
from v2m.atomic import OutputError
from v2m.compositor import composite
from v2m.containers import BY_SUFFIX, ContainerError, check_holds, suffix_for
from v2m.ffmpeg import ffmpeg_path

RATE = 48000


def clicks(duration_s: float) -> NDArray[np.float64]:
    """Noise bursts at uneven distances, so that only one shift matches."""
    rng = np.random.default_rng(7)
    sound = np.zeros(round(duration_s * RATE))
    for start in (rng.random(max(4, round(duration_s * 3))) * (len(sound) - 900)).astype(int):
        sound[start : start + 900] += rng.normal(size=900) * np.exp(-np.arange(900) / 200) * 0.2
    return np.clip(sound, -0.9, 0.9)


def write_wav(path: Path, duration_s: float) -> NDArray[np.float64]:
    sound = clicks(duration_s)
    soundfile.write(path, np.stack([sound, sound], axis=1), RATE, subtype="PCM_24")
    return sound


def packets(path: Path, index: int) -> list[str]:
    with av.open(str(path)) as container:
        stream = container.streams[index]
        return [hashlib.sha256(bytes(p)).hexdigest() for p in container.demux(stream) if p.size]


def heard(path: Path) -> NDArray[np.float64]:
    """The sound as a player gives it: on the file's clock, which begins where the picture does."""
    command = [ffmpeg_path(), "-v", "error", "-copyts", "-i", str(path), "-map", "0:a:0", "-ac", "1"]
    filters = ["-af", f"aresample={RATE}:async=1:first_pts=0", "-f", "f32le", "-"]
    done = subprocess.run([*command, *filters], capture_output=True, check=True)
    return np.frombuffer(done.stdout, "<f4").astype(np.float64)


def lag_s(sound: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    size = 1 << (2 * max(len(sound), len(reference))).bit_length()
    product = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(reference, size))
    peak = int(np.argmax(np.fft.irfft(product, size)))
    return (peak - size if peak > size // 2 else peak) / RATE


def scored(clip: Clip, folder: Path, suffix: str | None = None) -> tuple[Path, NDArray[np.float64]]:
    sound = write_wav(folder / "music.wav", clip.duration_s)
    suffix = suffix or suffix_for(clip.codec, clip.path.suffix)
    out = folder / f"scored{suffix}"
    composite(clip, folder / "music.wav", out)
    return out, sound


def check_fit(clip: Clip, out: Path, sound: NDArray[np.float64]) -> Clip:
    """The claims that hold for every clip and format; gives the probed output."""
    with av.open(str(out)) as container:
        index = container.streams.video[0].index
        assert len(container.streams.audio) == 1
    assert packets(out, index) == packets(clip.path, clip.stream_index)
    again = probe(out)
    assert again.start_s == pytest.approx(0.0, abs=0.002) or out.suffix in (".mkv", ".webm")
    np.testing.assert_allclose(again.frame_times_s, clip.frame_times_s, atol=0.0011)
    # Where Matroska begins late because it knows no time before 0, the sound begins late with it.
    music = heard(out)
    assert abs(lag_s(music, sound) - again.start_s) < 0.002
    assert abs(len(music) / RATE - again.start_s - clip.duration_s) < clip.frame_s
    assert (again.rotation, again.mirrored) == (clip.rotation, clip.mirrored)
    assert (again.width, again.height) == (clip.width, clip.height)
    return again


KINDS = ("plain", "with_sound", "vfr", "vp9", "av1", "ten_bit", "odd_size", "wide_pixels", "late_start")


@pytest.mark.parametrize("kind", [*KINDS, "edit_list", "cover_picture"])
def test_the_picture_is_copied_and_the_music_begins_with_it(
    make_clip: MakeClip, tmp_path: Path, kind: str
) -> None:
    clip = probe(make_clip(kind))
    out, sound = scored(clip, tmp_path)
    assert out.suffix == clip.path.suffix
    check_fit(clip, out, sound)


@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".m4v"])
def test_other_formats_hold_the_same_packets(make_clip: MakeClip, tmp_path: Path, suffix: str) -> None:
    clip = probe(make_clip("plain"))
    out, sound = scored(clip, tmp_path, suffix)
    check_fit(clip, out, sound)


@pytest.mark.parametrize("clockwise", [90, 180, 270])
def test_rotation_is_kept(make_clip: MakeClip, tmp_path: Path, clockwise: int) -> None:
    clip = probe(clips.rotated(make_clip("plain"), tmp_path / "turned.mov", clockwise))
    assert clip.rotation == clockwise
    for suffix in (".mp4", ".mkv"):
        (tmp_path / suffix).mkdir()
        out, sound = scored(clip, tmp_path / suffix, suffix)
        check_fit(clip, out, sound)


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_a_picture_in_avi_moves_to_mp4(tmp_path: Path, codec: str) -> None:
    options = ["-c:v", codec, "-bf", "0", "-pix_fmt", "yuv420p"]
    clip = probe(clips.write_clip(tmp_path / "a.avi", clips.numbered_frames(60), 30, options=options))
    out, sound = scored(clip, tmp_path)
    assert out.suffix == ".mp4"
    again = probe(out)
    np.testing.assert_allclose(again.frame_times_s, clip.frame_times_s, atol=1e-3)
    with av.open(str(out)) as container:
        shown = [clips.read_number(f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    assert shown == list(range(60))
    assert abs(lag_s(heard(out), sound)) < 0.002


def test_packets_without_times_are_not_copied(tmp_path: Path) -> None:
    # H.264 with B-frames in AVI: copied, its frames would be shown in decoding order.
    source = clips.write_clip(
        tmp_path / "b.avi",
        clips.numbered_frames(60),
        30,
        options=["-c:v", "libx264", "-bf", "3", "-pix_fmt", "yuv420p"],
    )
    write_wav(tmp_path / "music.wav", 2.0)
    with pytest.raises(ContainerError, match="say no times"):
        composite(probe(source), tmp_path / "music.wav", tmp_path / "out.mp4")


def test_metadata_chapters_cover_and_subtitles_are_kept(make_clip: MakeClip, tmp_path: Path) -> None:
    facts, words = tmp_path / "facts.txt", tmp_path / "words.srt"
    facts.write_text(
        ";FFMETADATA1\ntitle=A walk\nartist=Someone\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1500\ntitle=Out\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1500\nEND=3000\ntitle=Home\n"
    )
    words.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello there\n")
    source = tmp_path / "rich.mkv"
    inputs = ["-i", make_clip("plain"), "-i", facts, "-i", words]
    clips.ffmpeg(*inputs, "-map", "0:v", "-map", "2:s", "-map_metadata", "1", "-c", "copy", source)
    clip = probe(source)
    for suffix, codec in ((".mkv", "subrip"), (".mp4", "mov_text")):
        (tmp_path / suffix).mkdir()
        out, _ = scored(clip, tmp_path / suffix, suffix)
        with av.open(str(out)) as container:
            assert container.metadata.get("title", container.metadata.get("TITLE")) == "A walk"
            assert [c["metadata"]["title"] for c in container.chapters()] == ["Out", "Home"]
            subtitles = container.streams.subtitles[0]
            assert subtitles.codec_context.codec.canonical_name == codec
            shown = next(p for p in container.demux(subtitles) if p.size > 2)
            assert shown.pts is not None
            assert float(shown.pts * shown.time_base) == pytest.approx(1.0, abs=0.002)


def test_cover_art_stays_cover_art(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(make_clip("cover_picture"))
    out, _ = scored(clip, tmp_path, ".mp4")
    with av.open(str(out)) as container:
        flags = [bool(s.disposition & av.stream.Disposition.attached_pic) for s in container.streams.video]
    assert flags == [False, True]


def test_colour_tags_are_kept(tmp_path: Path) -> None:
    tags = ["-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", "arib-std-b67"]
    options = [
        *clips.H264,
        *tags,
        "-x264-params",
        "colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc",
    ]
    source = clips.write_clip(tmp_path / "hlg.mp4", clips.numbered_frames(30), options=options)
    out, _ = scored(probe(source), tmp_path)
    with av.open(str(source)) as before, av.open(str(out)) as after:
        contexts = [c.streams.video[0].codec_context for c in (before, after)]
    first, second = [(c.colorspace, c.color_primaries, c.color_trc, c.color_range) for c in contexts]
    assert first == second
    assert first[1] == 9


def test_a_replay_is_the_same_file(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(make_clip("plain"))
    for suffix in (".mp4", ".mkv"):
        files = []
        for take in ("one", "two"):
            (tmp_path / (take + suffix)).mkdir()
            files.append(scored(clip, tmp_path / (take + suffix), suffix)[0].read_bytes())
        assert files[0] == files[1]


def test_a_clip_that_cannot_be_seen_to_its_end_ends_where_it_can(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(make_clip("plain"))
    write_wav(tmp_path / "music.wav", 2.0)
    composite(clip, tmp_path / "music.wav", tmp_path / "out.mp4", length_s=2.0)
    assert probe(tmp_path / "out.mp4").duration_s == pytest.approx(2.0, abs=2 * clip.frame_s)


def test_a_format_that_cannot_hold_the_picture_is_answered_with_one_that_can(
    make_clip: MakeClip, tmp_path: Path
) -> None:
    clip = probe(make_clip("plain"))
    write_wav(tmp_path / "music.wav", clip.duration_s)
    with pytest.raises(ContainerError, match=r"WebM cannot hold h264 pictures; name the output a\.mp4"):
        composite(clip, tmp_path / "music.wav", tmp_path / "a.webm")
    with pytest.raises(ContainerError, match=r"\.avi is no format that can be written; use \.mp4"):
        composite(clip, tmp_path / "music.wav", tmp_path / "a.avi")
    with pytest.raises(ContainerError, match="without suffix"):
        composite(clip, tmp_path / "music.wav", tmp_path / "a")
    assert [p.name for p in tmp_path.iterdir()] == ["music.wav"]


def test_where_each_codec_goes() -> None:
    assert suffix_for("h264", ".MOV") == ".mov"
    assert suffix_for("h264", ".webm") == suffix_for("h264", ".ts") == ".mp4"
    assert suffix_for("vp8", ".avi") == ".mkv"
    assert suffix_for("gif", ".gif") is None
    assert check_holds(Path("a.M4V"), "hevc") is BY_SUFFIX[".mp4"]


def test_refusals_leave_everything_as_it_was(make_clip: MakeClip, tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(make_clip("plain").read_bytes())
    clip = probe(source)
    wav, taken = tmp_path / "music.wav", tmp_path / "taken.mp4"
    write_wav(wav, clip.duration_s)
    taken.write_bytes(b"mine")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(OutputError, match="exists already"):
        composite(clip, wav, taken)
    with pytest.raises(OutputError, match="is an input itself"):
        composite(clip, wav, source, force=True)
    with pytest.raises(OutputError, match="does not exist"):
        composite(clip, wav, tmp_path / "nowhere" / "out.mp4")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    composite(clip, wav, taken, force=True)
    assert probe(taken).duration_s == pytest.approx(clip.duration_s, abs=1e-3)


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_full_disk_is_one_line_and_leaves_nothing(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(make_clip("plain"))
    write_wav(tmp_path / "music.wav", clip.duration_s)
    script = (
        "import resource, sys; from pathlib import Path; from encoders.clip import probe\n"
        "from encoders.errors import V2MError; from v2m.compositor import composite\n"
        "clip = probe(sys.argv[1]); resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "try: composite(clip, Path(sys.argv[2]), Path(sys.argv[3]))\n"
        "except V2MError as error: print(error); sys.exit(3)\n"
    )
    arguments = [clip.path, tmp_path / "music.wav", tmp_path / "out.mp4"]
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    assert "too large" in done.stdout
    assert done.stdout.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["music.wav"]


def test_every_real_clip_is_scored_without_touching_its_picture(media: Path, tmp_path: Path) -> None:
    from encoders.errors import ClipError

    names = ["bbb_800x640_768kbps_30fps_avc_2b_firstpts_10_sec.mp4", "sample_fragmented.mp4", "fire2.mp4"]
    names += ["bear-vp9-odd-dimensions.webm", "sample_last_cluster.mkv", "no_duration.webm", "SAR-2by3.mp4"]
    for name in names:
        try:
            clip = probe(media / "odd" / name)
        except ClipError:
            pytest.fail(f"{name} is readable")
        (tmp_path / name).mkdir()
        out, sound = scored(clip, tmp_path / name)
        check_fit(clip, out, sound)
