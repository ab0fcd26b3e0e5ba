"""`--generator vqgan` through the whole way, and which generator `auto` takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import v2m
from encoders.clip import probe
from generators import measured
from generators.desk import Desk
from generators.music import MusicError, Voice, WaveMusic
from generators.plan_file import load_plan
from tests import clips
from v2m.request import RequestError, make_wishes
from v2m.waveform import wave_blocks

DURATION_S = 4.0


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "clip.mp4"
    frames = clips.shot_frames((1.6,), DURATION_S)
    return clips.write_clip(path, frames, options=(*clips.H264, "-c:a", "aac"), sound=True)


@pytest.fixture(scope="module")
def made(source: Path) -> tuple[v2m.report.RunReport, Path]:  # type: ignore[name-defined]
    folder = source.parent / "made"
    folder.mkdir()
    report = v2m.soundtrack(
        source,
        folder / "out.mp4",
        generator="vqgan",
        style="electronic",
        key="A minor",
        keep_audio=True,
        wav=folder / "out.wav",
        save_plan=folder / "plan.json",
        report=folder / "report.json",
    )
    return report, folder


def test_it_is_heard_with_the_clips_own_sound_at_its_loudness(made, source: Path) -> None:
    report, folder = made
    samples, rate = soundfile.read(folder / "out.wav")
    assert len(samples) == round(DURATION_S * rate)
    assert report.sound.lufs == pytest.approx(-14.0, abs=0.5)
    assert report.sound.true_peak_dbtp <= -1.0
    assert np.abs(samples[-1]).max() < 1e-3
    assert probe(folder / "out.mp4").duration_s == pytest.approx(DURATION_S, abs=1e-3)
    assert not np.allclose(samples[:, 0], samples[:, 1])  # the room is wide, though the voice is not


def test_the_report_says_where_the_sound_comes_from_and_what_would_be_better(made) -> None:
    told = json.loads((made[1] / "report.json").read_text())
    assert told["sources"]["sound"].startswith("VQ-GAN")
    assert "soundfont" not in told["sources"]
    better = [note for note in told["notes"] if note.startswith("It would sound better with --generator")]
    assert bool(better) == (measured.best_of(measured.measured()) != "vqgan")


def test_a_plan_is_continued_from_without_looking(made, source: Path, tmp_path: Path) -> None:
    report = v2m.soundtrack(
        source,
        tmp_path / "again.mp4",
        plan=made[1] / "plan.json",
        generator="vqgan",
        wav=tmp_path / "again.wav",
    )
    assert "look" not in report.stages_s
    assert any("accents and hits speak for the picture" in note for note in report.notes)
    assert report.music.key == str(load_plan(made[1] / "plan.json").key)
    assert soundfile.info(tmp_path / "again.wav").frames == round(DURATION_S * 48000)


@pytest.mark.parametrize("option", ["stems", "midi", "keep_tracks", "soundfont"])
def test_what_needs_notes_is_refused_in_one_line(source: Path, tmp_path: Path, option: str) -> None:
    with pytest.raises(RequestError, match=f"--{option.replace('_', '-')} is for music made of notes"):
        v2m.soundtrack(source, tmp_path / "out.mp4", generator="vqgan", **{option: tmp_path / "there"})
    assert not list(tmp_path.iterdir())


def sine(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return np.tile(np.sin(2 * np.pi * 441 * t), (channels, 1)).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
def test_blocks_of_a_waveform_join_without_a_seam(channels: int) -> None:
    music = WaveMusic(sine(2.5, 22050, channels), 22050, Voice("Music", "band", 0), 2.5, 2.0)
    blocks = list(wave_blocks(music, 48000, block_s=0.7))
    assert [b.start for b in blocks] == np.cumsum([0, *(b.samples for b in blocks[:-1])]).tolist()
    whole = np.concatenate([b.stems["Music"] for b in blocks], axis=1)
    assert whole.shape == (2, 120_000)
    inner = slice(2000, -2000)
    assert np.abs(whole - sine(2.5, 48000, 2))[:, inner].max() < 1e-3


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (np.zeros(22050, np.float32), "float32"),
        (np.zeros((1, 22050)), "float32"),
        (np.full((1, 22050), np.nan, np.float32), "no numbers"),
        (np.zeros((1, 10), np.float32), "not 1.000 s long|is not 1.000 s"),
    ],
)
def test_a_waveform_that_is_none_is_refused(samples: np.ndarray, said: str) -> None:
    with pytest.raises(MusicError, match=said):
        WaveMusic(samples, 22050, Voice("Music", "band", 0), 1.0, 0.5, Desk())


def test_auto_takes_what_was_measured_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {
        "rhythm": {"lift": 1.3, "apart_db": 4.0, "noise_db": 0.0, "clips": 2},
        "affective": {"lift": 1.4, "apart_db": 4.0, "noise_db": 0.0, "clips": 2},
        "vqgan": {"lift": 2.0, "apart_db": 4.2, "noise_db": 0.1, "clips": 2},
    }
    path = tmp_path / "measured.json"
    path.write_text(json.dumps({"generators": rows}))
    monkeypatch.setattr(measured, "MEASURED", path)
    measured.measured.cache_clear()
    try:
        assert measured.best_of(("rhythm", "affective", "vqgan")) == "vqgan"
        assert measured.best_of(("rhythm", "affective")) == "rhythm"  # better, but not clearly
        assert make_wishes("auto", None, None, None, None, None).generator == "rhythm"
        assert measured.ahead_of("vqgan") == ()
        assert "--generator vqgan" in measured.ahead_of("rhythm")[0]
    finally:
        measured.measured.cache_clear()
