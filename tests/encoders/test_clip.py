"""probe: what a file holds is read from its packets, whatever its header says."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from encoders.clip import probe
from encoders.errors import ClipError
from tests import clips
from tests.conftest import MakeClip

# kind → duration, number of frames, displayed size
WHOLE = {
    "plain": (3.0, 90, (320, 180)),
    "with_sound": (3.0, 75, (320, 180)),
    "sixty": (2.0, 120, (320, 180)),
    "av1": (2.0, 50, (320, 180)),
    "gif": (2.0, 20, (320, 180)),
    "vp9": (2.0, 50, (320, 180)),
    "ten_bit": (2.0, 50, (320, 180)),
    "avi": (2.0, 50, (320, 180)),
    "raw_stream": (2.0, 50, (320, 180)),
    "odd_size": (2.0, 50, (161, 121)),
    "wide_pixels": (2.0, 50, (360, 180)),
    "late_start": (3.0, 90, (320, 180)),
    "cover_picture": (3.0, 75, (320, 180)),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_whole_clip_is_as_long_as_it_was_made(make_clip: MakeClip, kind: str) -> None:
    duration_s, frames, size = WHOLE[kind]
    clip = probe(make_clip(kind))
    assert clip.duration_s == pytest.approx(duration_s, abs=0.002)
    assert len(clip.frame_times_s) == frames
    assert clip.frame_times_s[0] == 0
    np.testing.assert_allclose(clip.frame_times_s, np.arange(frames) * duration_s / frames, atol=0.0011)
    assert clip.frame_rate == pytest.approx(frames / duration_s, rel=1e-3)
    assert clip.frame_s == pytest.approx(duration_s / frames, abs=0.0011)
    assert (clip.width, clip.height) == size
    assert clip.has_sound == (kind in ("with_sound", "cover_picture"))
    assert clip.rotation == 0
    if kind != "raw_stream":
        assert clip.notes == ()


def test_variable_frame_rate_keeps_true_times(make_clip: MakeClip) -> None:
    clip = probe(make_clip("vfr"))
    np.testing.assert_allclose(clip.frame_times_s, clips.VFR_TIMES_S, atol=0.0006)


def test_start_offset_is_taken_off_the_times_and_kept(make_clip: MakeClip) -> None:
    clip = probe(make_clip("late_start"))
    assert clip.start_s == pytest.approx(1.5, abs=0.001)
    assert clip.frame_times_s[0] == 0


def test_frames_before_an_edit_list_are_not_part_of_the_clip(make_clip: MakeClip) -> None:
    clip = probe(make_clip("edit_list"))
    assert clip.duration_s == pytest.approx(3.0 - 0.3334, abs=0.04)
    assert not clip.plain


def test_cover_art_is_not_the_picture(make_clip: MakeClip) -> None:
    assert probe(make_clip("cover_picture")).codec == "h264"


@pytest.mark.parametrize("clockwise", [90, 180, 270])
def test_rotation_is_clockwise_and_swaps_the_sides(
    tmp_path: Path, make_clip: MakeClip, clockwise: int
) -> None:
    clip = probe(clips.rotated(make_clip("plain"), tmp_path / "turned.mp4", clockwise))
    assert clip.rotation == clockwise
    assert (clip.width, clip.height) == ((320, 180) if clockwise == 180 else (180, 320))
    assert not clip.mirrored


def test_a_file_without_timestamps_says_so(make_clip: MakeClip) -> None:
    clip = probe(make_clip("raw_stream"))
    assert any("no timestamps" in note for note in clip.notes)


def test_truncated_file_gives_what_is_there_and_says_so(make_clip: MakeClip) -> None:
    clip = probe(make_clip("truncated"))
    assert 1.0 < clip.duration_s < 2.5
    assert len(clip.frame_times_s) == round(clip.duration_s * 30)
    assert clip.notes == (
        f"The file is cut short or damaged: {len(clip.frame_times_s)} of 90 frames are there.",
    )


def test_a_webm_that_breaks_off_is_shorter_than_its_header_says(tmp_path: Path, make_clip: MakeClip) -> None:
    clip = probe(clips.cut_short(make_clip("vp9"), tmp_path / "half.webm", 0.5))
    assert clip.duration_s < 1.6
    assert any("claims 2.0 s" in note for note in clip.notes)


def test_a_download_that_ends_in_zeros_is_as_long_as_its_data(tmp_path: Path, make_clip: MakeClip) -> None:
    source = make_clip("plain")
    cut = probe(clips.cut_short(source, tmp_path / "cut.mp4", 0.6))
    zeros = probe(clips.zeroed_tail(source, tmp_path / "zeros.mp4", 0.6))
    assert zeros.duration_s == pytest.approx(cut.duration_s, abs=0.04)
    assert any("of 90 frames are there" in note for note in zeros.notes)


def test_content_hash_is_of_the_bytes_not_of_the_name(tmp_path: Path, make_clip: MakeClip) -> None:
    source = make_clip("plain")
    copy = tmp_path / "-other name.mp4"
    shutil.copy(source, copy)
    expected = hashlib.blake2b(source.read_bytes(), digest_size=16).hexdigest()
    assert probe(source).content_hash == probe(copy).content_hash == expected


def test_a_name_that_starts_with_a_dash(
    tmp_path: Path, make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(make_clip("plain"), tmp_path / "-i.mp4")
    monkeypatch.chdir(tmp_path)
    assert probe("-i.mp4").duration_s == pytest.approx(3.0)


# What cannot be used: one clear line each


def _one_line(path: Path, *words: str) -> None:
    with pytest.raises(ClipError) as caught:
        probe(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("one_frame", ("one frame", "0.5 s")),
        ("too_short", ("0.30 s", "0.5 s")),
        ("sound_only", ("only sound",)),
        ("no_index", ("not a video file",)),
    ],
)
def test_clips_that_cannot_be_used(make_clip: MakeClip, kind: str, words: tuple[str, ...]) -> None:
    _one_line(make_clip(kind), *words)


def test_what_is_not_a_file(tmp_path: Path) -> None:
    _one_line(tmp_path / "nowhere.mp4", "no such file")
    _one_line(tmp_path, "folder")


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    _one_line(path, "empty")


@pytest.mark.parametrize(
    "content",
    [
        b"hello, this is a letter\n" * 50,
        b"\x1b[31mcoloured text\x1b[0m\n" * 50,
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nother.ts\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile other.mp4\n",
        bytes(np.random.default_rng(2).integers(0, 256, 4000, np.uint8)),
        bytes(4000),
    ],
    ids=["text", "ansi", "playlist", "concat", "noise", "zeros"],
)
def test_not_a_media_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.mp4"
    path.write_bytes(content)
    _one_line(path, "not a video file")


def test_a_picture_is_not_a_clip(tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    clips.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64", "-frames:v", "1", path)
    _one_line(path, "one frame")


def test_sound_with_cover_art_is_not_a_clip(tmp_path: Path) -> None:
    path, cover = tmp_path / "song.mp3", tmp_path / "cover.png"
    clips.ffmpeg("-f", "lavfi", "-i", "color=c=red:s=64x64", "-frames:v", "1", cover)
    clips.ffmpeg("-f", "lavfi", "-i", "sine=440:duration=2", "-i", cover, "-map", "0", "-map", "1", path)
    _one_line(path, "only sound")


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    path = tmp_path / "pipe.mp4"
    os.mkfifo(path)
    _one_line(path, "pipe")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read(tmp_path: Path, make_clip: MakeClip) -> None:
    path = tmp_path / "secret.mp4"
    shutil.copy(make_clip("plain"), path)
    path.chmod(0)
    _one_line(path, "Permission denied")


def test_no_frame_that_decodes(tmp_path: Path) -> None:
    path = clips.write_clip(
        tmp_path / "whole.mkv",
        clips.numbered_frames(50),
        25,
        options=("-c:v", "libvpx-vp9", "-cpu-used", "8"),
    )
    data = bytearray(path.read_bytes())
    # Every packet's first byte carries VP9's frame marker (bits 10); without it nothing decodes.
    import av

    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            if packet.size:
                at = data.find(bytes(packet))
                data[at] &= 0x3F
    path.write_bytes(data)
    _one_line(path, "no frame", "decoded")
