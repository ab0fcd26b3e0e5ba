"""Tracks of notes → music: who of the style plays each, and how it is mixed."""

from __future__ import annotations

from generators.kept import PAN, REVERB, KeptTracks
from generators.music import SymbolicMusic
from generators.plan import Plan
from generators.rhythm.band import read_band
from generators.rhythm.compose import desk_of, leveled, write_track
from generators.rhythm.expression import Played
from generators.rhythm.kept_lineup import line_up
from generators.style import load_style


def music_of(plan: Plan, kept: KeptTracks) -> SymbolicMusic:
    """The tracks as music of a plan's style, note for note, each voice at the plan's level.

    Raises:
        PlanError: if the plan's style is unknown or its file lacks something.
    """
    import symusic.core as core

    band = read_band(load_style(plan.style))
    voices = line_up(band, kept).voices
    score = core.ScoreSecond(480)
    for voice, track in zip(voices, kept.tracks, strict=True):
        # Its place in the room is the voice's own business.
        own = [c for c in track.controls if c.number not in (PAN, REVERB) or c.time_s > track.start_s[0]]
        played = Played(track.start_s, track.duration_s, track.pitch, track.velocity)
        score.tracks.append(write_track(voice, played, own))
    voices = tuple(leveled(plan, voice) for voice in voices)
    silences_s = tuple((silence.start_s, silence.end_s) for silence in plan.silences)
    return SymbolicMusic(score, voices, plan.duration_s, desk_of(plan, band), plan.seed, silences_s)
