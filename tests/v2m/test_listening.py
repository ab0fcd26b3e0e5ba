"""The clip's own sound is listened to where it is kept, and only there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import encoders.speech
import v2m
from encoders.speech import HOP_S
from encoders.stream import Stream
from generators.wishes import Wishes
from tests.conftest import MakeClip
from v2m.looking import write_plan

WORDS = (0.5, 1.4)


def says_words(blocks: object, duration_s: float) -> Stream:
    """In place of the network, which hears no synthetic voice."""
    times = np.arange(HOP_S / 2, duration_s, HOP_S)
    odds = ((times > WORDS[0]) & (times < WORDS[1])).astype(np.float32)
    return Stream("speech", times, odds[:, None], np.ones(len(times), bool), ("probability",), "", "by hand")


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders.speech, "hear_speech", says_words)


def speech_of(path: Path) -> list[dict[str, float]]:
    found: list[dict[str, float]] = json.loads(path.read_text(encoding="utf-8")).get("speech", [])
    return found


@pytest.mark.usefixtures("spoken")
def test_a_plan_for_sound_that_is_kept_tells_of_its_words(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = make_clip("with_sound")
    kept = write_plan(clip, tmp_path / "kept.json", Wishes(), keep_audio=True)
    (phrase,) = speech_of(tmp_path / "kept.json")
    assert phrase["start_s"] == pytest.approx(WORDS[0], abs=0.1)
    assert phrase["end_s"] == pytest.approx(WORDS[1], abs=0.1)
    assert kept.sources["speech"] == "by hand"
    assert any("Somebody speaks for" in note for note in kept.notes)
    write_plan(clip, tmp_path / "replaced.json", Wishes())
    assert speech_of(tmp_path / "replaced.json") == []


@pytest.mark.usefixtures("spoken")
def test_a_soundtrack_under_words_is_planned_with_them(make_clip: MakeClip, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    made = v2m.soundtrack(make_clip("with_sound"), tmp_path / "out.mp4", keep_audio=True, save_plan=plan)
    assert len(speech_of(plan)) == 1
    assert any("Somebody speaks for" in note for note in made.notes)
    again = v2m.soundtrack(make_clip("with_sound"), tmp_path / "two.mp4", plan=plan)
    assert any("which is not kept" in note for note in again.notes)


def test_sound_without_a_voice_is_told_so(make_clip: MakeClip, tmp_path: Path) -> None:
    """By the network itself, on a tone."""
    made = write_plan(make_clip("with_sound"), tmp_path / "plan.json", Wishes(), keep_audio=True)
    assert "Nobody was heard to speak in the clip's own sound." in made.notes
    assert speech_of(tmp_path / "plan.json") == []
    silent = write_plan(make_clip("plain"), tmp_path / "silent.json", Wishes(), keep_audio=True)
    assert any("no sound of its own" in note for note in silent.notes)
