"""Sound out of files: on the picture's clock, at the scoring rate, whatever the format."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.errors import ClipError
from tests import clips
from tests.conftest import MakeClip
from tests.v2m.alignment.sounds import clicks
from v2m.alignment.audio import fitted, read_sound, read_track
from v2m.alignment.onsets import SAMPLE_RATE, detect_onsets


def write_wav(path: Path, samples: NDArray[np.float32], rate: int, width: int = 2) -> Path:
    """`[channels, samples]` as whole numbers of `width` bytes; one byte is unsigned."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(samples))
        file.setsampwidth(width)
        file.setframerate(rate)
        scaled = samples.T * 127 + 128 if width == 1 else samples.T * 32767
        file.writeframes(scaled.astype("u1" if width == 1 else "<i2").tobytes())
    return path


@pytest.mark.parametrize("width", [1, 2])
def test_sound_is_mixed_and_resampled(tmp_path: Path, width: int) -> None:
    rate = 44_100
    tone = 0.4 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32)
    path = write_wav(tmp_path / "tone.wav", np.stack([tone, np.zeros_like(tone)]), rate, width)
    samples = read_sound(path)
    assert samples.shape == (SAMPLE_RATE,)
    assert np.abs(samples[2000:-2000]).max() == pytest.approx(0.2, abs=0.01)
    assert samples.mean() == pytest.approx(0.0, abs=2e-3)
    track = read_track(path)
    assert track.samples == pytest.approx(samples)
    assert (track.levels.channels, track.levels.samples) == (2, rate)
    assert track.duration_s == 1.0


@pytest.mark.parametrize("codec", ["aac", "libmp3lame", "libopus", "flac", "pcm_s24le"])
@pytest.mark.parametrize("delay_s", [0.0, 0.5])
def test_sound_keeps_its_place_under_the_picture(tmp_path: Path, codec: str, delay_s: float) -> None:
    """Clicks on known instants of the picture are heard there, after encoding, muxing and a late start."""
    at_s = np.array([0.5, 1.0, 1.7, 2.2])
    sound = write_wav(tmp_path / "clicks.wav", clicks(at_s, 3.0)[None], SAMPLE_RATE)
    picture = clips.write_clip(tmp_path / "picture.mp4", clips.numbered_frames(75), 25)
    path = tmp_path / "both.mkv"
    inputs = ("-i", picture, "-itsoffset", str(delay_s), "-i", sound)
    clips.ffmpeg(*inputs, "-c:v", "copy", "-c:a", codec, "-ar", "48000", path)
    found = detect_onsets(read_track(path, zero_s=0.0).samples)
    assert found == pytest.approx(at_s + delay_s, abs=0.035)


def test_a_clip_that_starts_late_is_read_from_its_first_frame(tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "clicks.wav", clicks([0.5, 2.0], 3.0)[None], SAMPLE_RATE)
    picture = clips.write_clip(tmp_path / "picture.mp4", clips.numbered_frames(75), 25)
    path = tmp_path / "late.mkv"
    clips.ffmpeg("-i", picture, "-i", sound, "-c:v", "copy", "-c:a", "flac", "-output_ts_offset", "2.5", path)
    assert detect_onsets(read_track(path, zero_s=2.5).samples) == pytest.approx([0.5, 2.0], abs=0.035)


def test_sound_is_cut_and_led_on_to_a_length(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "one.wav", np.full((1, 48_000), 0.5, np.float32), 48_000)
    for length_s in (0.5, 2.0):
        track = read_track(path, keep_s=length_s)
        same = fitted(read_sound(path), length_s)
        assert track.samples.shape == same.shape == (length_s * SAMPLE_RATE,)
        np.testing.assert_array_equal(track.samples, same)
        assert not track.samples[SAMPLE_RATE + 100 :].any()
        # How long and how loud it is remains that of all of it.
        assert track.duration_s == 1.0


def test_a_long_sound_takes_little_more_memory_than_its_samples(tmp_path: Path) -> None:
    """A minute of eight channels: 92 MB at their own rate, 5 MB as scoring hears them."""
    path = tmp_path / "long.flac"
    clips.ffmpeg("-f", "lavfi", "-i", "sine=300:r=48000:d=60", "-ac", "8", path)
    program = (
        "import resource, sys; from v2m.alignment.audio import read_track; import soxr, av\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "track = read_track(sys.argv[1], keep_s=60.0)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, len(track.samples))"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    grown_mb, count = map(float, done.stdout.split())
    assert count == 60 * SAMPLE_RATE
    assert grown_mb < 50


def test_what_has_no_sound_says_so_in_one_line(tmp_path: Path, make_clip: MakeClip) -> None:
    text = tmp_path / "text.wav"
    text.write_text("not a sound")
    slow = write_wav(tmp_path / "slow.wav", np.zeros((1, 900), np.float32), 300)
    for path, says in (
        (slow, "300 samples a second"),
        (make_clip("plain"), "no sound"),
        (text, "not a sound file"),
        (tmp_path / "no", "no such file"),
    ):
        with pytest.raises(ClipError, match=says) as caught:
            read_track(path)
        assert "\n" not in str(caught.value)
