"""The stages of a session, in order: which files each makes, what it reads, and how.

The work itself is that of `v2m.stages`, `generators` and `v2m.mix`, as in `v2m.soundtrack`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from v2m.session import bars, sounding, writing
from v2m.session.ledger import Inputs, digest
from v2m.session.settings import KEPT
from v2m.session.work import Work

Make = Callable[[Work, "frozenset[int] | None", Path], None]


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        name: what a person calls it.
        file: the file it makes, in the session's folder, which a person may edit.
        beside: others that it makes with it.
        inputs: digests of what it reads.
        make: writes its files into a folder; for some bars only (counted from 0) if it is given any.
        told: whether `make` tells of its progress itself.
    """

    name: str
    file: str
    inputs: Callable[[Work], Inputs]
    make: Make
    beside: tuple[str, ...] = ()
    told: bool = False


def _streams_inputs(work: Work) -> Inputs:
    return Inputs(digest(work.clip.content_hash, work.models.told(), work.settings.keep_audio))


def _look(work: Work, _: frozenset[int] | None, into: Path) -> None:
    from v2m.stages import listened_to, looked_at

    streams = looked_at(work.clip, work.models, work.run)
    if work.settings.keep_audio:
        streams = listened_to(work.clip, streams, work.run)
    streams.save(into / "streams.npz")


def _spotting_inputs(work: Work) -> Inputs:
    return Inputs(digest(work.ledger.content("streams.npz"), work.settings.mode))


def _spot(work: Work, _: frozenset[int] | None, into: Path) -> None:
    from generators.cue_sheet import cue_sheet_to_json, spot

    sheet = spot(work.streams, work.settings.wishes)
    (into / "spotting.json").write_text(cue_sheet_to_json(sheet), "utf-8")


def _plan_inputs(work: Work) -> Inputs:
    kept = work.ledger.content(KEPT) if work.settings.keep_tracks else None
    files = (work.ledger.content("streams.npz"), work.ledger.content("spotting.json"), kept)
    return Inputs(digest(*files, work.settings.wishes))


def _plan(work: Work, _: frozenset[int] | None, into: Path) -> None:
    from generators.plan_file import save_plan
    from v2m.keeping import in_keys_of
    from v2m.stages import plan_of

    wishes, kept = work.settings.wishes, work.kept
    plan = plan_of(work.streams, wishes, kept, work.run, work.cues)
    if kept is not None:
        plan = in_keys_of(plan, kept, KEPT, wishes, work.run)
    save_plan(plan, into / "plan.json")


def _on_plan(work: Work) -> Inputs:
    plan = bars.of_plan(work.plan)
    kept = work.ledger.content(KEPT) if work.settings.keep_tracks else None
    return Inputs(digest(plan.whole, kept), plan.bars)


def _melody_inputs(work: Work) -> Inputs:
    plan, count = _on_plan(work), len(work.plan.grid.bars)
    roles = work.voices
    singing = {name: at for name, at in work.playing.items() if roles[name] == "melody"}
    chords = bars.of_chords(work.chords, count)
    return bars.together(plan.whole, plan.bars, chords, bars.of_players(singing, count))


def _music_inputs(work: Work) -> Inputs:
    plan, count = _on_plan(work), len(work.plan.grid.bars)
    chords, players = bars.of_chords(work.chords, count), bars.of_players(work.playing, count)
    return bars.together(plan.whole, plan.bars, chords, players, bars.of_notes(work.melody, work.plan))


def _mix_inputs(work: Work) -> Inputs:
    kept = work.music
    voices = () if kept is None else tuple((track.name, track.program) for track in kept.tracks)
    asked = work.settings.lufs, work.settings.keep_audio
    return Inputs(digest(work.plan.style, voices, *asked, work.plan.levels))


def _mix(work: Work, _: frozenset[int] | None, into: Path) -> None:
    from generators.music import SymbolicMusic
    from generators.rhythm.kept_music import music_of
    from v2m.session.sheets import mix_to_json

    kept, loudness = work.music, work.settings.loudness
    if kept is None:
        import symusic.core as core

        music = SymbolicMusic(core.ScoreSecond(480), (), work.plan.duration_s)
    else:
        music = music_of(work.plan, kept)
    text = mix_to_json(music, loudness.lufs, loudness.keep_audio, loudness.duck_db)
    (into / "mix.json").write_text(text, "utf-8")


def _soundtrack_inputs(work: Work) -> Inputs:
    music = sounding.mixed_music(work)
    voices = () if music is None else music.voices
    stems = [work.ledger.content(sounding.stem_file(voice.name)) for voice in voices]
    settings = sounding.mix_settings(work, music)
    desk = None if music is None else (music.desk, music.silences_s)
    heard = work.clip.content_hash if settings.keep_audio else ""
    return Inputs(digest(stems, voices, sorted(work.mix.faders.items()), settings, desk, heard))


def _soundtrack(work: Work, _: frozenset[int] | None, into: Path) -> None:
    sound = sounding.mix_stems(work, into)
    work.ledger.sound = (sound.sample_rate, sound.samples, sound.lufs, sound.true_peak_dbtp)


def _scored_inputs(work: Work) -> Inputs:
    return Inputs(digest(work.ledger.content("soundtrack.wav"), work.clip.content_hash))


WRITTEN = (
    Stage("streams", "streams.npz", _streams_inputs, _look, beside=("streams.json",), told=True),
    Stage("spotting", "spotting.json", _spotting_inputs, _spot),
    Stage("plan", "plan.json", _plan_inputs, _plan, told=True),
    Stage("harmony", "harmony.json", _on_plan, writing.write_harmony),
    Stage("arrangement", "arrangement.json", _on_plan, writing.write_arrangement),
    Stage("melody", "melody.mid", _melody_inputs, writing.write_melody),
    Stage("music", "music.mid", _music_inputs, writing.write_music),
    Stage("mix", "mix.json", _mix_inputs, _mix),
)
"""What is written before anything sounds."""
SOUNDTRACK = Stage("soundtrack", "soundtrack.wav", _soundtrack_inputs, _soundtrack, told=True)
STEMS, SCORED, REPORT = "stems", "scored", "report"
NAMES = (*(stage.name for stage in WRITTEN), STEMS, SOUNDTRACK.name, SCORED, REPORT)
"""All stages, in order."""


def scored_stage(work: Work) -> Stage:
    """The last stage; its file is named after the clip's own format."""

    def make(work: Work, _: frozenset[int] | None, into: Path) -> None:
        sounding.put_under_picture(work, into)

    return Stage(SCORED, sounding.scored_name(work), _scored_inputs, make, told=True)
