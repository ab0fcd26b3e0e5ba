"""What the page's edits do to a session: what was asked for, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from generators.plan_file import load_plan
from v2m.midi_reading import read_score
from v2m.page.change import change_session
from v2m.page.choices import ChoiceError
from v2m.page.edits import ChangeSection, DeleteHit, Edit, MoveHit, Regenerate
from v2m.page.jobs import MIDI, PLAN
from v2m.page.sheet import Sheet, draw
from v2m.session import Session, load_session, open_session, render_session

Notes = dict[str, list[tuple[float, float, int]]]
Make = Callable[[Edit], tuple[Sheet, Notes]]


@pytest.fixture(scope="module")
def composed(short_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    home = tmp_path_factory.mktemp("edited")
    shutil.copyfile(short_clip, home / "clip.mp4")
    session = open_session(home / "clip.mp4", home / "clip.v2m", style="piano", tempo=150)
    render_session(session)
    return session


def sheet_of(session: Session) -> Sheet:
    return Sheet.of(load_plan(session.folder / PLAN), read_score(session.folder / MIDI))


def notes_of(sheet: Sheet) -> Notes:
    return {track.name: [(round(a, 4), round(b, 4), p) for a, b, p in track.notes] for track in sheet.tracks}


@pytest.fixture
def make(composed: Session, tmp_path: Path) -> Make:
    """Have an edit made on a copy: its sheet and its notes."""

    def made(edit: Edit) -> tuple[Sheet, Notes]:
        edit.check(sheet_of(composed))
        shutil.copyfile(composed.clip, tmp_path / "clip.mp4")
        shutil.copytree(composed.folder, tmp_path / "clip.v2m")
        session = load_session(tmp_path / "clip.v2m")
        result = change_session(session, edit, lambda stage, share: None)
        assert result.report is not None
        sheet = sheet_of(session)
        return sheet, notes_of(sheet)

    return made


def test_a_moved_hit_is_met_where_it_is_wanted(composed: Session, make: Make) -> None:
    before = sheet_of(composed)
    nth = next(k for k, hit in enumerate(before.hits) if hit.planned)
    wanted_s = before.hits[nth].time_s + 0.2
    sheet, _ = make(MoveHit(nth, wanted_s))
    hit = next(hit for hit in sheet.hits if abs(hit.time_s - wanted_s) < 1e-6)
    assert hit.planned
    assert abs(hit.played_s - wanted_s) <= 0.06
    starts = [start for track in sheet.tracks for start, _, _ in track.notes]
    assert min(abs(start - wanted_s) for start in starts) <= 0.08


def test_a_deleted_hit_is_no_longer_met(composed: Session, make: Make) -> None:
    before = sheet_of(composed)
    gone = before.hits[0]
    sheet, _ = make(DeleteHit(0))
    assert [hit.time_s for hit in sheet.hits] == [hit.time_s for hit in before.hits[1:]]
    assert gone.time_s not in [hit.time_s for hit in sheet.hits]


def test_a_section_gets_another_mood(composed: Session, make: Make, tmp_path: Path) -> None:
    make(ChangeSection(0, "angry", None))
    before, after = load_plan(composed.folder / PLAN), load_plan(tmp_path / "clip.v2m" / PLAN)
    bars = range(before.sections[0].start_bar, before.sections[0].end_bar)
    assert all(after.curves.valence[k] < -0.3 for k in bars)
    assert all(after.curves.arousal[k] > 0.5 for k in bars)


def test_locked_tracks_and_other_bars_stay_note_for_note(composed: Session, make: Make) -> None:
    before = sheet_of(composed)
    notes = notes_of(before)
    assert len(before.downbeats_s) >= 2
    locked = max(notes, key=lambda name: len(notes[name]))
    sheet, after = make(Regenerate(1, 1, (locked,)))
    assert after[locked] == notes[locked]
    assert after != notes
    end_s = sheet.downbeats_s[1]
    for name in notes:
        # What leans into the next bar by a player's timing is still of this one.
        later = [note for note in notes[name] if note[0] > end_s + 0.06]
        assert [note for note in after.get(name, []) if note[0] > end_s + 0.06] == later, name


def test_what_is_not_there_cannot_be_changed(composed: Session) -> None:
    sheet = sheet_of(composed)
    names = tuple(track.name for track in sheet.tracks)
    for edit in (
        MoveHit(99, 1.0), MoveHit(-1, 1.0), MoveHit(0, 99.0), MoveHit(0, float("nan")), DeleteHit(99),
        ChangeSection(0, None, None), ChangeSection(9, "sad", None), ChangeSection(0, "x", None),
        ChangeSection(0, None, "../../etc/passwd"), Regenerate(0, 1, ()), Regenerate(2, 1, ()),
        Regenerate(1, 99, ()), Regenerate(1, 1, names), Regenerate(1, 1, ("nobody",)),
    ):  # fmt: skip
        with pytest.raises(ChoiceError):
            edit.check(sheet)


def test_the_sheet_draws_every_hit_and_section_at_its_place(composed: Session) -> None:
    sheet = sheet_of(composed)
    page = draw(sheet, 'film.jpg"><script>')
    assert "<script>" not in page
    assert page.count('class="v-hit ') == len(sheet.hits)
    assert page.count('class="v-section ') == len(sheet.sections)
    for hit in sheet.hits:
        assert f'data-s="{hit.time_s:.3f}"' in page
