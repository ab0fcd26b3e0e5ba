"""The command and its results: what is asked, what is written down, a folder that goes on, what fails."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi
import pytest
import typer

import v2m
from encoders.errors import MissingModelError, V2MError
from encoders.semantics import ClipModel
from tests import clips
from tests.conftest import MakeClip
from tests.v2m.alignment.pieces import song
from tests.v2m.alignment.sounds import clicks
from tests.v2m.scoring import scenes
from v2m.alignment import music
from v2m.alignment.learned import frechet_distance
from v2m.alignment.music_statistics import describe
from v2m.alignment.onsets import onset_envelope
from v2m.alignment.tempo import estimate_pulse
from v2m.atomic import OutputError
from v2m.cli.app import app
from v2m.scoring import folder
from v2m.scoring.folder import score_folder
from v2m.scoring.request import Request, ScoringError, make_request
from v2m.scoring.result import ClipScore, set_measures, to_csv

ROOT = Path(__file__).parents[3]
LEARNED = ("frechet_audio_distance", "joint_similarity", "prompt_agreement")
EVENTS_S = (0.6, 1.48, 2.0, 3.2, 3.92)


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "v2m", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(program, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes.picture(tmp_path_factory.mktemp("score") / "silent.mp4", EVENTS_S, 5.0)


@pytest.fixture(scope="module")
def clip(silent: Path) -> Path:
    return scenes.with_music(silent, silent.with_name("clip.mp4"), EVENTS_S, 5.0)


@pytest.fixture(scope="module")
def score(clip: Path) -> ClipScore:
    return v2m.score(clip)


# What is asked


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"path": None}, "name a clip"),
        ({"path": None, "audio": "a.wav"}, "--reference"),
        ({"path": None, "audio": "a.wav", "reference": "b.wav", "plan": "p.json"}, "only with a clip"),
        ({"path": "no.mp4"}, "no such file"),
        ({"path": "a.mp4", "shifts": 0}, "at least one shift"),
        ({"path": "a.mp4", "seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_line(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(V2MError, match=says) as caught:
        v2m.score(**asked)
    assert "\n" not in str(caught.value)


def test_a_clip_without_sound_says_how_to_name_music(silent: Path) -> None:
    with pytest.raises(ScoringError, match="--audio"):
        v2m.score(silent)


def test_other_music_is_heard_from_the_first_frame(silent: Path, tmp_path: Path) -> None:
    """As long as the picture whatever its own length, and wherever the clip's timestamps begin."""
    late = clips.remux(silent, tmp_path / "late.mkv", "-output_ts_offset", "3.0")
    music = scenes.write_sound(tmp_path / "music.wav", clicks(EVENTS_S, 9.0))
    score = v2m.score(late, audio=music)
    assert score["lag"].score == pytest.approx(0.0, abs=0.02)
    assert score["length_difference"].score == pytest.approx(4.0, abs=0.05)
    assert score.evidence is not None
    assert len(score.evidence.samples) == round(5.0 * scenes.RATE)


def write_song(path: Path) -> Path:
    """Eight seconds of eighths, at 90 beats a minute in bars of three."""
    song = pretty_midi.PrettyMIDI(initial_tempo=90.0)
    song.time_signature_changes.append(pretty_midi.TimeSignature(3, 4, 0.0))
    piano = pretty_midi.Instrument(program=0)
    for number, start_s in enumerate(np.arange(0.0, 8.0, 0.5)):
        piano.notes.append(pretty_midi.Note(80, 60 + number % 5, start_s, start_s + 0.4))
    song.instruments.append(piano)
    song.write(str(path))
    return path


def test_midi_tells_the_beats(clip: Path, tmp_path: Path) -> None:
    """Those of its tempo and metre, whatever the sound may suggest."""
    score = v2m.score(clip, midi=write_song(tmp_path / "song.mid"))
    assert (score.music.beats_from, score.music.tempo_bpm) == ("MIDI", 90.0)
    assert score.evidence is not None
    pulse = score.evidence.heard.pulse
    assert pulse.beats_s == pytest.approx(np.arange(0.0, 5.0, 60 / 90), abs=1e-3)
    assert pulse.downbeats_s == pytest.approx(np.arange(0.0, 5.0, 2.0), abs=1e-3)
    assert not any("estimated" in note for note in score.notes)


# What comes out


def test_no_score_stands_without_its_chance_level_or_the_reason(score: ClipScore) -> None:
    assert {measure.task for measure in score.measures} >= {"sync", "curves", "affect", "sound"}
    for measure in score.measures:
        assert measure.chance is not None or measure.note or not measure.defined
        if measure.task in ("sync", "curves"):
            assert set(measure.straw) == {"silence", "noise", "metronome"}
        if measure.chance is not None and measure.defined:
            assert math.isfinite(measure.chance.p_value)


def test_silence_and_the_metronome_meet_less_than_music_in_time(score: ClipScore) -> None:
    fit = score["accent_alignment"]
    assert fit.straw["silence"] == 0.0
    assert fit.score > 0.9
    assert fit.score > max(fit.straw["metronome"], fit.straw["noise"]) + 0.2


def test_json_is_plain_and_finite_and_says_what_it_came_from(score: ClipScore, clip: Path) -> None:
    told = json.loads(score.to_json())
    assert (told["format"], told["version"]) == ("v2m-score", 1)
    assert told["clip"]["path"] == str(clip)
    assert told["inputs"]["clip"] == told["clip"]["content_hash"]
    assert told["settings"] == {"shifts": 60, "seed": 0}
    assert {"numpy", "opencv-python"} <= set(told["versions"])
    measure = next(m for m in told["measures"] if m["name"] == "av_align")
    assert set(measure) == {
        *("task", "name", "score", "unit", "better", "count", "chance", "straw", "details", "note")
    }
    assert set(measure["chance"]) == {"mean", "lift", "gain", "p_value"}


def test_the_same_question_has_the_same_answer(score: ClipScore, clip: Path) -> None:
    again = v2m.score(clip).as_dict()
    first = score.as_dict()
    assert again["measures"] == first["measures"]
    assert v2m.score(clip, seed=1).as_dict()["measures"] != first["measures"]


def test_the_metronome_has_the_tempo_that_is_heard() -> None:
    for bpm in (72.0, 100.0, 133.0):
        ticks = np.arange(0.2, 20.0, 60.0 / bpm)
        pulse = estimate_pulse(onset_envelope(clicks(ticks, 20.0)))
        assert pulse.tempo_bpm == pytest.approx(bpm, rel=0.02)
        assert len(pulse.beats_s) == pytest.approx(len(ticks), abs=2)
        assert set(pulse.downbeats_s) <= set(pulse.beats_s)
    assert not len(estimate_pulse(onset_envelope(np.zeros(90_000, np.float32))).beats_s)


def test_csv_has_a_row_a_clip_and_their_means(score: ClipScore) -> None:
    rows = list(csv.DictReader(to_csv([score.as_dict(), score.as_dict()]).splitlines()))
    assert len(rows) == 3
    assert rows[2]["clip"] == "mean of 2"
    assert float(rows[2]["sync.av_align"]) == pytest.approx(score["av_align"].score, abs=1e-6)
    assert float(rows[0]["sync.av_align chance"]) == pytest.approx(score["av_align"].chance.mean, abs=1e-6)  # type: ignore[union-attr]


# The command


def test_the_command_prints_tables_or_json(clip: Path, tmp_path: Path) -> None:
    done = run("score", clip, "--csv", "row.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "accent_alignment" in done.stdout
    assert "chance" in done.stdout
    assert "all: turning the music in time does not change it" in done.stdout
    assert "Traceback" not in done.stderr
    assert len((tmp_path / "row.csv").read_text().splitlines()) == 2
    again = run("score", clip, "--csv", "row.csv", cwd=tmp_path)
    assert again.returncode == 1
    assert "--force" in again.stderr


def test_no_output_takes_the_place_of_what_is_scored(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even with --force: the clip, the music and everything that a folder reads stay as they are."""
    (tmp_path / "c.mp4").write_bytes(clip.read_bytes())
    scenes.write_sound(tmp_path / "m.wav", clicks(EVENTS_S, 5.0))
    held = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.chdir(tmp_path)
    for asked in (
        ("c.mp4", "--csv", "c.mp4"),
        ("c.mp4", "--audio", "m.wav", "--html", "m.wav"),
        (".", "--csv", "c.mp4", "--out", "elsewhere"),
        (".", "--audio", "m.wav", "--csv", "m.wav", "--out", "elsewhere"),
    ):
        with pytest.raises(OutputError, match="is an input itself"):
            app(["score", *asked, "--force"], standalone_mode=False)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == held


def test_a_clip_model_that_is_named_is_used(clip: Path, tiny: ClipModel, tmp_path: Path) -> None:
    """By architecture and file; what it sees shows in the record, and what is not there is one line."""
    score = v2m.score(clip, clip_model=f"{tiny.name}:{tiny.weights}", shifts=2)
    assert score.evidence is not None
    emotion = score.evidence.seen.streams["emotion"]
    assert emotion.says_something
    assert tiny.name in emotion.source
    assert score.as_dict()["models"]["clip"].startswith(f"{tiny.name} tiny.safetensors, ")
    with pytest.raises(MissingModelError, match=r"gone\.pt: no such model file"):
        v2m.score(clip, clip_model=tmp_path / "gone.pt")
    with pytest.raises(MissingModelError, match=r"gone\.task: no such model file"):
        v2m.soundtrack(clip, tmp_path / "out.mp4", pose_model=tmp_path / "gone.task")


@pytest.mark.parametrize("option", [("--out", "results"), ("--jobs", "2")])
def test_options_of_folders_are_refused_for_a_clip(clip: Path, option: tuple[str, str]) -> None:
    with pytest.raises(typer.BadParameter, match="folder of clips"):
        app(["score", str(clip), *option], standalone_mode=False)


def test_sounds_alone_are_compared_by_beats(tmp_path: Path) -> None:
    original = scenes.write_sound(tmp_path / "original.wav", clicks(np.arange(0.3, 6.0, 0.5), 6.0))
    late = scenes.write_sound(tmp_path / "late.wav", clicks(np.arange(3.3, 6.0, 0.5), 6.0))
    done = run("score", "--audio", original, "--reference", original, "--json", cwd=tmp_path)
    scores = {m["name"]: m["score"] for m in json.loads(done.stdout)["measures"] if m["task"] == "beats"}
    assert scores
    assert {score for name, score in scores.items()} == {1.0}
    half = v2m.score(audio=late, reference=original)
    assert half["loris_hits"].score == pytest.approx(0.5, abs=0.1)
    assert half.clip is None
    assert {m.task for m in half.measures} <= {"beats", "learned"}


@pytest.mark.skipif("V2M_DATA" not in os.environ, reason="no data folder (set V2M_DATA)")
def test_the_three_golden_pairs() -> None:
    """The scoring script that the field's numbers come from gives these."""
    pairs = Path(os.environ["V2M_DATA"]) / "beats_scores"
    for name, d2mgan in (("1", 0.8333), ("2", 0.5), ("3", 0.6667)):
        score = v2m.score(
            audio=pairs / f"syn_samples/{name}.wav", reference=pairs / f"ref_samples/{name}.wav"
        )
        assert round(score["d2mgan_coverage"].score, 4) == d2mgan
        assert round(score["d2mgan_hits"].score, 4) == d2mgan
        assert score["loris_coverage"].score == score["loris_hits"].score == 1.0


def test_embeddings_that_are_given_are_compared(tmp_path: Path) -> None:
    """The music's with the reference's, with the picture's, and both with those of the same texts."""
    rng = np.random.default_rng(3)
    rows = {name: rng.normal(size=(12, 6)) for name in ("music", "other", "texts")}
    for name, array in rows.items():
        np.save(tmp_path / f"{name}.npy", array)
    music, other, texts = (tmp_path / f"{name}.npy" for name in rows)
    sound = scenes.write_sound(tmp_path / "sound.wav", clicks([0.5, 1.0], 2.0))
    score = v2m.score(
        audio=sound,
        reference=sound,
        embeddings=(music, other),
        joint_embeddings=(music, music),
        prompt_embeddings=(music, texts, music, texts),
    )
    distance = frechet_distance(rows["music"], rows["other"])
    assert score["frechet_audio_distance"].score == pytest.approx(distance)
    assert score["joint_similarity"].score == pytest.approx(1.0)
    assert score["joint_similarity"].chance is not None
    assert score["prompt_agreement"].score == pytest.approx(1.0)
    assert "joint embeddings 2" in score.inputs
    assert all("--help" in v2m.score(audio=sound, reference=sound)[name].note for name in LEARNED)
    with pytest.raises(V2MError, match=r"none\.npy: cannot be read"):
        v2m.score(audio=sound, reference=sound, embeddings=(music, tmp_path / "none.npy"))
    with pytest.raises(ScoringError, match="are 2 files"):
        v2m.score(audio=sound, reference=sound, embeddings=(music,))


# A folder


def test_a_folder_goes_on_and_tells_what_fails(clip: Path, silent: Path, tmp_path: Path) -> None:
    for source, name in ((clip, "a.mp4"), (silent, "no-sound.mp4")):
        (tmp_path / name).write_bytes(source.read_bytes())
    (tmp_path / "words.mp4").write_text("Dear diary")
    (tmp_path / "notes.txt").write_text("not a clip")
    done = run("score", tmp_path, "--csv", tmp_path / "all.csv", cwd=tmp_path)
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 2, done.stderr
    assert "no-sound.mp4" in lines[0]
    assert "words.mp4" in lines[1]
    assert "means over 1 clips" in done.stdout
    scores = tmp_path / "scores"
    assert [path.name for path in scores.iterdir()] == ["a.mp4.score.json"]
    written = (scores / "a.mp4.score.json").stat().st_mtime_ns

    (tmp_path / "words.mp4").unlink()
    (tmp_path / "no-sound.mp4").unlink()
    again = score_folder(tmp_path, make_request(tmp_path), workers=1)
    assert (again.reused, again.failures) == (1, {})
    assert (scores / "a.mp4.score.json").stat().st_mtime_ns == written
    # Another seed, other bytes, or a model that was not there, is another question.
    place, one = scores / "a.mp4.score.json", tmp_path / "a.mp4"
    (tmp_path / "landmarker.task").write_bytes(b"another model")
    assert folder._is_done(place, make_request(one))
    assert not folder._is_done(place, make_request(one, seed=2))
    assert not folder._is_done(place, make_request(one, pose_model=tmp_path / "landmarker.task"))
    assert not folder._is_done(place, make_request(one, clip_model=tmp_path / "landmarker.task"))
    one.write_bytes(one.read_bytes() + b"more")
    assert not folder._is_done(place, make_request(one))


def test_a_defect_with_one_clip_is_its_own_failure(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def divide(request: Request) -> ClipScore:
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr(folder, "score_request", divide)
    line = folder._score_into(make_request(clip), tmp_path / "one.score.json")
    assert line is not None
    assert "clip.mp4: ZeroDivisionError at test_score.py:" in line
    assert "\n" not in line
    assert not list(tmp_path.iterdir())


def test_companions_are_found_by_name(silent: Path, tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    (tmp_path / "one.mp4").write_bytes(silent.read_bytes())
    (tmp_path / "two.mp4").write_bytes(silent.read_bytes())
    scenes.write_sound(music / "one.wav", clicks(EVENTS_S, 5.0))
    for name in ("one.mid", "two.mid"):
        write_song(music / name)
    request = make_request(tmp_path, audio=music, midi=music)
    done = score_folder(tmp_path, request, out=tmp_path / "out", workers=1)
    assert [piece.length_s for piece in done.pieces] == [pytest.approx(8.0, abs=1e-3)]
    assert [score["music"]["source"] for score in done.scores] == ["one.wav"]
    assert list(done.failures) == ["two.mp4"]
    assert "no file of its name" in done.failures["two.mp4"]


def test_long_clips_are_scored_fewer_at_once(clip: Path, tmp_path: Path) -> None:
    """As many as memory holds of the longest; a file that cannot be read claims none."""
    (tmp_path / "words.mp4").write_text("Dear diary")
    assert folder._length_s(clip) == pytest.approx(5.0, abs=0.1)
    assert folder._length_s(tmp_path / "words.mp4") == 0.0
    assert folder.workers_here(1e9) == 1 <= folder.workers_here(0.0) <= (os.cpu_count() or 1)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match="no video file"):
        score_folder(tmp_path, make_request(tmp_path))


def test_the_notes_of_a_folder_are_compared_as_a_set() -> None:
    """Sets that are too short say so, and one piece is no set."""
    songs = [describe(song(8, seed=seed)) for seed in range(3)]
    told = {m["name"]: m["score"] for m in set_measures([], songs)}
    for measure in music.evaluate_set(songs):
        assert told[measure.name] == (pytest.approx(measure.score, abs=1e-6) if measure.defined else None)
    assert len(told) > 20
    brief = set_measures([], [describe(song(2)), describe(song(2))])
    assert [m["name"] for m in brief] == list(told)
    assert all(m["score"] is None and "too short" in m["note"] for m in brief)
    assert set_measures([], songs[:1]) == []


# Odd clips


def test_fast_and_slow_clips_have_their_own_clock(make_clip: MakeClip, tmp_path: Path) -> None:
    for kind in ("sixty", "vfr"):
        source = make_clip(kind)
        music = scenes.write_sound(tmp_path / f"{kind}.wav", clicks([0.5, 1.0], 2.0))
        score = v2m.score(source, audio=music)
        assert score.evidence is not None
        seen = score.evidence.seen
        assert len(seen.flow.times_s) == len(seen.clip.frame_times_s)
        assert seen.flow.times_s == pytest.approx(seen.clip.frame_times_s)


def test_comparing_takes_two(clip: Path, tmp_path: Path) -> None:
    one = run("compare", clip, cwd=tmp_path)
    assert one.returncode == 1
    assert one.stderr.count("\n") == 1
    assert "at least two" in one.stderr
    music = scenes.write_sound(tmp_path / "off.wav", clicks(np.array(EVENTS_S) + 0.3, 5.0))
    there = scenes.write_sound(tmp_path / "on.wav", clicks(EVENTS_S, 5.0))
    done = run("compare", clip, "--audio", music, "--audio", there, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ranking = json.loads(done.stdout)["ranking"]
    assert [entry["name"].split(" + ")[1] for entry in ranking["entries"]] == ["on.wav", "off.wav"]
    lost = run("compare", clip, "--audio", music, "--audio", there, "--pose-model", "no.task", cwd=tmp_path)
    assert lost.returncode == 1
    assert lost.stderr.count("\n") == 1
    assert "no.task: no such model file" in lost.stderr
