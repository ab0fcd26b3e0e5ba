"""The whole way, on a clip made by code: what comes out, what is said of it, what is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
import soundfile
import symusic

import v2m
from encoders.clip import probe
from encoders.stream import Streams
from generators.grid import PlanError
from generators.plan import make_plan
from generators.plan_file import load_plan, save_plan
from generators.wishes import Wishes
from tests import clips
from tests.conftest import MakeClip
from tests.generators.plans import tiny, waltz
from tests.generators.streams_by_hand import clip as streams_of
from tests.generators.streams_by_hand import curve, cuts
from tests.v2m.test_compositor import packets
from v2m.edit import edit
from v2m.ffmpeg import ffmpeg_path
from v2m.report import RunReport
from v2m.stages import metre_notes

ROOT = Path(__file__).parents[2]
CUTS_S = (2.0, 4.0)
DURATION_S = 6.0


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def by_hand(duration_s: float) -> Streams:
    affect = curve("affect", duration_s, 0.5, valence=0.2, arousal=0.3, tension=0.2)
    return streams_of(duration_s, cuts([t for t in CUTS_S if t < duration_s - 0.5]), affect)


def plan_file(path: Path, duration_s: float = DURATION_S) -> Path:
    return save_plan(make_plan(by_hand(duration_s), Wishes(style="piano")), path)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6 s at 25 frames a second with cuts at 2 and 4 s, and a tone."""
    path = tmp_path_factory.mktemp("source") / "clip.mp4"
    frames = clips.shot_frames(CUTS_S, DURATION_S)
    return clips.write_clip(path, frames, options=(*clips.H264, "-c:a", "aac"), sound=True)


class Made:
    """One run with everything asked for."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.folder = folder
        self.stages: list[tuple[str, float]] = []
        self.report: RunReport = v2m.soundtrack(
            source,
            folder / "out.mp4",
            stems=folder / "stems",
            midi=folder / "out.mid",
            wav=folder / "out.wav",
            save_plan=folder / "plan.json",
            report=folder / "report.json",
            seed=3,
            progress=lambda stage, share: self.stages.append((stage, share)),
        )


@pytest.fixture(scope="module")
def made(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(source, tmp_path_factory.mktemp("made"))


def test_all_that_was_asked_for_is_there_and_nothing_else(made: Made) -> None:
    names = {p.name for p in made.folder.iterdir()}
    assert names == {"out.mp4", "out.mid", "out.wav", "plan.json", "report.json", "stems"}
    assert {Path(p).name for p in made.report.outputs.values()} == names


def test_the_picture_is_untouched_and_the_music_as_long(made: Made, source: Path) -> None:
    out = made.folder / "out.mp4"
    assert packets(out, 0) == packets(source, 0)
    sound = soundfile.info(made.folder / "out.wav")
    assert sound.frames == round(DURATION_S * sound.samplerate)
    assert probe(out).duration_s == pytest.approx(DURATION_S, abs=1e-3)


def test_the_soundtrack_is_at_its_loudness(made: Made) -> None:
    import pyloudnorm

    samples, rate = soundfile.read(made.folder / "out.wav")
    assert pyloudnorm.Meter(rate).integrated_loudness(samples) == pytest.approx(-14.0, abs=0.5)
    assert 20 * np.log10(np.abs(samples).max()) < -1.0
    assert made.report.sound.lufs == pytest.approx(-14.0, abs=0.5)
    assert np.abs(samples[-1]).max() < 1e-3


def test_the_peaks_stay_down_in_the_file_that_people_play(made: Made) -> None:
    """The codec may not undo the limiter: ffmpeg's own meter, on the sound as it is decoded again."""
    command = [ffmpeg_path(), "-hide_banner", "-i", made.folder / "out.mp4", "-af", "ebur128=peak=true"]
    told = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    assert float(told.rsplit("Peak:", 1)[1].split()[0]) <= -1.0


def test_the_cuts_are_planned_and_met(made: Made) -> None:
    plan = load_plan(made.folder / "plan.json")
    for cut_s in CUTS_S:
        hit = min(plan.planned_hits, key=lambda hit: abs(hit.time_s - cut_s))
        assert hit.time_s == pytest.approx(cut_s, abs=0.02)
        assert abs(hit.error_s) < 0.08
    score = symusic.Score(str(made.folder / "out.mid")).to("second")
    onsets_s = np.array([note.time for track in score.tracks for note in track.notes])
    for hit in plan.planned_hits:
        assert np.abs(onsets_s - hit.played_s).min() < 0.01


def test_stems_are_named_by_their_voices_and_as_long_as_the_picture(made: Made) -> None:
    stems = sorted((made.folder / "stems").iterdir())
    tracks = {track.name for track in symusic.Score(str(made.folder / "out.mid")).tracks}
    assert tracks <= {p.stem for p in stems}
    for stem in stems:
        info = soundfile.info(stem)
        assert info.frames == round(DURATION_S * info.samplerate)


def test_the_report_tells_what_was_done(made: Made, source: Path) -> None:
    told = json.loads((made.folder / "report.json").read_text())
    assert told == json.loads(made.report.to_json())
    assert told["clip"]["content_hash"] == probe(source).content_hash
    assert told["music"]["seed"] == 3
    assert told["settings"]["seed"] == 3
    assert {"python", "numpy", "av"} <= set(told["versions"])
    assert {"soundfont", "cuts", "motion", "affect"} <= set(told["sources"])
    assert sum(hit["planned"] for hit in told["music"]["hits"]) >= len(CUTS_S)
    assert told["music"]["sections"][-1]["end_s"] == pytest.approx(DURATION_S, abs=0.6)


def test_every_stage_goes_from_nothing_to_done(made: Made) -> None:
    order = list(dict.fromkeys(stage for stage, _ in made.stages))
    assert order == ["probe", "look", "plan", "compose", "measure", "render and mix", "composite"]
    assert order == list(made.report.stages_s)
    for name in order:
        shares = [share for stage, share in made.stages if stage == name]
        assert shares[0] == 0.0
        assert shares[-1] == 1.0
        assert shares == sorted(shares)


def test_the_plan_that_was_saved_makes_the_same_file_again(made: Made, source: Path, tmp_path: Path) -> None:
    v2m.soundtrack(source, tmp_path / "out.mp4", plan=made.folder / "plan.json")
    assert (tmp_path / "out.mp4").read_bytes() == (made.folder / "out.mp4").read_bytes()


def test_an_edited_plan_is_followed(source: Path, tmp_path: Path) -> None:
    plan = plan_file(tmp_path / "plan.json")
    text = plan.read_text()
    plan.write_text(text.replace(f'"key": "{load_plan(plan).key}"', '"key": "F# minor"'))
    report = v2m.soundtrack(source, tmp_path / "out.mp4", plan=plan, midi=tmp_path / "out.mid", seed=9)
    assert report.music.key == "F# minor"
    assert report.music.seed == 9
    pitches = [
        n.pitch for t in symusic.Score(str(tmp_path / "out.mid")).tracks if not t.is_drum for n in t.notes
    ]
    scale = {6, 8, 9, 11, 1, 2, 4, 5}  # F# minor, with its leading note
    assert np.mean([pitch % 12 in scale for pitch in pitches]) > 0.9
    assert any("another clip" in note for note in report.notes)


def test_the_transformer_writes_chords_that_stand_in_the_plan_and_can_be_changed(
    source: Path, tmp_path: Path
) -> None:
    first, second, midi = tmp_path / "a.json", tmp_path / "b.json", tmp_path / "b.mid"
    report = v2m.soundtrack(source, tmp_path / "a.mp4", generator="affective", save_plan=first)
    assert "transformer" in report.sources["harmony"]
    data = json.loads(first.read_text())
    assert all(row.get("chords") for row in data["bars"] if row["beats_s"][0] < data["final_s"] - 0.01)
    data["bars"][0]["chords"] = [[1, "F#dim7"]]
    del data["bars"][1]["chords"]
    first.write_text(json.dumps(data))
    v2m.soundtrack(source, tmp_path / "b.mp4", generator="affective", plan=first, save_plan=second, midi=midi)
    again = json.loads(second.read_text())
    assert again["bars"][0]["chords"] == [[1, "F#dim7"]]
    assert again["bars"][1]["chords"]
    start, end = (bar["beats_s"][0] for bar in data["bars"][:2])
    tracks = pretty_midi.PrettyMIDI(str(midi)).instruments
    held = [n for t in tracks if not t.is_drum for n in t.notes if start - 0.05 < n.start < end - 0.2]
    inside = [n.pitch % 12 in {6, 9, 0, 3} for n in held]
    assert len(inside) >= 3
    assert np.mean(inside) > 0.7


def test_a_silence_in_the_plan_is_heard_and_told_and_can_be_waved_away(source: Path, tmp_path: Path) -> None:
    plan = plan_file(tmp_path / "plan.json")
    row = '{"start_s": 2.6, "end_s": 4.0, "kind": "breath", "why": "by hand"}'
    plan.write_text(plan.read_text().replace('"silences": []', f'"silences": [{row}]'))
    levels = []
    for name, silences in (("with", "stills"), ("without", "none")):
        wav, stems = tmp_path / f"{name}.wav", tmp_path / name
        out = tmp_path / f"{name}.mp4"
        report = v2m.soundtrack(source, out, plan=plan, wav=wav, stems=stems, silences=silences)
        assert [(s.kind, s.why) for s in report.music.silences] == [("breath", "by hand")] * (
            silences != "none"
        )
        sounds = [soundfile.read(path, always_2d=True)[0] for path in (wav, *stems.iterdir())]
        levels.append([np.abs(sound[round(3.3 * 48000) : round(3.9 * 48000)]).max() for sound in sounds])
    assert max(levels[0]) < 10 ** (-50 / 20) < max(levels[1])


def test_a_plan_for_a_longer_clip_is_refused(source: Path, tmp_path: Path) -> None:
    plan = plan_file(tmp_path / "plan.json", duration_s=9.0)
    before = tree(tmp_path)
    with pytest.raises(PlanError, match=r"plans 9\.00 s of music, the clip has 6\.00 s"):
        v2m.soundtrack(source, tmp_path / "out.mp4", plan=plan)
    assert tree(tmp_path) == before


def test_the_own_sound_is_kept_where_there_is_one(source: Path, make_clip: MakeClip, tmp_path: Path) -> None:
    plan = plan_file(tmp_path / "plan.json")
    v2m.soundtrack(source, tmp_path / "out.mp4", plan=plan, keep_audio=True, wav=tmp_path / "out.wav")
    samples, rate = soundfile.read(tmp_path / "out.wav")
    spectrum = np.abs(np.fft.rfft(samples[:, 0] * np.hanning(len(samples))))
    tone = round(440 * len(samples) / rate)
    assert spectrum[tone - 3 : tone + 4].max() > 10 * np.median(spectrum[tone - 400 : tone + 400])
    short = plan_file(tmp_path / "short.json", duration_s=3.0)
    report = v2m.soundtrack(make_clip("plain"), tmp_path / "mute.mp4", plan=short, keep_audio=True)
    assert "The clip has no sound of its own to keep." in report.notes


def test_a_metre_that_the_clip_is_too_short_for_is_told() -> None:
    said = metre_notes(tiny(), Wishes(metre="3/4"))
    assert said == ("The clip is too short for a bar of 3/4: its music is one of 1 beat.",)
    assert metre_notes(tiny(), Wishes()) == ()
    assert metre_notes(waltz(), Wishes(metre="3/4")) == ()


@pytest.mark.parametrize("kind", ["gif", "truncated"])
def test_what_is_done_otherwise_is_said(make_clip: MakeClip, tmp_path: Path, kind: str) -> None:
    clip = tmp_path / make_clip(kind).name
    clip.write_bytes(make_clip(kind).read_bytes())
    report = v2m.soundtrack(clip)
    scored = Path(report.outputs["scored"])
    assert scored == tmp_path / f"{kind}.scored.mp4"
    out = probe(scored)
    assert abs(out.duration_s - report.sound.duration_s) <= 2 * out.frame_s
    said = "re-encoded to H.264" if kind == "gif" else "could not be decoded|cut short|truncated|ends early"
    assert any(any(words in note for words in said.split("|")) for note in report.notes), report.notes


def test_a_trimmed_and_titled_clip(source: Path, tmp_path: Path) -> None:
    plan = plan_file(tmp_path / "plan.json", duration_s=3.0)
    report = v2m.soundtrack(source, tmp_path / "out.mov", plan=plan, trim="1:4", title="Three seconds")
    out = probe(tmp_path / "out.mov")
    assert out.duration_s == pytest.approx(3.0, abs=out.frame_s)
    assert [s for s in report.stages_s if s in ("trim", "title")] == ["trim", "title"]
    assert sum("re-encoded" in note for note in report.notes) == 1
    # The picture is encoded once, from the source: a copy of a copy would be another.
    once = edit(probe(source), tmp_path / "once.mov", trim=(1.0, 4.0), title="Three seconds")
    assert packets(tmp_path / "out.mov", 0) == packets(once.path, 0)


@pytest.mark.parametrize("when", ["plan", "render and mix", "composite"])
def test_an_interrupt_leaves_nothing(source: Path, tmp_path: Path, when: str) -> None:
    plan = plan_file(tmp_path / "plan.json")
    before = tree(tmp_path)

    def interrupt(stage: str, share: float) -> None:
        if stage == when:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        v2m.soundtrack(
            source,
            tmp_path / "out.mp4",
            plan=plan,
            stems=tmp_path / "stems",
            wav=tmp_path / "out.wav",
            progress=interrupt,
        )
    assert tree(tmp_path) == before
    assert not (tmp_path / "stems").exists()


def program(*arguments: str | Path, before: str = "") -> list[str]:
    text = f"{before}\nimport sys; from v2m.cli import main; sys.argv[0] = 'v2m'; main()"
    return [sys.executable, "-c", text, *map(str, arguments)]


def test_the_program_prints_its_report_and_nothing_else(source: Path, tmp_path: Path) -> None:
    plan = plan_file(tmp_path / "plan.json")
    dashed = tmp_path / "-clip.mp4"
    dashed.write_bytes(source.read_bytes())
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = program("soundtrack", "--plan", plan, "--json", "--", "-clip.mp4")
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert Path(told["outputs"]["scored"]).read_bytes()[4:8] == b"ftyp"
    command = program("soundtrack", "--plan", plan, "--force", "--", "-clip.mp4")
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert "-clip.scored.mp4" in done.stdout
    assert "piano" in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="signals and limits are POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_cleans_up_when_it_is_ended(source: Path, tmp_path: Path, number: signal.Signals) -> None:
    plan = plan_file(tmp_path / "plan.json")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = program("soundtrack", source, "-o", tmp_path / "out.mp4", "--plan", plan)
    running = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    try:
        # Its working files appear once the work has begun.
        give_up = time.monotonic() + 60
        while not list(tmp_path.glob(".v2m-*/*")) and running.poll() is None:
            assert time.monotonic() < give_up
            time.sleep(0.005)
        running.send_signal(number)
        said = running.communicate(timeout=60)[1]
    finally:
        running.kill()
    assert running.returncode == 128 + number, said
    assert said.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.skipif(os.name != "posix", reason="signals and limits are POSIX")
@pytest.mark.parametrize("limit", [4_000, 1_200_000])
def test_a_disk_that_fills_up_is_one_line(source: Path, tmp_path: Path, limit: int) -> None:
    plan = plan_file(tmp_path / "plan.json")
    before = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = program("soundtrack", source, "-o", tmp_path / "out.mp4", "--plan", plan, before=before)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("v2m: ")
    assert ".v2m-" not in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]
