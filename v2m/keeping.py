"""The stages of `v2m.soundtrack` that deal with kept tracks: reading, planning on and writing around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from v2m.midi import MidiError

if TYPE_CHECKING:
    from encoders.clip import Clip
    from generators.kept import KeptTracks
    from generators.music import SymbolicMusic, Voice
    from generators.plan import Plan
    from v2m.report import Run
    from v2m.request import Request

ROUNDING_S = 0.005  # a note so much longer than the picture is no longer


def kept_tracks(clip: Clip, request: Request, run: Run) -> KeptTracks | None:
    """The tracks that are kept, if any are.

    Raises:
        MidiError: if the file cannot be read, holds no note, or plays longer than the clip.
    """
    if request.keep_tracks is None:
        return None
    from v2m.midi_reading import read_tracks

    kept = read_tracks(request.keep_tracks)
    return _within(kept, clip.duration_s, request, run)


def _within(kept: KeptTracks, duration_s: float, request: Request, run: Run) -> KeptTracks:
    """The tracks with what rings beyond the end cut there."""
    if kept.last_start_s >= duration_s:
        raise MidiError(
            f"{request.keep_tracks}: plays until {kept.end_s:.2f} s, the picture lasts {duration_s:.2f} s"
        )
    if kept.end_s > duration_s + ROUNDING_S:
        run.note(f"Kept notes that ring until {kept.end_s:.2f} s end with the picture.")
    return kept.until(duration_s)


def planned_around(plan: Plan, kept: KeptTracks, request: Request, run: Run) -> tuple[Plan, KeptTracks]:
    """The plan in the keys of the kept tracks, and these within the plan's length."""
    from generators.kept import keeps_to
    from generators.kept_grid import own_grid
    from generators.rhythm.kept_key import in_kept_keys

    kept = _within(kept, plan.duration_s, request, run)
    name = request.keep_tracks.name if request.keep_tracks is not None else ""
    if request.plan is None and own_grid(kept, plan.duration_s) is None:
        run.note(f"The notes of {name} do not keep to its tempo map: the bars were found on the notes.")
    elif not keeps_to(plan.grid, kept.onsets_s()):
        run.note(f"The notes of {name} do not keep to the plan's bars: they stay where they are.")
    return (
        plan if request.wishes.key is not None else in_kept_keys(plan, kept, trusted=request.plan is not None)
    ), kept


def composed(plan: Plan, request: Request, kept: KeptTracks | None, run: Run) -> SymbolicMusic:
    """The music of the plan, around what is kept."""
    from generators.rhythm import compose

    with run.stage("compose"):
        music = compose(plan, kept, request.rewrite)
    if kept is not None:
        _tell(music, plan, kept, request, run)
    return music


def _as(name: str, voice: Voice) -> str:
    """A track by its name in the file, and what it is here."""
    as_voice = f" as {voice.name}" if name and name != voice.name else ""
    return f"{name or voice.name}{as_voice} ({voice.role})"


def _tell(music: SymbolicMusic, plan: Plan, kept: KeptTracks, request: Request, run: Run) -> None:
    """Note which tracks are kept, and which are written and where."""
    from generators.rhythm.band import read_band
    from generators.rhythm.kept_lineup import line_up
    from generators.style import load_style

    assert request.keep_tracks is not None
    voices = line_up(read_band(load_style(plan.style)), kept).voices
    names = {voice.name for voice in voices}
    sounding = [v.name for v, track in zip(music.voices, music.score.tracks, strict=True) if len(track.notes)]
    written = [name for name in sounding if name not in names]
    told = ", ".join(_as(track.name, voice) for track, voice in zip(kept.tracks, voices, strict=True))
    run.sources["kept tracks"] = f"{request.keep_tracks}: {told}"
    run.sources["written tracks"] = ", ".join(sounding if request.rewrite else written) or "none"
    if not request.rewrite:
        run.note(f"Kept: {', '.join(v.name for v in voices)}. Written: {', '.join(written) or 'nothing'}.")
        return
    for region in request.rewrite:
        beats = region.beats(plan.grid, plan.duration_s)
        start_s, end_s = (float(plan.grid.knots_s[beat]) for beat in (beats.start, beats.stop))
        run.note(f"Written anew: {start_s:.2f} to {min(end_s, plan.duration_s):.2f} s ({region}).")
    if request.plan is not None and request.seed is None:
        run.note(f"It was written with the plan's own seed, {plan.seed}; another --seed writes it otherwise.")
