"""The stages of `v2m.soundtrack` that take more than a line: what is given to them, and what is noted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from generators.grid import PlanError

if TYPE_CHECKING:
    from encoders.clip import Clip
    from encoders.stream import Streams
    from generators.cue_sheet import CueSheet
    from generators.kept import KeptTracks
    from generators.music import Music
    from generators.plan import Plan
    from generators.wishes import Wishes
    from v2m.chosen_models import Models
    from v2m.mix import Soundtrack
    from v2m.render import StemBlock
    from v2m.report import Run
    from v2m.request import Places, Request

SAMPLE_RATE = 48000
"""Hz: what Opus plays at, and every video editor."""


def trimmed(clip: Clip, request: Request, places: Places, run: Run) -> Clip:
    """The part of the clip that was asked for: it is what is looked at and scored."""
    if request.trim is None:
        return clip
    from v2m.edit import edit

    with run.stage("trim") as done:
        if request.title is None:
            run.note("The picture was re-encoded to H.264, since it was trimmed.")
        return edit(clip, places.work / "trimmed.mov", trim=request.trim, progress=done)


def titled(source: Clip, clip: Clip, request: Request, places: Places, run: Run) -> Clip:
    """The clip with its title, or in a codec that a file format can hold, or as it is.

    It is made from the source and trimmed again on the way: the picture is encoded but once.
    """
    if request.title is None and not places.recode:
        return clip
    from v2m.edit import edit

    if request.title:
        name, why = "title", "it was trimmed and got a title" if request.trim else "it got a title"
    else:
        name, why = "re-encode", f"this {clip.codec} in {clip.container} cannot be copied"
    with run.stage(name) as done:
        run.note(f"The picture was re-encoded to H.264, since {why}.")
        return edit(source, places.work / "titled.mov", trim=request.trim, title=request.title, progress=done)


def looked_at(clip: Clip, models: Models, run: Run) -> Streams:
    """What all senses have to say about the clip."""
    from encoders.encode import encode
    from v2m.report import describe_sources

    with run.stage("look") as done:
        streams = encode(clip, clip_model=models.clip, pose_model=models.pose, progress=done)
    run.sources.update(describe_sources(streams))
    run.note(*streams.notes)
    return streams


def listened_to(clip: Clip, streams: Streams, run: Run) -> Streams:
    """The streams, and where the clip has sound one more: when somebody speaks in it, since it is kept."""
    if not clip.has_sound:
        run.note("The clip has no sound of its own in which somebody could speak.")
        return streams
    from encoders.speech import SAMPLE_RATE as HEARD_AT
    from encoders.speech import hear_speech, spoken_spans
    from encoders.stream import Streams
    from v2m.report import describe_sources
    from v2m.sound_blocks import sound_blocks

    with run.stage("listen"):
        blocks = sound_blocks(clip.path, zero_s=clip.start_s, layout="mono", sample_rate=HEARD_AT)
        speech = hear_speech((block[0] for block, _ in blocks), streams.duration_s)
    spoken_s = sum(min(end_s, streams.duration_s) - start_s for start_s, end_s in spoken_spans(speech))
    if spoken_s:
        length = f"{spoken_s:.1f} of {streams.duration_s:.1f} s"
        run.note(f"Somebody speaks for {length}: the music holds back there.")
    else:
        run.note("Nobody was heard to speak in the clip's own sound.")
    heard = Streams({**streams, "speech": speech}, streams.duration_s, streams.clip_hash, streams.notes)
    run.sources.update(describe_sources(heard))
    return heard


def seen(clip: Clip, request: Request, run: Run) -> Streams | None:
    """What the picture shows, and where somebody speaks; None where a plan says all that is asked."""
    if request.plan is not None:
        return None
    streams = looked_at(clip, request.models, run)
    return listened_to(clip, streams, run) if request.loudness.keep_audio else streams


def planned(clip: Clip, streams: Streams | None, request: Request, kept: KeptTracks | None, run: Run) -> Plan:
    """The plan made of the picture, on the bars of kept tracks; or the one that the person has edited."""
    if streams is None:
        return _continued(clip, request, run)
    return plan_of(streams, request.wishes, kept, run)


def plan_of(
    streams: Streams, wishes: Wishes, kept: KeptTracks | None, run: Run, cues: CueSheet | None = None
) -> Plan:
    """The plan of a clip, and its chords where the transformer is to write them."""
    from generators.plan import make_plan

    with run.stage("plan"):
        plan = make_plan(streams, wishes, kept, cues)
    run.note(*metre_notes(plan, wishes))
    if kept is not None and wishes.generator == "affective":
        run.note("The kept tracks bring their own harmony: no chords are written by the transformer.")
        return plan
    return harmonised(plan, streams, wishes, run)


def metre_notes(plan: Plan, wishes: Wishes) -> tuple[str, ...]:
    """What to say of a metre that was asked for and that the clip is too short to have a bar of."""
    from generators.wishes import METRES

    if wishes.metre is None:
        return ()
    compound = wishes.metre == "6/8"
    bar = (2, 3) if compound else (METRES[wishes.metre], 4)
    if any((b.beats, b.slots_per_beat) == bar for b in plan.grid.bars):
        return ()
    beats = plan.grid.bars[0].beats
    return (
        f"The clip is too short for a bar of {wishes.metre}: "
        f"its music is one of {beats} beat{'s' * (beats > 1)}.",
    )


def harmonised(plan: Plan, streams: Streams | None, wishes: Wishes, run: Run) -> Plan:
    """The plan with its chords written by the affective transformer, if it is asked for."""
    if wishes.generator != "affective":
        return plan
    from generators.affective import shipped_models, write_chords
    from generators.affective.sampling import Sampling

    with run.stage("harmonise"):
        models = shipped_models()
        run.sources["harmony"] = f"affective transformer, {len(models)} members"
        return write_chords(plan, streams, models, Sampling(seed=plan.seed), primer=wishes.primer)


def _continued(clip: Clip, request: Request, run: Run) -> Plan:
    from generators.drawn import draw
    from generators.plan import with_silences
    from generators.plan_file import load_plan
    from generators.steer import steer

    assert request.plan is not None
    with run.stage("plan"):
        plan = steer(draw(load_plan(request.plan), request.wishes.curves), request.wishes.stretches)
    run.sources["plan"] = str(request.plan)
    if request.loudness.keep_audio and clip.has_sound and not plan.speech:
        run.note("The plan tells of no speech: the music is ducked, but written as if nobody spoke.")
    if request.wishes.silences == "none":
        plan = with_silences(plan, ())
    if plan.speech and not request.loudness.keep_audio:
        run.note(
            "The plan tells of speech, which is not kept (--keep-audio): the music holds back all the same."
        )
    if plan.duration_s > clip.duration_s + clip.frame_s:
        raise PlanError(
            f"{request.plan}: plans {plan.duration_s:.2f} s of music, the clip has {clip.duration_s:.2f} s"
        )
    if plan.duration_s < clip.duration_s - clip.frame_s:
        run.note(
            f"The plan ends at {plan.duration_s:.2f} s of {clip.duration_s:.2f} s, and so does the output."
        )
    if plan.clip_hash != clip.content_hash:
        run.note("The plan was made for another clip, or for another edit of this one.")
    plan = plan if request.seed is None else replace(plan, seed=request.seed)
    return harmonised(plan, None, request.wishes, run)


def sounded(music: Music, clip: Clip, request: Request, places: Places, run: Run) -> Soundtrack:
    """The music played and mixed: rendered block by block as the mix asks."""
    from v2m.mix import mix

    own = own_sound(clip, request.loudness.keep_audio, music.duration_s, places.work, run)
    missing: list[str] = []
    with run.stage("render and mix") as done:
        blocks = _played(music, request, run, missing)
        sound = mix(
            _watched(blocks, music.duration_s, done),
            music.voices,
            replace(request.loudness, fade_s=fade_s(music)),
            music.duration_s,
            places.files.get("wav", places.work / "soundtrack.wav"),
            desk=music.desk,
            sample_rate=SAMPLE_RATE,
            work_dir=places.work,
            own_sound=own,
            silences_s=music.silences_s,
            stems_dir=places.stems,
        )
    run.note(*missing, *sound.notes)
    return sound


def _played(music: Music, request: Request, run: Run, missing: list[str]) -> Iterator[StemBlock]:
    """Notes through the synthesizer and the SoundFont; a waveform as it is."""
    from generators.music import WaveMusic
    from v2m.render import render
    from v2m.waveform import wave_blocks

    if isinstance(music, WaveMusic):
        return wave_blocks(music, SAMPLE_RATE)
    run.sources["soundfont"] = request.font.why
    synthesised = [voice.name for voice in music.voices if voice.synth]
    if synthesised:
        run.sources["synthesizer"] = f"plays {', '.join(synthesised)}"
    return render(music, request.font.path, SAMPLE_RATE, notes=missing)


def own_sound(clip: Clip, wanted: bool, duration_s: float, folder: Path, run: Run) -> Path | None:
    """The clip's own sound as a file in `folder`, if it is wanted and there is one."""
    from v2m.own_sound import extract_sound

    if not wanted:
        return None
    if not clip.has_sound:
        run.note("The clip has no sound of its own to keep.")
        return None
    with run.stage("own sound"):
        return extract_sound(clip.path, clip.start_s, duration_s, folder / "own.wav", SAMPLE_RATE)


def fade_s(music: Music) -> float:
    """How long the closing fade is: a second, or less where a hit is struck in the last one."""
    return min(1.0, max(music.duration_s - music.last_start_s - 0.05, 0.15))


def _watched(
    blocks: Iterable[StemBlock], duration_s: float, done: Callable[[float], None]
) -> Iterator[StemBlock]:
    for block in blocks:
        yield block
        done((block.start + block.samples) / SAMPLE_RATE / duration_s)
