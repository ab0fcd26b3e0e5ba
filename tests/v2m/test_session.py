"""Sessions: files that are kept up to date, edited, regenerated, killed and exported."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from encoders.clip import probe
from encoders.errors import V2MError
from encoders.stream import Streams
from generators.kept import KeptTrack
from generators.plan_file import load_plan
from generators.rhythm import compose
from generators.rhythm.splice import bars_of
from tests import clips
from tests.generators.streams_by_hand import curve, cuts
from v2m.midi import write_midi
from v2m.midi_reading import read_tracks
from v2m.session import (
    CancelledError,
    RenderResult,
    Session,
    SessionError,
    export_session,
    load_session,
    open_session,
    regenerate,
    render_session,
    session_status,
)
from v2m.session import settings as settings_file

DURATION_S = 24.0
CUTS_S = (4.0, 8.3, 12.1, 16.2, 20.0)
Notes = set[tuple[float, ...]]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "clip.mp4"
    return clips.write_clip(path, clips.shot_frames(CUTS_S, DURATION_S), options=clips.H264)


@pytest.fixture(scope="module")
def rendered(source: Path) -> Session:
    """A session that was opened and filled; nobody changes it. Its streams were brought, not seen."""
    session = open_session(source, style="piano", seed=3)
    put_streams(session)
    render_session(session)
    return session


@pytest.fixture
def session(rendered: Session, tmp_path: Path) -> Session:
    """A copy of one's own, beside a copy of the clip."""
    shutil.copy2(rendered.clip, tmp_path / rendered.clip.name)
    shutil.copytree(rendered.folder, tmp_path / "clip.v2m")
    return load_session(tmp_path / "clip.v2m")


def put_streams(session: Session) -> None:
    duration_s = probe(session.clip).duration_s
    affect = curve("affect", duration_s, 0.5, valence=[0.1, 0.4], arousal=[-0.2, 0.5], tension=0.2)
    motion = curve("motion", duration_s, 0.2, energy=[0.1, 0.4], raw=0.1, camera=0.0, flux=0.0)
    streams = {s.name: s for s in (cuts(CUTS_S), affect, motion)}
    Streams(streams, duration_s, probe(session.clip).content_hash).save(session.folder / "streams.npz")


def tree(session: Session) -> dict[str, bytes]:
    """Every file but the report (it tells seconds) and the hidden record."""
    files = (p for p in session.folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    return {str(p.relative_to(session.folder)): p.read_bytes() for p in files if p.name != "report.json"}


def edit(session: Session, name: str, change: Callable[[Any], object]) -> None:
    path = session.folder / name
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data, indent=1))


def tracks(session: Session, name: str) -> dict[str, KeptTrack]:
    return {track.name: track for track in read_tracks(session.folder / name).tracks}


def notes(track: KeptTrack, session: Session, bars: set[int], inside: bool) -> Notes:
    """The notes that begin in some bars (from 1), or in all others: to the tick."""
    which = np.isin(bars_of(track, load_plan(session.folder / "plan.json").grid) + 1, sorted(bars))
    columns = (track.start_s, track.duration_s, track.pitch, track.velocity)
    keep = which if inside else ~which
    return set(zip(*(c[keep].tolist() for c in columns), strict=True))


def changed(before: dict[str, bytes], session: Session) -> set[str]:
    after = tree(session)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def made(result: RenderResult) -> list[str]:
    return [one.stage for one in result.made]


def test_a_session_holds_every_stage_and_is_then_up_to_date(rendered: Session) -> None:
    files = tree(rendered)
    named = {"session.json", "streams.npz", "streams.json", "spotting.json", "plan.json", "harmony.json"}
    assert files.keys() >= named | {
        "arrangement.json",
        "melody.mid",
        "music.mid",
        "mix.json",
        "soundtrack.wav",
    }
    assert rendered.scored is not None
    assert probe(rendered.scored).has_sound
    assert set(rendered.stems) == set(tracks(rendered, "music.mid"))
    assert json.loads((rendered.folder / "report.json").read_text())["sound"]["lufs"] == pytest.approx(
        -14, abs=0.5
    )
    assert session_status(rendered).up_to_date
    assert render_session(rendered).made == ()
    assert not [p.name for p in rendered.folder.iterdir() if p.name.startswith(".part")]


def test_its_music_is_that_of_the_one_command_way(rendered: Session, tmp_path: Path) -> None:
    plan = load_plan(rendered.folder / "plan.json")
    direct = read_tracks(write_midi(compose(plan), plan.grid, tmp_path / "direct.mid", plan.sections))
    own = tracks(rendered, "music.mid")
    assert {track.name for track in direct.tracks} == set(own)
    for track in direct.tracks:
        assert notes(track, rendered, set(), inside=False) == notes(
            own[track.name], rendered, set(), inside=False
        )


def move_hit(session: Session) -> tuple[int, set[int]]:
    """Move the third hit by 200 ms; returns it and the bars (from 1) that this may touch."""
    plan = load_plan(session.folder / "plan.json")
    hit = plan.hits[2]
    edit(session, "plan.json", lambda d: d["hits"][2].update(time_s=hit.time_s + 0.2, planned=True))
    after = load_plan(session.folder / "plan.json").hits[2]
    return 2, {hit.bar + 1, after.bar + 1}


def test_a_hit_moved_by_200_ms_touches_its_bars_alone(session: Session) -> None:
    before, was = tree(session), {n: tracks(session, n) for n in ("melody.mid", "music.mid")}
    chords = json.loads(before["harmony.json"])["bars"]
    _, bars = move_hit(session)
    result = render_session(session)
    assert result.yours == ("streams.npz", "plan.json")
    now = tracks(session, "music.mid")
    assert any(
        notes(was["music.mid"][n], session, bars, True) != notes(now[n], session, bars, True) for n in now
    )
    for name in was:
        for track, after in tracks(session, name).items():
            assert notes(was[name][track], session, bars, False) == notes(after, session, bars, False), track
    for row, after in zip(chords, json.loads(tree(session)["harmony.json"])["bars"], strict=True):
        assert row == after or row["bar"] in bars
    # A stem is the same file if its voice has no other note; else it is the same before those bars.
    grid = load_plan(session.folder / "plan.json").grid
    begins = int((grid.bars[min(bars) - 1].start_s - 0.1) * 48000)
    other = 0
    for name, stem in session.stems.items():
        file = f"stems/{name}.wav"
        if tree(session)[file] != before[file]:
            (session.folder / "was.wav").write_bytes(before[file])
            old, new = (soundfile.read(p, dtype="float32")[0] for p in (session.folder / "was.wav", stem))
            assert np.array_equal(old[:begins], new[:begins])
            other += 1
    assert other > 0


def test_a_patched_stem_is_what_playing_all_of_it_gives(session: Session) -> None:
    move_hit(session)
    render_session(session, until="stems")
    patched = {name: soundfile.read(path, dtype="float32")[0] for name, path in session.stems.items()}
    shutil.rmtree(session.folder / "stems")
    render_session(session, until="stems")
    for name, path in session.stems.items():
        assert np.abs(soundfile.read(path, dtype="float32")[0] - patched[name]).max() < 2.0**-24


def test_a_tune_of_ones_own_is_kept_and_accompanied(session: Session) -> None:
    """A note of the melody's file is moved in another program, which writes the file its own way."""
    import mido

    before, was = tree(session), tracks(session, "music.mid")
    path = session.folder / "melody.mid"
    file = mido.MidiFile(path)
    track = next(t for t in file.tracks if any(m.type == "note_on" for m in t))
    third = [i for i, m in enumerate(track) if m.type == "note_on" and m.velocity][2]
    pitch = track[third].note
    end = next(
        i for i, m in enumerate(track) if i > third and m.type in ("note_on", "note_off") and m.note == pitch
    )
    for i in (third, end):
        track[i] = track[i].copy(note=pitch + 2)
    file.save(path)
    own = tracks(session, "melody.mid")
    result = render_session(session, until="music")
    assert "melody.mid" in result.yours
    assert "melody" not in made(result)
    bars = {b for one in result.made if one.stage == "music" for b in one.bars or ()}
    assert len(bars) == 1
    now = tracks(session, "music.mid")
    for name, tune in own.items():
        assert notes(tune, session, set(), False) == notes(now[name], session, set(), False)
    for name in was.keys() - own.keys():
        assert notes(was[name], session, bars, False) == notes(now[name], session, bars, False)
    assert "plan.json" not in changed(before, session)


def test_a_chord_of_ones_own_is_played_in_its_bar(session: Session) -> None:
    was = tracks(session, "music.mid")
    edit(session, "harmony.json", lambda d: d["bars"][3].update(chords=[[1, "F#m7"]]))
    result = render_session(session, until="music")
    assert "harmony.json" in result.yours
    now = tracks(session, "music.mid")
    played = {int(row[2]) % 12 for t in now.values() for row in notes(t, session, {4}, True)}
    assert played <= {6, 9, 1, 4} | {(6 + step) % 12 for step in range(12) if step in (2, 5, 10)}
    assert {6, 9} <= played
    for name, track in was.items():
        assert notes(track, session, {4}, False) == notes(now[name], session, {4}, False)


def test_a_voice_rests_where_the_arrangement_says_so(session: Session) -> None:
    from v2m.session.sheets import read_bars

    rows = json.loads((session.folder / "arrangement.json").read_text())
    name = next(
        r["voice"] for r in rows["voices"] if r["role"] in ("chords", "arpeggio") and r["plays"] != "none"
    )
    plays = {
        bar + 1
        for bar in read_bars(next(r["plays"] for r in rows["voices"] if r["voice"] == name), rows["bars"])
    }
    resting = sorted(plays)[1]

    def rest(data: Any) -> None:
        row = next(r for r in data["voices"] if r["voice"] == name)
        row["plays"] = ", ".join(str(bar) for bar in sorted(plays - {resting}))

    edit(session, "arrangement.json", rest)
    render_session(session, until="music")
    assert notes(tracks(session, "music.mid")[name], session, {resting}, True) == set()
    assert notes(tracks(session, "music.mid")[name], session, {resting}, False)


def test_a_level_touches_its_stem_and_the_mix_alone(session: Session) -> None:
    before = tree(session)
    voice = json.loads(before["mix.json"])["voices"][0]["voice"]
    edit(session, "mix.json", lambda d: d["voices"][0].update(gain_db=d["voices"][0]["gain_db"] - 6))
    render_session(session)
    assert changed(before, session) == {"mix.json", f"stems/{voice}.wav", "soundtrack.wav", "scored.mp4"}


@pytest.mark.parametrize("stage", ["melody", "music", "harmony"])
def test_bars_written_anew_and_no_other(session: Session, stage: str) -> None:
    was, before = tracks(session, "music.mid"), tree(session)
    result = regenerate(session, stage, "3-4", seed=41, until="music")
    now = tracks(session, "music.mid")
    for name in was:
        assert notes(was[name], session, {3, 4}, False) == notes(now[name], session, {3, 4}, False), name
    assert any(notes(was[n], session, {3, 4}, True) != notes(now[n], session, {3, 4}, True) for n in was)
    assert result.made[0].bars == (3, 4)
    assert {"plan.json", "arrangement.json", "mix.json"}.isdisjoint(changed(before, session))
    assert all(
        s.state in ("fresh", "yours")
        for s in session_status(session).stages
        if s.file.endswith((".mid", "json"))
    )


def test_only_the_marked_keys_of_a_region_are_written_anew(session: Session) -> None:
    was = tracks(session, "music.mid")
    name = max(
        was, key=lambda n: len(np.unique(was[n].pitch)) if n not in tracks(session, "melody.mid") else 0
    )
    middle = int(np.median(was[name].pitch))
    regenerate(session, "music", "2-5", voices=[name], pitches=(middle, 127), seed=5, until="music")
    now = tracks(session, "music.mid")
    assert {n: notes(t, session, set(), False) for n, t in was.items() if n != name} == {
        n: notes(t, session, set(), False) for n, t in now.items() if n != name
    }
    low = [
        {row for row in notes(t, session, set(), False) if row[2] < middle} for t in (was[name], now[name])
    ]
    assert low[0] == low[1]


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "plan.json",
            ('"mode": "film"', '"mode": "flim"'),
            "plan.json: line 6: mode 'flim' is none of film, dance",
        ),
        (
            "spotting.json",
            ('"weight": 1.0', '"weight": "big"'),
            'weight must be a number from 0 to 4, not "big"',
        ),
        ("harmony.json", ('"chords": [[1, "', '"chords": [[1, "H'), "chord 'H"),
        (
            "arrangement.json",
            ('"voice": "', '"voice": "The '),
            "arrangement.json: line 6: voice 1: voice 'The ",
        ),
        ("mix.json", ('"pan": ', '"pan": 3'), "mix.json: line 8: voice 1: pan must be a number from -1 to 1"),
        ("session.json", ('"mood": null', '"mood": "glum"'), "session.json: mood 'glum' is none of joyful"),
        ("session.json", ('"lufs": ', '"lusf": '), "session.json: line 18: 'lusf' is none of"),
        ("melody.mid", None, "melody.mid: cannot be read as MIDI"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line_that_names_it(
    session: Session, name: str, change: tuple[str, str] | None, said: str
) -> None:
    path = session.folder / name
    if change is None:
        path.write_bytes(b"no music")
    else:
        text = path.read_text()
        assert change[0] in text
        path.write_text(text.replace(*change, 1))
    before = tree(session)
    with pytest.raises(V2MError) as caught:
        render_session(load_session(session.folder))
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert changed(before, session) == set()


def killed(session: Session, when: Callable[[str, float], bool], at_rename: int | None = None) -> None:
    """Render in a process of its own that is killed with SIGKILL at a step, or just before a rename."""
    child = os.fork()
    if child == 0:
        try:
            if at_rename is not None:
                real, count = Path.replace, iter(range(10_000))

                def replace(self: Path, target: Path) -> Path:
                    if self.parent.name in (".part", "stems") and next(count) == at_rename:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return real(self, target)

                Path.replace = replace  # type: ignore[method-assign]

            def progress(stage: str, share: float) -> None:
                if when(stage, share):
                    os.kill(os.getpid(), signal.SIGKILL)

            render_session(session, progress=progress)
        finally:
            os._exit(0)
    _, how = os.waitpid(child, 0)
    assert os.WIFSIGNALED(how)
    assert os.WTERMSIG(how) == signal.SIGKILL


@pytest.fixture
def begun(rendered: Session, tmp_path: Path) -> Session:
    """A session with streams and nothing else."""
    shutil.copy2(rendered.clip, tmp_path / rendered.clip.name)
    session = open_session(tmp_path / rendered.clip.name, style="piano", seed=3)
    for name in ("streams.npz", "streams.json"):
        shutil.copy2(rendered.folder / name, session.folder / name)
    return session


def test_killed_at_each_stage_nothing_is_lost(begun: Session, rendered: Session) -> None:
    """The same session is killed at one stage after another; each time what was done is still there."""
    done: set[str] = set()
    steps = ["spotting", "plan", "harmony", "arrangement", "melody", "music", "render", "mix", "composite"]
    for step in steps:
        killed(
            begun, lambda stage, share, step=step: stage == step and share >= (0.2 if step == "render" else 0)
        )
        whole = tree(rendered)
        now = {name: data for name, data in tree(begun).items() if not name.startswith(".")}
        finished = {name for name, data in now.items() if whole.get(name) == data}
        assert done <= finished
        assert not session_status(begun).up_to_date
        done = finished
    assert done >= {"plan.json", "music.mid", "mix.json", "soundtrack.wav"}
    assert made(render_session(begun)) == ["scored"]
    assert changed(tree(rendered), begun) == set()


@pytest.mark.parametrize("rename", [0, 2, 5])
def test_killed_between_writing_and_recording_nobody_is_taken_for_a_person(
    begun: Session, rendered: Session, rename: int
) -> None:
    killed(begun, lambda stage, share: False, at_rename=rename)
    result = render_session(begun, until="music")
    assert result.yours == ("streams.npz",)
    assert (begun.folder / "music.mid").read_bytes() == (rendered.folder / "music.mid").read_bytes()


def test_work_that_is_called_off_keeps_what_is_finished(begun: Session) -> None:
    asked: list[str] = []

    def progress(stage: str, share: float) -> None:
        asked.append(stage)

    with pytest.raises(CancelledError):
        render_session(begun, progress=progress, cancelled=lambda: "harmony" in asked)
    stages = {stage.stage: stage.state for stage in session_status(begun).stages}
    assert (stages["plan"], stages["music"]) == ("fresh", "waiting")


def test_two_at_once_are_refused(begun: Session) -> None:
    def progress(stage: str, share: float) -> None:
        with pytest.raises(SessionError, match="another v2m is at work"):
            render_session(begun)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_session(begun, progress=progress)


def test_an_edited_file_stays_and_it_is_said_that_it_is_behind(session: Session) -> None:
    edit(session, "harmony.json", lambda d: d["bars"][3].update(chords=[[1, "F#m7"]]))
    render_session(session, until="harmony")
    edit(session, "plan.json", lambda d: d["bars"][5].update(loudness=0.93))
    row = next(s for s in session_status(session).stages if s.stage == "harmony")
    assert (row.state, row.bars) == ("yours, behind", (6,))
    regenerate(session, "harmony", until="harmony")
    row = next(s for s in session_status(session).stages if s.stage == "harmony")
    assert row.state == "fresh"


def test_old_sessions_are_brought_up_and_newer_ones_refused(
    begun: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = begun.folder / "session.json"
    monkeypatch.setattr(settings_file, "VERSION", 2)
    with pytest.raises(SessionError, match="version 1 of this file is no longer read"):
        load_session(begun.folder)
    monkeypatch.setitem(settings_file.UPGRADES, 1, lambda data: data.update(seed=data["seed"] + 1))
    assert load_session(begun.folder).settings.seed == 4
    path.write_text(path.read_text().replace('"version": 1', '"version": 3'))
    with pytest.raises(SessionError, match="made by a newer version"):
        load_session(begun.folder)


def test_the_score_goes_out_in_whole_bars(rendered: Session, tmp_path: Path) -> None:
    from music21 import converter, harmony

    export_session(
        rendered, musicxml=tmp_path / "a.musicxml", midi=tmp_path / "a.mid", stems=tmp_path / "stems"
    )
    score = converter.parse(tmp_path / "a.musicxml")
    plan = load_plan(rendered.folder / "plan.json")
    own = tracks(rendered, "music.mid")
    assert [part.partName for part in score.parts] == list(own)
    for part in score.parts:
        bars = list(part.getElementsByClass("Measure"))
        assert len(bars) == len(plan.grid.bars)
        for bar, planned in zip(bars, plan.grid.bars, strict=True):
            assert bar.duration.quarterLength == pytest.approx(planned.beats)
    named = {s.figure for s in score.recurse().getElementsByClass(harmony.ChordSymbol)}
    assert len(named) >= 3
    tune = next(iter(tracks(rendered, "melody.mid")))
    written = next(part for part in score.parts if part.partName == tune)
    pitches = {n.pitch.midi for n in written.recurse().notes if n.isNote}
    assert pitches == set(own[tune].pitch.tolist()) or pitches <= set(own[tune].pitch.tolist())
    assert (tmp_path / "a.mid").read_bytes() == (rendered.folder / "music.mid").read_bytes()
    assert {p.stem for p in (tmp_path / "stems").iterdir()} == set(own)
    with pytest.raises(V2MError, match="exists already"):
        export_session(rendered, midi=tmp_path / "a.mid")


def test_given_tracks_are_kept_and_the_others_written_around_them(rendered: Session, tmp_path: Path) -> None:
    session = open_session(
        rendered.clip, tmp_path / "b.v2m", style="piano", keep_tracks=rendered.folder / "melody.mid", seed=8
    )
    put_streams(session)
    render_session(session, until="music")
    given, now = tracks(rendered, "melody.mid"), tracks(session, "music.mid")
    for name, tune in given.items():
        assert np.abs(tune.start_s - now[name].start_s).max() < 0.001
        assert np.array_equal(tune.pitch, now[name].pitch)
    assert now.keys() - given.keys()


def test_what_cannot_be_opened_is_one_line_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    for options, said in (
        ({"mood": "glum"}, "mood 'glum' is none of"),
        ({"curve": "loudness=3:0.2"}, "give two points or more"),
        ({"curve": "noise=0:0.2,3:1"}, "curve 'noise' is none of density"),
        ({"keep_tracks": source}, "cannot be read as MIDI"),
        ({"soundfont": tmp_path / "none.sf2"}, "none.sf2"),
    ):
        with pytest.raises(V2MError, match=said):
            open_session(source, tmp_path / "a.v2m", **options)
    with pytest.raises(SessionError, match="is no session"):
        load_session(tmp_path)
    assert list(tmp_path.iterdir()) == []
