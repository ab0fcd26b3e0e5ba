"""An edit of a version → its session with that edit in it, brought up to date."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from v2m.page.edits import ChangeSection, DeleteHit, Edit, MoveHit, Regenerate

if TYPE_CHECKING:
    from generators.plan import Plan
    from v2m.session import RenderResult, Session

Progress = Callable[[str, float], None]
PLAN, MUSIC, ARRANGEMENT = "plan.json", "music.mid", "arrangement.json"


def change_session(session: Session, edit: Edit, progress: Progress) -> RenderResult:
    """Make an edit in a session's files, as a person would, and bring the session up to date.

    Raises:
        V2MError: one line, if the music cannot be so.
    """
    from generators.plan_file import load_plan, save_plan
    from v2m.session import render_session

    if isinstance(edit, Regenerate):
        return _write_bars_anew(session, edit, progress)
    place = session.folder / PLAN
    save_plan(_edited(load_plan(place), edit), place)
    return render_session(session, progress=progress)


def _edited(plan: Plan, edit: MoveHit | DeleteHit | ChangeSection) -> Plan:
    from generators.steer import steer
    from generators.wishes import Stretch

    if isinstance(edit, MoveHit):
        moved = replace(plan.hits[edit.number], time_s=edit.to_s, planned=True)
        hits = (*plan.hits[: edit.number], moved, *plan.hits[edit.number + 1 :])
        return replace(plan, hits=tuple(sorted(hits, key=lambda hit: hit.time_s)))
    if isinstance(edit, DeleteHit):
        return replace(plan, hits=plan.hits[: edit.number] + plan.hits[edit.number + 1 :])
    section = plan.sections[edit.number]
    if edit.mood is not None:
        bars = f"bars {section.start_bar + 1}-{section.end_bar}"
        plan = steer(plan, (Stretch.parse(f"{bars} mood={edit.mood}"),))
    return plan if edit.style is None else replace(plan, style=edit.style)


def _write_bars_anew(session: Session, edit: Regenerate, progress: Progress) -> RenderResult:
    """The tune first, where it is free, then the others; the locked tracks are put back note for note."""
    from v2m.session import regenerate, render_session

    music = session.folder / MUSIC
    before = music.read_bytes()
    bars = f"{edit.first}-{edit.last}"
    names, roles = _tracks(music), _roles(session.folder / ARRANGEMENT)
    free = [name for name in names if name not in edit.locked]
    tunes = [name for name in free if roles.get(name) == "melody"]
    others = [name for name in free if roles.get(name) != "melody"]
    result = None
    if tunes:
        result = regenerate(session, "melody", bars, voices=tunes, progress=progress)
    if others:
        result = regenerate(session, "music", bars, voices=others, progress=progress)
    assert result is not None
    if edit.locked and _put_back(music, before, edit.locked):
        result = render_session(session, progress=progress)
    return result


def _roles(arrangement: Path) -> dict[str, str]:
    """Voice → its role, as the arrangement says."""
    rows = json.loads(arrangement.read_text(encoding="utf-8"))["voices"]
    return {row["voice"]: row["role"] for row in rows}


def _tracks(midi: Path) -> list[str]:
    from v2m.midi_reading import read_score

    return list(dict.fromkeys(track.name for track in read_score(midi).tracks))


def _put_back(music: Path, before: bytes, locked: tuple[str, ...]) -> bool:
    """Write tracks of those names as they were before; whether that changed anything.

    The tempo map is the plan's, and it was not touched: a track's ticks mean what they meant.
    """
    import io

    import mido

    old, new = mido.MidiFile(file=io.BytesIO(before)), mido.MidiFile(music)
    kept = {track.name: track for track in old.tracks if track.name in locked}
    changed = [track for track in new.tracks if track.name in kept and list(track) != list(kept[track.name])]
    gone = [name for name in kept if name not in {track.name for track in new.tracks}]
    if not changed and not gone:
        return False
    new.tracks = [kept.get(track.name, track) for track in new.tracks] + [kept[name] for name in gone]
    part = music.with_name(f".{music.name}.part")
    new.save(part)
    part.replace(music)
    return True
