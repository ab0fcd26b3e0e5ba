"""Kept tracks, regions and stretches the whole way: from the file to what is heard, told and left behind."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

import v2m
from encoders.errors import V2MError
from generators.plan import make_plan
from generators.plan_file import load_plan, save_plan
from generators.wishes import Wishes
from tests import clips
from tests.conftest import media_folder
from tests.v2m import midi_by_hand as by_hand
from tests.v2m.test_soundtrack import CUTS_S, DURATION_S, ROOT, program, tree
from tests.v2m.test_soundtrack import by_hand as streams_by_hand
from v2m.midi_reading import read_tracks

BEAT_S = 60 / by_hand.BPM


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "clip.mp4"
    return clips.write_clip(path, clips.shot_frames(CUTS_S, DURATION_S), options=clips.H264)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_plan(streams_by_hand(DURATION_S), Wishes(style="pop"))
    return save_plan(made, tmp_path_factory.mktemp("plan") / "plan.json")


@pytest.fixture(scope="module")
def whole(source: Path, plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The MIDI file of a soundtrack of ours."""
    folder = tmp_path_factory.mktemp("whole")
    v2m.soundtrack(source, folder / "out.mp4", plan=plan, midi=folder / "all.mid")
    return folder / "all.mid"


def sounding(path: Path) -> np.ndarray:
    """bool `[hundredths of a second]`: where a stem is above −50 dB of its peak."""
    samples, rate = soundfile.read(path)
    step = rate // 100
    level = np.abs(samples[: len(samples) // step * step]).reshape(-1, step, 2).max(axis=(1, 2))
    return np.asarray(level > level.max() * 10 ** (-50 / 20))


def test_kept_tracks_sound_as_they_are_and_the_others_with_them(source: Path, tmp_path: Path) -> None:
    """A song of another program under a clip: its notes, its bars, its key, and who plays what."""
    kept = by_hand.write(tmp_path / "song.mid", [by_hand.chords(2), by_hand.kit(2)])
    report = v2m.soundtrack(
        source,
        tmp_path / "out.mp4",
        style="pop",
        keep_tracks=kept,
        midi=tmp_path / "out.mid",
        stems=tmp_path / "stems",
        save_plan=tmp_path / "plan.json",
    )
    before, after = read_tracks(kept), read_tracks(tmp_path / "out.mid")
    for track, name in zip(before.tracks, ("Rhodes", "Drums"), strict=True):
        same = next(t for t in after.tracks if t.name == name)
        assert np.abs(track.start_s - same.start_s).max() < 0.0005
        assert np.abs(track.end_s - same.end_s).max() < 0.0005
        assert np.array_equal(track.pitch, same.pitch)
        assert np.array_equal(track.velocity, same.velocity)
    beats_s = load_plan(tmp_path / "plan.json").grid.beats_s
    assert np.abs(beats_s - BEAT_S * np.arange(len(beats_s))).max() < 2e-4
    assert report.music.key.endswith("major")
    # Heard from its first note on, and silent once its last has rung out.
    heard = sounding(tmp_path / "stems" / "Rhodes.wav")
    assert heard[5:100].mean() > 0.9
    assert not heard[-20:].any()
    assert report.sources["kept tracks"] == f"{kept}: Rhodes (chords), Kit as Drums (drums)"
    written = report.sources["written tracks"].split(", ")
    assert "Bass" in written
    assert not {"Rhodes", "Drums"} & set(written)
    assert any(note.startswith("Kept: Rhodes, Drums. Written: ") for note in report.notes)
    assert {p.stem for p in (tmp_path / "stems").iterdir()} >= {"Rhodes", "Drums", *written}


def test_the_program_writes_a_region_anew_and_nothing_else(
    source: Path, plan: Path, whole: Path, tmp_path: Path
) -> None:
    """Through the command line, with another seed, louder there: ticks outside are the kept file's."""
    out = tmp_path / "out.mid"
    command = program(
        *("soundtrack", source, "-o", tmp_path / "out.mp4", "--plan", plan, "--midi", out),
        *("--keep-tracks", whole, "--rewrite", "bar 2", "--seed", "5", "--at", "bar 2 energy=0.95", "--json"),
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = json.loads(done.stdout)
    grid = load_plan(plan).grid
    first, end = grid.bars[1].start_s, grid.bar_end_s(1)
    assert f"Written anew: {first:.2f} to {end:.2f} s (bar 2)." in told["notes"]
    assert told["settings"]["rewrite"] == ["bar 2"]
    was, now = ({t.name: t for t in read_tracks(path).tracks} for path in (whole, out))
    inside = [0, 0]
    for name in {*was, *now}:
        rows = []
        for i, tracks in enumerate((was, now)):
            if name not in tracks:
                rows.append([])
                continue
            t = tracks[name]
            columns = (t.start_s, t.end_s, t.pitch, t.velocity)
            there = (t.start_s >= first - 0.06) & (t.start_s < end - 0.06)
            inside[i] += int(there.sum())
            rows.append([tuple(c[k] for c in columns) for k in np.flatnonzero(~there)])
        assert rows[0] == rows[1], name
    assert inside[0] != inside[1]
    assert inside[1] > 0


def test_a_plan_of_other_bars_leaves_kept_notes_where_they_are(
    source: Path, plan: Path, tmp_path: Path
) -> None:
    """The plan's bars stay, the notes too, and the report says that they do not meet."""
    kept = by_hand.write(tmp_path / "song.mid", [by_hand.kit(2)], bpm=131.0)
    report = v2m.soundtrack(
        source, tmp_path / "out.mp4", plan=plan, keep_tracks=kept, midi=tmp_path / "out.mid"
    )
    same = next(t for t in read_tracks(tmp_path / "out.mid").tracks if t.name == "Drums")
    assert np.abs(read_tracks(kept).tracks[0].start_s - same.start_s).max() < 0.0006
    assert any("do not keep to the plan's bars" in note for note in report.notes)


def test_notes_that_ring_beyond_the_picture_end_with_it(source: Path, plan: Path, tmp_path: Path) -> None:
    lines = [by_hand.Line("Flute", 0, 73, [(0.0, 4.0, 74, 90), (8.0, 40.0, 76, 90)])]
    kept = by_hand.write(tmp_path / "song.mid", lines)
    report = v2m.soundtrack(
        source, tmp_path / "out.mp4", plan=plan, keep_tracks=kept, wav=tmp_path / "out.wav"
    )
    assert any("end with the picture" in note for note in report.notes)
    assert soundfile.info(tmp_path / "out.wav").duration == pytest.approx(DURATION_S, abs=1e-3)


BEYOND = [by_hand.Line("Flute", 0, 73, [(0.0, 4.0, 74, 90), (40.0, 4.0, 76, 90)])]


@pytest.mark.parametrize(
    ("lines", "options", "said"),
    [
        ([], {}, "song.mid: holds no note"),
        (None, {}, "song.mid: cannot be read as MIDI"),
        (BEYOND, {}, "song.mid: plays until 25.38 s, the picture lasts 6.00 s"),
        ([by_hand.kit(2)], {"rewrite": ["bars 1-2", "bar 2"]}, "bars 1-2 and bar 2 overlap"),
        ([by_hand.kit(2)], {"rewrite": "9:12"}, "9:12 s: begins after the clip's 6.00 s"),
        ([by_hand.kit(2)], {"rewrite": "bar 99"}, "bar 99: the music has"),
        ([by_hand.kit(2)], {"rewrite": "somewhere"}, "write seconds, as 12.5:20, or bars"),
        ([by_hand.kit(2)], {"keep_tracks": None, "rewrite": "1:2"}, "name them with --keep-tracks"),
        ([by_hand.kit(2)], {"at": "9:12 mood=sad"}, "9:12 s: begins after the clip's 6.00 s"),
        ([by_hand.kit(2)], {"at": "1:2 mood=glum"}, "mood 'glum' is none of"),
        ([by_hand.kit(2)], {"at": ["0:3 mood=sad", "2:5 density=1"]}, "0:3 and 2:5 overlap"),
        ([by_hand.kit(2)], {"midi": "song.mid", "force": True}, "song.mid"),
        ([by_hand.kit(2)], {"keep_tracks": "none.mid"}, "none.mid: cannot be read as MIDI (No such file"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(
    source: Path,
    plan: Path,
    tmp_path: Path,
    lines: list[by_hand.Line] | None,
    options: dict[str, object],
    said: str,
) -> None:
    kept = tmp_path / "song.mid"
    if lines is None:
        kept.write_bytes(b"MThd and so on")
    else:
        by_hand.write(kept, lines)
    before = tree(tmp_path)
    given = {"keep_tracks": kept, **options}
    for name in ("midi", "keep_tracks"):
        if isinstance(given.get(name), str):
            given[name] = tmp_path / str(given[name])
    with pytest.raises(V2MError) as caught:
        v2m.soundtrack(source, tmp_path / "out.mp4", plan=plan, **given)  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert tree(tmp_path) == before


@pytest.mark.skipif(media_folder() is None, reason="no folder of real clips (set V2M_MEDIA)")
def test_a_real_clip_keeps_its_drums(media: Path, tmp_path: Path) -> None:
    """Eight seconds of a real film around a drummer: the bass is with the kick."""
    clip = min(
        (p for p in media.rglob("*.mp4") if p.stat().st_size > 400_000), key=lambda p: p.stat().st_size
    )
    kept = by_hand.write(tmp_path / "song.mid", [by_hand.kit(3)])
    v2m.soundtrack(
        clip,
        tmp_path / "out.mp4",
        style="pop",
        trim="0:8",
        keep_tracks=kept,
        at="0: energy=0.7",
        midi=tmp_path / "out.mid",
    )
    tracks = {t.name: t for t in read_tracks(tmp_path / "out.mid").tracks}
    kicks = tracks["Drums"].start_s[tracks["Drums"].pitch == 36]
    bass = tracks["Bass"].start_s
    near = np.abs(bass[:, None] - kicks[None, :]).min(axis=1)
    during = bass < kicks.max() + 0.1
    assert during.sum() >= 4
    assert np.mean(near[during] < 0.03) >= 0.8
