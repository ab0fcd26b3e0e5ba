"""Against a second implementation, written from the definitions with other libraries and plain loops."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pyloudnorm
import pytest
from numpy.typing import NDArray

import v2m
from demos.make import make
from tests import clips
from tests.v2m.scoring import scenes

REAL = ("chrome.mp4", "aist_dance_original_music.mp4")


def plain_video_peaks(path: Path) -> tuple[list[float], float]:
    """Strict local maxima of the mean Farnebäck magnitude, 180 lines, at least 0.1; and a frame's length."""
    reader = cv2.VideoCapture(str(path))
    fps = reader.get(cv2.CAP_PROP_FPS)
    pictures = []
    while (read := reader.read())[0]:
        height, width = read[1].shape[:2]
        small = cv2.resize(read[1], (round(width * 180 / height), 180), interpolation=cv2.INTER_AREA)
        pictures.append(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
    moved = []
    for first, second in pairwise(pictures):
        flow = cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0)
        moved.append(float(np.mean(np.sqrt(flow[..., 0] ** 2 + flow[..., 1] ** 2))))
    moved = [moved[0], *moved]
    peaks = []
    for i in range(1, len(moved) - 1):
        if moved[i - 1] < moved[i] > moved[i + 1] and moved[i] >= 0.1:
            peaks.append(i / fps)
    return peaks, 1 / fps


def plain_av_align(audio_s: list[float], video_s: list[float], frame_s: float) -> float:
    taken: set[int] = set()
    for onset in audio_s:
        for j, peak in enumerate(video_s):
            if j not in taken and -frame_s < peak - onset < frame_s:
                taken.add(j)
                break
    return len(taken) / (len(audio_s) + len(video_s) - len(taken))


def plain_cut_hits(audio_s: list[float], cuts_s: list[float]) -> float:
    return sum(any(abs(onset - cut) <= 0.08 for onset in audio_s) for cut in cuts_s) / len(cuts_s)


def decoded(path: Path) -> NDArray[np.float64]:
    """The sound as ffmpeg decodes it, `[samples, 2]` at 48 kHz."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-map", "0:a:0"]
    done = subprocess.run(
        [*command, "-f", "f32le", "-ac", "2", "-ar", "48000", "-"], capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, np.float32).reshape(-1, 2).astype(np.float64)


def check(path: Path) -> None:
    score = v2m.score(path)
    assert score.evidence is not None
    onsets = score.evidence.heard.onsets_s.tolist()
    video, frame_s = plain_video_peaks(path)
    assert score["av_align"].score == pytest.approx(plain_av_align(onsets, video, frame_s), abs=0.02)
    cuts = score.evidence.seen.cuts_s.tolist()
    if cuts:
        assert score["cut_hits"].score == pytest.approx(plain_cut_hits(onsets, cuts), abs=1e-9)
        assert score.evidence.cuts_met.mean() == pytest.approx(score["cut_hits"].score)
    loudness = pyloudnorm.Meter(48_000).integrated_loudness(decoded(path))
    assert score["lufs"].score == pytest.approx(loudness, abs=0.2)


def test_a_made_film_with_music(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    make("film", film, height=240, duration_s=8.0)
    rng = np.random.default_rng(5)
    samples = rng.normal(0, 0.02, 8 * scenes.RATE) + scenes.clicks(np.sort(rng.uniform(0, 7.9, 30)), 8.0)
    sound = scenes.write_sound(tmp_path / "music.wav", samples.astype(np.float32))
    path = tmp_path / "both.mp4"
    clips.ffmpeg("-i", film, "-i", sound, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", path)
    check(path)


@pytest.mark.parametrize("name", REAL)
def test_real_clips_with_their_own_sound(media: Path, name: str) -> None:
    check(media / "clips" / name)
