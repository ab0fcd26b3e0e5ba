"""read: every frame that decodes, once, in order, at its own time and the right way up."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders import frames as frames_module
from encoders.clip import Clip, probe
from encoders.errors import ClipError
from encoders.frames import BATCH_FRAMES, FrameBatch, analysed_frames, model_size, read
from tests import clips
from tests.conftest import MakeClip

ROOT = Path(__file__).parents[2]


def _numbers_and_times(batches: list[FrameBatch]) -> tuple[list[int], NDArray[np.float64]]:
    numbers = [clips.read_number(rgb) for batch in batches for rgb in batch.rgb]
    return numbers, np.concatenate([batch.times_s for batch in batches])


# kind → frames made, seconds each
NUMBERED = {
    "plain": (90, 1 / 30),
    "with_sound": (75, 1 / 25),
    "av1": (50, 1 / 25),
    "gif": (20, 1 / 10),
    "vp9": (50, 1 / 25),
    "ten_bit": (50, 1 / 25),
    "avi": (50, 1 / 25),
    "raw_stream": (50, 1 / 25),
    "odd_size": (50, 1 / 25),
    "wide_pixels": (50, 1 / 25),
    "late_start": (90, 1 / 30),
    "cover_picture": (75, 1 / 25),
}


@pytest.mark.parametrize("kind", NUMBERED)
def test_every_frame_comes_once_at_its_time(make_clip: MakeClip, kind: str) -> None:
    count, frame_s = NUMBERED[kind]
    batches = list(read(probe(make_clip(kind)), short_side=96))
    numbers, times_s = _numbers_and_times(batches)
    assert numbers == list(range(count))
    np.testing.assert_allclose(times_s, np.arange(count) * frame_s, atol=0.0011)
    assert max(map(len, batches)) <= BATCH_FRAMES
    assert all(batch.rgb.dtype == np.uint8 and batch.rgb.flags.c_contiguous for batch in batches)


@pytest.mark.parametrize("kind", ["plain", "vfr", "avi"])
def test_a_late_beginning_leaves_out_what_is_not_shown_then(make_clip: MakeClip, kind: str) -> None:
    clip = probe(make_clip(kind))
    all_times_s = np.concatenate([batch.times_s for batch in read(clip, short_side=96)])
    for from_s in (0.0, 0.51, float(all_times_s[20]), 99.0):
        numbers, times_s = _numbers_and_times(list(read(clip, short_side=96, from_s=from_s)))
        first = max(int((all_times_s <= from_s).sum()) - 1, 0)
        np.testing.assert_array_equal(times_s, all_times_s[first:])
        assert numbers == np.searchsorted(clip.frame_times_s, times_s).tolist()


def test_without_decord_pyav_gives_the_same_frames(
    make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = probe(make_clip("plain"))
    by_decord, times_s = _numbers_and_times(list(read(clip, short_side=96)))
    monkeypatch.setitem(sys.modules, "decord", None)
    by_pyav, same_times_s = _numbers_and_times(list(read(clip, short_side=96)))
    assert by_pyav == by_decord == list(range(90))
    np.testing.assert_array_equal(same_times_s, times_s)


def test_variable_frame_rate_thinned_at_its_true_times(make_clip: MakeClip) -> None:
    numbers, times_s = _numbers_and_times(list(read(probe(make_clip("vfr")), short_side=96)))
    np.testing.assert_allclose(times_s, np.asarray(clips.VFR_TIMES_S)[numbers], atol=0.0006)
    assert np.diff(times_s).min() >= 0.03 - 1e-9


def test_sixty_frames_a_second_give_every_second_one(make_clip: MakeClip) -> None:
    numbers, times_s = _numbers_and_times(list(read(probe(make_clip("sixty")), short_side=96)))
    assert numbers == list(range(0, 120, 2))
    np.testing.assert_allclose(times_s, np.arange(60) / 30, atol=1e-3)


def test_frames_hidden_by_an_edit_list_are_not_shown(make_clip: MakeClip) -> None:
    clip = probe(make_clip("edit_list"))
    numbers, times_s = _numbers_and_times(list(read(clip, short_side=96)))
    assert numbers == list(range(numbers[0], 90))
    assert numbers[0] >= 10
    assert len(times_s) == len(clip.frame_times_s)
    assert times_s[0] == 0


# The right way up


def _corner_colours(rgb: NDArray[np.uint8]) -> str:
    """Which colour each corner has, clockwise from the top left: R, G, B or W."""
    height, width = rgb.shape[:2]
    corners = [(1, 1), (1, 3), (3, 3), (3, 1)]
    names = ""
    for row, column in corners:
        red, green, blue = rgb[row * height // 4, column * width // 4].astype(int)
        names += "W" if min(red, green, blue) > 150 else "RGB"[int(np.argmax([red, green, blue]))]
    return names


@pytest.fixture(scope="module")
def corners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corners") / "corners.mp4"
    return clips.write_clip(path, clips.corner_frames(30), 25)


@pytest.mark.parametrize(
    ("clockwise", "mirrored", "expected"),
    [
        (0, False, "RGWB"),
        (90, False, "BRGW"),
        (180, False, "WBRG"),
        (270, False, "GWBR"),
    ],
)
@pytest.mark.parametrize("decoder", ["decord", "pyav"])
def test_turned_clips_come_as_a_player_shows_them(
    tmp_path: Path, corners: Path, clockwise: int, mirrored: bool, expected: str, decoder: str
) -> None:
    clip = probe(clips.rotated(corners, tmp_path / "turned.mp4", clockwise))
    if decoder == "pyav":
        clip = replace(clip, plain=False)
    batch = next(read(clip, short_side=90))
    assert batch.rgb.shape[1:3] == ((90, 160) if clockwise % 180 == 0 else (160, 90))
    assert _corner_colours(batch.rgb[0]) == expected


@pytest.mark.parametrize("clockwise", [0, 90, 180, 270])
def test_mirrored_clips_come_as_ffmpeg_shows_them(tmp_path: Path, corners: Path, clockwise: int) -> None:
    path = clips.rotated(corners, tmp_path / "mirrored.mp4", clockwise, mirrored=True)
    # ffmpeg applies the display matrix when it re-encodes: that is the reference.
    clips.ffmpeg("-i", path, "-frames:v", "20", *clips.H264, tmp_path / "upright.mp4")
    shown = next(read(probe(tmp_path / "upright.mp4"), short_side=90)).rgb[0]
    clip = probe(path)
    assert clip.mirrored
    assert _corner_colours(next(read(clip, short_side=90)).rgb[0]) == _corner_colours(shown)


def test_both_decoders_give_the_same_picture(make_clip: MakeClip) -> None:
    clip = probe(make_clip("square"))
    by_decord = np.concatenate([batch.rgb for batch in read(clip)])
    by_pyav = np.concatenate([batch.rgb for batch in read(replace(clip, plain=False))])
    assert np.abs(by_decord.astype(int) - by_pyav).mean() < 1.0


def test_the_square_is_where_it_was_drawn(make_clip: MakeClip) -> None:
    for batch in read(probe(make_clip("square")), short_side=180):
        for time_s, rgb in zip(batch.times_s, batch.rgb, strict=True):
            columns = np.flatnonzero(rgb[90, :, 0] > 180)
            assert abs(columns[0] - clips.square_left_px(time_s)) <= 1
            assert len(columns) == pytest.approx(clips.SQUARE_PX, abs=2)


# Sizes and thinning


def _sized(width: int, height: int) -> Clip:
    return Clip(
        *(Path("x.mp4"), 1.0, 0.0, width, height, 0, 25.0, np.arange(25) / 25, "h264", "mp4", False, "")
    )


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), (456, 256)),
        ((1080, 1920), (256, 456)),
        ((161, 121), (340, 256)),
        ((1, 1), (256, 256)),
        ((4000, 1000), (1024, 256)),
        ((8000, 1000), (1024, 128)),
        ((2, 10000), (32, 1024)),
    ],
)
def test_model_size(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert model_size(_sized(*size), 256) == expected


def test_thinning_keeps_frames_that_are_only_rounded_closer() -> None:
    milliseconds = np.round(np.arange(300) / 30, 3)
    assert len(analysed_frames(milliseconds, 30.0)) == 300
    assert analysed_frames(np.arange(0, 2, 1 / 120), 30.0).tolist() == list(range(0, 240, 4))
    assert len(analysed_frames(np.arange(50) / 50, 30.0)) == 25
    assert analysed_frames(np.zeros(1), 30.0).tolist() == [0]


# Damage


def test_truncated_clip_gives_the_frames_that_are_there(make_clip: MakeClip) -> None:
    clip = probe(make_clip("truncated"))
    numbers, _ = _numbers_and_times(list(read(clip, short_side=96)))
    assert numbers == list(range(len(clip.frame_times_s)))


def test_where_decord_stops_pyav_goes_on_without_a_gap(
    make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_decord = frames_module._read_decord

    def stops_after_two(*arguments: object) -> object:
        for number, batch in enumerate(by_decord(*arguments)):  # type: ignore[arg-type]
            if number == 2:
                return
            yield batch

    monkeypatch.setattr(frames_module, "_read_decord", stops_after_two)
    numbers, times_s = _numbers_and_times(list(read(probe(make_clip("plain")), short_side=96)))
    assert numbers == list(range(90))
    np.testing.assert_allclose(times_s, np.arange(90) / 30, atol=1e-3)


def test_a_spoiled_stretch_is_left_out_and_the_rest_keeps_its_times(tmp_path: Path) -> None:
    options = ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p")
    whole = clips.write_clip(tmp_path / "whole.mov", clips.numbered_frames(60), 30, options=options)
    # Each JPEG stands alone, so that spoiling one packet costs that frame and no other.
    path = clips.spoil_packets(whole, tmp_path / "spoiled.mov", (30, 31))
    clip = probe(path)
    numbers, times_s = _numbers_and_times(list(read(clip, short_side=96)))
    assert numbers == [n for n in range(60) if n not in (30, 31)]
    np.testing.assert_allclose(times_s, np.asarray(numbers) / 30, atol=1e-3)


def test_a_clip_that_has_gone_since_it_was_probed(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "brief.mp4", clips.numbered_frames(30), 30)
    clip = probe(path)
    path.unlink()
    with pytest.raises(ClipError, match=r"brief\.mp4"):
        list(read(clip))


# Real clips, where there are any

# file → duration, frames that decode; or the words of the refusal
MEDIA: dict[str, tuple[float, int] | str] = {
    "clips/aist_dance_original_music.mp4": (4.867, 146),
    "clips/big_buck_bunny_0_30.webm": (30.0, 720),
    "clips/bigbuckbunny.mp4": (5.28, 132),
    "clips/bikes.mp4": (10.0, 250),
    "clips/bouncing_ball.mp4": (30.0, 900),
    "clips/chaplin.mp4": (9.64, 241),
    "clips/chrome.mp4": (29.997, 899),
    "clips/dancer1.webm": (62.866, 1886),
    "clips/fades.mp4": (10.0, 250),
    "clips/talking_portrait.mp4": (20.08, 502),
    "clips/testvideo.mp4": (24.023, 720),
    "odd/-video-with-dash-.mp4": (5.0, 5),
    "odd/SAR-2by3.mp4": (2.0, 60),
    "odd/audio_only.mkv": "only sound",
    "odd/bbb_800x640_768kbps_30fps_avc_2b_firstpts_10_sec.mp4": (4.0, 120),
    "odd/bear-vp9-odd-dimensions.webm": (1.001, 30),
    "odd/corrupted.mp4": (5.0, 49),
    "odd/fire2.mp4": (2.38, 25),
    "odd/h264-png.mp4": (2.0, 60),
    "odd/hdr10-av1.mp4": (4.238, 127),
    "odd/hlg10-color-test.mp4": "0.30 s",
    "odd/invalid-bitstream.webm": "no frame",
    "odd/long_180p_av1.mp4": (362.767, 10883),
    "odd/no_duration.webm": (4.938, 74),
    "odd/sample_empty_track.mp4": (1.0, 30),
    "odd/sample_fragmented.mp4": (1.001, 30),
    "odd/sample_last_cluster.mkv": (1.0, 30),
    "odd/sample_mdat_too_long.mp4": (1.001, 30),
    "odd/test_yuv422p.mp4": (2.0, 60),
    "odd/unordered.mov": "0.12 s",
    "odd/video_270.mov": "0.10 s",
    "odd/video_90.mov": "0.10 s",
    "odd/video_with_failing_audio.mp4": (11.2, 280),
}


@pytest.mark.parametrize("name", MEDIA)
def test_real_clips(media: Path, name: str) -> None:
    path = media / name
    if not path.exists():
        pytest.skip("not in this folder")
    expected = MEDIA[name]
    if isinstance(expected, str):
        with pytest.raises(ClipError, match=expected):
            probe(path)
        return
    clip = probe(path)
    assert clip.duration_s == pytest.approx(expected[0], abs=1.1 * clip.frame_s if "empty" in name else 0.003)
    shape, count, last_s = None, 0, -1.0
    for batch in read(clip, short_side=48):
        assert shape in (None, batch.rgb.shape[1:])
        assert batch.times_s[0] > last_s
        shape, count, last_s = batch.rgb.shape[1:], count + len(batch), float(batch.times_s[-1])
    assert count == expected[1]
    assert clip.duration_s - last_s < 2.5 * max(clip.frame_s, 1 / 30)


# Memory

# The kernel's high-water mark of the process itself; getrusage would count the parent's, from before exec.
_MEASURE = """
import pathlib, re, sys
from encoders.clip import probe
from encoders.frames import read
clip = probe(sys.argv[1])
frames = sum(len(batch) for batch in read(clip))
peak_kb = int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
print(clip.duration_s, frames, peak_kb // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_an_hour_is_read_in_the_memory_of_a_minute(tmp_path: Path) -> None:
    path = tmp_path / "hour.mp4"
    minute = clips.write_clip(tmp_path / "minute.mp4", clips.shot_frames((20.0, 40.0), 60.0, rate=2), 2)
    clips.ffmpeg("-stream_loop", "59", "-i", minute, "-c", "copy", path)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, path], capture_output=True, text=True, check=True, cwd=ROOT
    )
    duration_s, frames, peak_mb = map(float, done.stdout.split())
    assert duration_s == pytest.approx(3600, abs=1)
    assert frames == 7200
    assert peak_mb < 300
