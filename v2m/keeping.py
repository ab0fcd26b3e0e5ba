"""The stages of `v2m.soundtrack` that deal with kept tracks: reading, planning on and writing around them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from v2m.midi import MidiError

if TYPE_CHECKING:
    from encoders.clip import Clip
    from encoders.stream import Streams
    from generators.kept import KeptTracks
    from generators.music import Music, SymbolicMusic, Voice, WaveMusic
    from generators.plan import Plan
    from generators.wishes import Wishes
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
    return within_clip(kept, clip.duration_s, request.keep_tracks, run)


def within_clip(kept: KeptTracks, duration_s: float, path: Path, run: Run) -> KeptTracks:
    """The tracks with what rings beyond the end cut there.

    Raises:
        MidiError: if a note begins after the end.
    """
    if kept.last_start_s >= duration_s:
        raise MidiError(f"{path}: plays until {kept.end_s:.2f} s, the picture lasts {duration_s:.2f} s")
    if kept.end_s > duration_s + ROUNDING_S:
        run.note(f"Kept notes that ring until {kept.end_s:.2f} s end with the picture.")
    return kept.until(duration_s)


def planned_around(plan: Plan, kept: KeptTracks, request: Request, run: Run) -> tuple[Plan, KeptTracks]:
    """The plan in the keys of the kept tracks, and these within the plan's length."""
    assert request.keep_tracks is not None
    kept = within_clip(kept, plan.duration_s, request.keep_tracks, run)
    continued = request.plan is not None
    return in_keys_of(plan, kept, request.keep_tracks.name, request.wishes, run, continued=continued), kept


def in_keys_of(
    plan: Plan, kept: KeptTracks, name: str, wishes: Wishes, run: Run, *, continued: bool = False
) -> Plan:
    """The plan in the keys of the kept tracks, unless a key is asked for.

    `name` is what the tracks are called in notes; `continued`: the plan's own keys were settled before.
    """
    from generators.kept import keeps_to
    from generators.kept_grid import own_grid
    from generators.rhythm.kept_key import in_kept_keys

    if not continued and own_grid(kept, plan.duration_s) is None:
        run.note(f"The notes of {name} do not keep to its tempo map: the bars were found on the notes.")
    elif not keeps_to(plan.grid, kept.onsets_s()):
        run.note(f"The notes of {name} do not keep to the plan's bars: they stay where they are.")
    return plan if wishes.key is not None else in_kept_keys(plan, kept, trusted=continued)


def composed(
    plan: Plan, streams: Streams | None, request: Request, kept: KeptTracks | None, run: Run
) -> Music:
    """The music of the plan, around what is kept; or the sound of it, where that is asked for."""
    from generators.rhythm import compose

    asked = request.settings["generator"]
    why = "measured to be the best of those that can" if asked == "auto" else "asked for"
    run.sources["generator"] = f"{request.wishes.generator}, {why}"
    if request.wishes.generator == "vqgan":
        return _as_sound(plan, streams, run)

    with run.stage("compose"):
        music = compose(plan, kept, request.rewrite)
    if kept is not None:
        _tell(music, plan, kept, request, run)
    return music


def _as_sound(plan: Plan, streams: Streams | None, run: Run) -> WaveMusic:
    """What the VQ-GAN makes of the plan and of what moves, and what one should know of it."""
    from generators.measured import ahead_of
    from generators.vqgan.play import play
    from generators.vqgan.weights import shipped_player

    with run.stage("compose") as done:
        player = shipped_player()
        music = play(plan, streams, player, progress=done)
    run.sources["sound"] = player.source
    if streams is None:
        run.note("Nothing was looked at: the plan's accents and hits speak for the picture.")
    run.note(*ahead_of("vqgan"))
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
