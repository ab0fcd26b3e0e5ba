"""The stages in which music is heard: one stem a voice, kept; their mix; the clip with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from v2m.session.ledger import Inputs, digest
from v2m.session.work import Work

if TYPE_CHECKING:
    from encoders.clip import Clip
    from generators.music import SymbolicMusic, Voice
    from v2m.mix import MixSettings, Soundtrack
    from v2m.render import StemBlock

BLOCK_S = 2.5
LEVELS = (7, 11)  # volume and expression: these are applied to the sound, not to its notes
SUSTAIN = 64
CHOKING_S = 1.0  # a note may be choked by one that comes so soon after its block
NOTE = ("time", "duration", "pitch", "velocity")
PICTURE = ".picture.mov"
"""The picture re-encoded, where its packets cannot be copied."""


def mixed_music(work: Work) -> SymbolicMusic | None:
    """What is to be played, with voices as `mix.json` has them; None if there is no note."""
    from generators.rhythm.kept_music import music_of

    kept = work.music
    return None if kept is None else work.mix.mixed(music_of(work.plan, kept))


def stem_file(voice: str) -> str:
    """Where a voice's stem is."""
    from v2m.mix import stem_name

    return f"stems/{stem_name(voice)}.wav"


def stem_inputs(work: Work) -> dict[str, Inputs]:
    """Voice → digests of all that its stem is made from; its `bars` are the blocks of `BLOCK_S`."""
    music = mixed_music(work)
    if music is None:
        return {}
    found = work.font.path.stat()
    shared = (music.duration_s, music.seed, str(work.font.path), found.st_size, found.st_mtime_ns)
    struck = [block_notes(music, i) for i, voice in enumerate(music.voices) if voice.is_drum]
    kicks = [digest(*row) for row in zip(*struck, strict=True)]
    inputs = {}
    for i, voice in enumerate(music.voices):
        # The room is not in the stem.
        whole = digest(replace(voice, reverb=0.0), music.desk.pump, block_moves(music, i), *shared)
        blocks = block_notes(music, i)
        if voice.strip.pump and kicks:
            blocks = tuple(digest(*row) for row in zip(blocks, kicks, strict=True))
        inputs[voice.name] = Inputs(whole, blocks)
    return inputs


def block_notes(music: SymbolicMusic, index: int) -> tuple[str, ...]:
    """One digest a block: the notes that begin in it or soon after, and the volume that is set."""
    columns = music.score.tracks[index].notes.numpy()
    starts_s = columns["time"].astype(np.float64)
    volume = [(c.time, c.number, c.value) for c in music.score.tracks[index].controls if c.number in LEVELS]
    made = []
    for block in range(math.ceil(music.duration_s / BLOCK_S)):
        here = (starts_s >= block * BLOCK_S) & (starts_s < (block + 1) * BLOCK_S + CHOKING_S)
        now = [move for move in volume if block * BLOCK_S <= move[0] < (block + 1) * BLOCK_S]
        before = {number: value for time_s, number, value in volume if time_s < block * BLOCK_S}
        made.append(digest(*(columns[name][here].tobytes() for name in NOTE), now, sorted(before.items())))
    return tuple(made)


def block_moves(music: SymbolicMusic, index: int) -> str:
    """A digest of what moves notes that began long before: wheel, bends, the pedal and what it holds."""
    track = music.score.tracks[index]
    if len(track.pedals) or any(c.number == SUSTAIN for c in track.controls):
        return digest(_all_notes(music, index))
    moves = [(c.time, c.number, c.value) for c in track.controls if c.number not in LEVELS]
    return digest(moves, [(b.time, b.value) for b in track.pitch_bends])


def _all_notes(music: SymbolicMusic, index: int) -> str:
    track = music.score.tracks[index]
    columns = track.notes.numpy()
    return digest(
        *(columns[name].tobytes() for name in NOTE),
        [(c.time, c.number, c.value) for c in track.controls],
        [(p.time, p.duration) for p in track.pedals],
        [(b.time, b.value) for b in track.pitch_bends],
    )


def play_stems(
    work: Work, whole: Collection[str], parts: Mapping[str, frozenset[int]], into: Path
) -> list[str]:
    """Render stems, each voice through its channel, at its level and place, as float WAVs.

    Args:
        work: the session.
        whole: voices that are played from beginning to end.
        parts: voices of which only some blocks have changed: these are played, until what is heard is again
            what it was before.
        into: where the files go; stems that come out as they were are not written.

    Returns:
        the voices whose stems were written.
    """
    from v2m.session.patching import patched

    music = mixed_music(work)
    assert music is not None
    levels_db = _known_levels(work, music)
    missing: list[str] = []
    written = list(whole)
    (into / "stems").mkdir(exist_ok=True)
    with work.run.stage("render") as done:
        if parts:
            changed, restless = patched(work, music, parts, levels_db, into)
            written += [*changed, *restless]
            whole = [*whole, *restless]
        if whole:
            _play_whole(work, music, whole, levels_db, missing, into, done)
    _keep_levels(work, music, levels_db)
    work.run.sources["soundfont"] = work.font.why
    work.run.note(*missing)
    return written


def _play_whole(
    work: Work,
    music: SymbolicMusic,
    voices: Collection[str],
    levels_db: dict[str, float],
    missing: list[str],
    into: Path,
    done: Callable[[float], None],
) -> None:
    from v2m.console import Channels
    from v2m.render import render
    from v2m.sound_file import SoundWriter
    from v2m.stages import SAMPLE_RATE

    total = max(1, round(music.duration_s * SAMPLE_RATE))
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(SoundWriter(into / stem_file(name), SAMPLE_RATE, total, exact=True))
            for name in voices
        }
        channels = Channels([v for v in music.voices if v.name in voices], music.desk, SAMPLE_RATE)
        for block in render(
            music, work.font.path, SAMPLE_RATE, BLOCK_S, missing, only=voices, levels_db=levels_db
        ):
            for name, stem in channels.feed(block, block.samples).items():
                writers[name].write(stem)
            done(min((block.start + block.samples) / total, 1.0))


def _known_levels(work: Work, music: SymbolicMusic) -> dict[str, float]:
    known = work.ledger.trims_db
    return {
        v.name: known[v.name][1] for v in music.voices if known.get(v.name, ("",))[0] == _instrument(work, v)
    }


def _keep_levels(work: Work, music: SymbolicMusic, levels_db: dict[str, float]) -> None:
    for voice in music.voices:
        if voice.name in levels_db:
            work.ledger.trims_db[voice.name] = _instrument(work, voice), levels_db[voice.name]


def _instrument(work: Work, voice: Voice) -> str:
    return digest(voice.program, voice.is_drum, voice.synth, str(work.font.path))


def mix_settings(work: Work, music: SymbolicMusic | None) -> MixSettings:
    """What the mix is told."""
    from v2m.stages import fade_s

    sheet = work.mix
    fade = 1.0 if music is None else fade_s(music)
    return replace(
        work.settings.loudness,
        lufs=sheet.lufs,
        keep_audio=sheet.keep_audio,
        duck_db=sheet.duck_db,
        fade_s=fade,
    )


def mix_stems(work: Work, into: Path) -> Soundtrack:
    """`soundtrack.wav`: the stems in their room, with the clip's own sound if it is kept, mastered."""
    from v2m.mix import mix
    from v2m.stages import SAMPLE_RATE, own_sound

    music = mixed_music(work)
    sounding = work.mix.sounding(music) if music is not None else frozenset()
    voices = () if music is None else tuple(v for v in music.voices if v.name in sounding)
    settings = mix_settings(work, music)
    duration_s = work.plan.duration_s
    own = own_sound(work.clip, settings.keep_audio, duration_s, work.scratch, work.run)
    with work.run.stage("mix") as done:
        sound = mix(
            _stems(work, [v.name for v in voices], duration_s, done),
            voices,
            settings,
            duration_s,
            into / "soundtrack.wav",
            desk=None if music is None else music.desk,
            sample_rate=SAMPLE_RATE,
            work_dir=work.scratch,
            own_sound=own,
            silences_s=() if music is None or work.kept is not None else music.silences_s,
            placed=True,
        )
    work.run.note(*sound.notes)
    return sound


def _stems(
    work: Work, names: list[str], duration_s: float, done: Callable[[float], None]
) -> Iterator[StemBlock]:
    """The stems' files, block by block, side by side."""
    from v2m.render import StemBlock
    from v2m.sound_file import read_blocks
    from v2m.stages import SAMPLE_RATE

    total, step = max(1, round(duration_s * SAMPLE_RATE)), round(BLOCK_S * SAMPLE_RATE)
    if not names:
        return
    files = {name: read_blocks(work.folder / stem_file(name), step, total) for name in names}
    for first in range(0, total, step):
        yield StemBlock(first, {name: next(file) for name, file in files.items()})
        done(min((first + step) / total, 1.0))


def scored_name(work: Work) -> str:
    """The scored clip's file name: in the clip's own format where that holds its picture."""
    from v2m.compositor import can_copy
    from v2m.containers import suffix_for
    from v2m.request import EDITED_CODEC

    clip = work.clip
    fits = suffix_for(clip.codec, clip.path.suffix)
    copied = fits is not None and can_copy(clip)
    return f"scored{suffix_for(clip.codec if copied else EDITED_CODEC, clip.path.suffix)}"


def put_under_picture(work: Work, into: Path) -> None:
    """The scored clip."""
    from v2m.compositor import can_copy, composite
    from v2m.containers import suffix_for

    clip = work.clip
    if suffix_for(clip.codec, clip.path.suffix) is None or not can_copy(clip):
        clip = _copyable(work)
    with work.run.stage("composite"):
        out = into / scored_name(work)
        notes = composite(clip, work.folder / "soundtrack.wav", out, length_s=work.plan.duration_s).notes
    work.run.note(*notes)


def _copyable(work: Work) -> Clip:
    from encoders.clip import probe
    from v2m.edit import edit

    path = work.folder / PICTURE
    clip = work.clip
    if not path.exists():
        with work.run.stage("re-encode") as done:
            edit(clip, work.scratch / "picture.mov", progress=done)
            (work.scratch / "picture.mov").replace(path)
    work.run.note(f"The picture was re-encoded to H.264, since this {clip.codec} cannot be copied.")
    return probe(path)
