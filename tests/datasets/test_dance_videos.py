"""The recipes of dance videos, on tiny made examples of their layouts."""

from __future__ import annotations

import pickle
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from datasets import aist, dance_videos, tiktok
from generators.vqgan.corpus import Piece, read_pieces
from tests.clips import ffmpeg, plain, square_frames, write_clip

RATE = 22_050
LENGTH_S = 4.0
BEAT_S = 0.5


def write_clicks(path: Path, beat_s: float = BEAT_S) -> None:
    """Struck tones on every beat."""
    t = np.arange(int(0.2 * RATE)) / RATE
    struck = np.exp(-25 * t) * (np.sin(2 * np.pi * 220 * t) + np.random.default_rng(0).normal(0, 0.5, len(t)))
    out = np.zeros(int(LENGTH_S * RATE))
    for k in range(int((LENGTH_S - 0.3) / beat_s)):
        at = int((0.1 + k * beat_s) * RATE)
        out[at : at + len(t)] += struck
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((0.6 * out / np.abs(out).max() * 32767).astype("<i2").tobytes())


@pytest.fixture(scope="module")
def danced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of a moving square, with clicks for its music."""
    work = tmp_path_factory.mktemp("danced")
    write_clicks(work / "sound.wav")
    write_clip(work / "picture.mp4", square_frames(LENGTH_S, 15.0, (96, 64)), 15.0)
    ffmpeg("-i", work / "picture.mp4", "-i", work / "sound.wav", "-c:v", "copy", "-c:a", "aac",
           work / "danced.mp4")  # fmt: skip
    return work / "danced.mp4"


def run(recipe: object, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> list[Piece]:
    monkeypatch.setattr(sys, "argv", ["recipe", str(folder), "-o", str(out)])
    recipe.main()  # type: ignore[attr-defined]
    return read_pieces(out)


def test_a_folder_of_videos_gives_their_sound_beats_and_moves(
    danced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(danced.read_bytes())
    plain(folder / "silent.mp4")
    (folder / "notes.txt").write_text("no video")
    (piece,) = run(dance_videos, folder, tmp_path / "mine.safetensors", monkeypatch)
    told = capsys.readouterr()
    assert [line.split(":")[0] for line in told.err.splitlines()] == ["left out", "left out"]
    assert piece.id == "a.mp4"
    assert len(piece.sound) / RATE == pytest.approx(LENGTH_S, abs=0.1)
    assert np.median(np.diff(piece.told.beats_s)) == pytest.approx(BEAT_S, abs=0.03)
    assert piece.moves is not None
    assert np.abs(piece.wave).max() > 0.3


def swinging(frames: int, turn_s: float) -> np.ndarray:
    """[T, 17, 3], a body whose arms come to rest every `turn_s` seconds."""
    t = np.arange(frames) / 60.0
    body = np.zeros((frames, 17, 3))
    body[:, (5, 6), 1], body[:, (11, 12), 1] = 150.0, 100.0
    for joint in (7, 8, 9, 10, 13, 14, 15, 16):
        body[:, joint, 0] = 60.0 * np.cos(np.pi * t / turn_s)
    return body


@pytest.fixture
def aist_folder(danced: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "aist"
    for part in ("videos", "keypoints3d", "splits"):
        (folder / part).mkdir(parents=True)
    for name in ("gBR_sBM_c01_d04_mBR0_ch01", "gHO_sBM_c01_d19_mHO1_ch02", "gHO_sBM_c02_d19_mHO1_ch02",
                 "gPO_sBM_c01_d10_mPO0_ch01", "holiday"):  # fmt: skip
        (folder / "videos" / f"{name}.mp4").write_bytes(danced.read_bytes())
    (folder / "videos" / "holiday_c01_2020.mp4").write_bytes(danced.read_bytes())
    joints = swinging(int(60 * LENGTH_S), 0.6)
    joints[7, 3] = np.nan
    for name in ("gBR_sBM_cAll_d04_mBR0_ch01", "gHO_sBM_cAll_d19_mHO1_ch02"):
        with (folder / "keypoints3d" / f"{name}.pkl").open("wb") as file:
            pickle.dump({"keypoints3d": joints * 0, "keypoints3d_optim": joints}, file)
    (folder / "splits" / "crossmodal_test.txt").write_text("gHO_sBM_cAll_d19_mHO1_ch02\n")
    (folder / "splits" / "crossmodal_train.txt").write_text("gBR_sBM_cAll_d04_mBR0_ch01\n")
    (folder / "ignore_list.txt").write_text("gPO_sBM_cAll_d10_mPO0_ch01\n")
    return folder


def test_aist_is_read_by_its_layout(
    aist_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pieces = {p.id: p for p in run(aist, aist_folder, tmp_path / "aist.safetensors", monkeypatch)}
    assert "holiday_c01_2020 is not named as" in capsys.readouterr().err
    assert set(pieces) == {"gBR_sBM_cAll_d04_mBR0_ch01", "gHO_sBM_cAll_d19_mHO1_ch02"}
    assert pieces["gBR_sBM_cAll_d04_mBR0_ch01"].split == "train"
    assert pieces["gHO_sBM_cAll_d19_mHO1_ch02"].split == "test"
    moves = pieces["gBR_sBM_cAll_d04_mBR0_ch01"].moves
    assert moves is not None
    # The arms rest at the turns of the cosine: every 0.6 s.
    expected = np.arange(1, 6) * 0.6
    assert np.abs(moves.times_s[:, None] - expected).min(0).max() < 0.04
    assert len(moves.times_s) <= 7


def test_a_pickle_that_brings_more_than_arrays_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.pkl"
    path.write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    with pytest.raises(ValueError, match=r"holds no keypoints .*no array"):
        aist.read_keypoints(path)


def test_clips_of_one_song_stay_on_one_side(
    danced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tiktok"
    (folder / "videos").mkdir(parents=True)
    for name in ("one", "two", "three"):
        (folder / "videos" / f"{name}.mp4").write_bytes(danced.read_bytes())
    write_clicks(folder / "videos" / "three.wav", beat_s=0.4)
    (folder / "train.txt").write_text("# clip, music\none.mp4, song-a\nthree.mp4 song-b\n")
    (folder / "test.txt").write_text("two.mp4, song-a\n")
    pieces = {p.id: p for p in run(tiktok, folder, tmp_path / "tiktok.safetensors", monkeypatch)}
    assert {name: p.split for name, p in pieces.items()} == {"one": "test", "two": "test", "three": "train"}
    # The music beside a clip is heard in place of what is in it.
    assert np.median(np.diff(pieces["three"].told.beats_s)) == pytest.approx(0.4, abs=0.03)
