"""The way through: a clip goes in, a scored clip comes out. Read this page first.

| stage     | turns                       | into                                  | lives in            |
|-----------|-----------------------------|---------------------------------------|---------------------|
| probe     | a path                      | `Clip`: what the file holds           | `encoders.clip`     |
| look      | its frames, in one pass     | `Streams`: cuts, motion, pose, affect | `encoders.encode`   |
| plan      | streams and wishes          | `Plan`: bars, sections, hits, curves  | `generators.plan`   |
| compose   | the plan, tracks to keep    | `Music`: tracks of notes, or a wave   | `generators`        |
| review    | music, the picture          | the best of several, bars done again  | `v2m.critics`       |
| render    | notes and a SoundFont       | stems, one a voice, block by block    | `v2m.render`        |
| mix       | stems, the clip's own sound | `Soundtrack`: one WAV at its loudness | `v2m.mix`           |
| composite | the soundtrack and the clip | the scored clip, its picture copied   | `v2m.compositor`    |

Every stage is one call and works alone. They are imported when the work starts, so that
`import v2m` and `v2m --help` wait for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from v2m.report import RunReport
    from v2m.request import Request

Progress = Callable[[str, float], None]


def soundtrack(
    path: Path | str,
    out: Path | str | None = None,
    *,
    mode: str = "auto",
    style: str | None = None,
    key: str | None = None,
    tempo: float | None = None,
    metre: str | None = None,
    mood: str | None = None,
    seed: int | None = None,
    plan: Path | str | None = None,
    keep_tracks: Path | str | None = None,
    rewrite: str | Sequence[str] = (),
    at: str | Sequence[str] = (),
    curve: str | Sequence[str] = (),
    silences: str = "stills",
    generator: str = "auto",
    primer: str | None = None,
    keep_audio: bool = False,
    lufs: float = -14.0,
    stems: Path | str | None = None,
    midi: Path | str | None = None,
    wav: Path | str | None = None,
    save_plan: Path | str | None = None,
    report: Path | str | None = None,
    soundfont: Path | str | None = None,
    title: str | None = None,
    trim: str | tuple[float, float | None] | None = None,
    clip_model: Path | str | None = None,
    pose_model: Path | str | None = None,
    critics: bool | None = None,
    candidates: int = 1,
    llm: str | None = None,
    llm_model: str | None = None,
    critics_log: Path | str | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> RunReport:
    """Give a clip a soundtrack.

    The picture is copied as it is, unless `title` or `trim` change it. All outputs appear whole,
    together and at the end, or none of them does.

    Args:
        path: the clip.
        out: the scored clip; its suffix chooses the format. `NAME.scored.EXT` beside it if None.
        mode: film (the music follows the cuts), dance (the dancer's beats), or auto.
        style: a style's name; chosen from the picture if None.
        key: such as `C`, `F# minor`, `D dorian`; chosen if None.
        tempo: beats a minute to stay near; chosen if None.
        metre: 3/4, 4/4 or 6/8; among those of the style, the one that meets the picture best if None.
        mood: a name in `generators.wishes.MOODS`; felt from the picture if None.
        seed: another seed, another piece; the same seed, the same piece bit for bit. 0 if None, or
            the plan's own.
        plan: a plan file to continue from instead of planning anew.
        keep_tracks: a MIDI file whose tracks stay as they are; the other voices are written around them.
        rewrite: `"12.5:20"` (seconds) or `"bars 5-8"`, one or more: there the kept tracks are written anew,
            and nothing else is; what begins outside is theirs, note for note.
        at: `"12.5:20 mood=tense,density=0.8"` or `"bars 5-8 key=D minor"`, one or more: what is asked for
            in a part of the music (`generators.wishes.Stretch`).
        curve: `"loudness=0:0.2,12:0.9"`, one or more: a curve by points, second:value, from the first to
            the last.
        generator: who writes the chords: `rhythm` (songs' chords, counted) or `affective` (the trained
            transformer, which listens to the picture); or `vqgan`, which makes the sound itself: there are
            no notes then, and no stems. `auto` takes what was measured to be best.
        primer: chords that the transformer hears before it begins, `"Am F C G"`.
        silences: where a film's music may be silent: `stills`, `all` or `none`.
        keep_audio: keep the clip's own sound; the music holds back where somebody speaks in it, and is
            ducked under it.
        lufs: integrated loudness of the soundtrack.
        stems: a folder for one WAV a voice.
        midi: a file for the music as MIDI.
        wav: a file for the soundtrack alone.
        save_plan: a file for the plan, to edit and continue from.
        report: a file for the run report as JSON.
        soundfont: an SF2 or SF3 file; the best on this system if None.
        title: lettering for the first seconds.
        trim: `"A:B"` or (A, B), seconds: the part of the clip to use.
        clip_model: a CLIP checkpoint, `FILE` or `ARCHITECTURE:FILE`; the one that was pulled if None.
        pose_model: a mediapipe `.task` file; the one that was pulled, or mediapipe's own, if None.
        critics: whether critics measure what was composed, have bars, levels and chords done again, and keep
            what helps (`v2m.critics`); if None, only with a language model.
        candidates: how many pieces to compose, with seeds one after the other; the one of the highest
            reward is kept.
        llm: the address of an OpenAI-compatible API, such as `http://localhost:11434/v1`: a language model
            joins the critics. Its key is read from `V2M_LLM_KEY`.
        llm_model: which model it is asked for.
        critics_log: a file for what critics found and changed, to read.
        force: overwrite outputs that exist.
        progress: called with a stage's name and the share of it that is done, 0 to 1.

    Raises:
        V2MError: one line, for whatever the person can mend. Nothing is left behind.
    """
    from v2m.request import make_request

    request = make_request(
        path,
        out,
        mode=mode,
        style=style,
        key=key,
        tempo=tempo,
        metre=metre,
        silences=silences,
        generator=generator,
        primer=primer,
        mood=mood,
        seed=seed,
        plan=plan,
        keep_tracks=keep_tracks,
        rewrite=rewrite,
        at=at,
        curve=curve,
        keep_audio=keep_audio,
        lufs=lufs,
        stems=stems,
        soundfont=soundfont,
        title=title,
        trim=trim,
        clip_model=clip_model,
        pose_model=pose_model,
        critics=critics,
        candidates=candidates,
        llm=llm,
        llm_model=llm_model,
        force=force,
        critics_log=critics_log,
        midi=midi,
        wav=wav,
        save_plan=save_plan,
        report=report,
    )
    return fulfil(request, progress)


def fulfil(request: Request, progress: Progress | None = None) -> RunReport:
    """Go the way from the clip to the scored clip; see `soundtrack`."""
    from encoders.clip import probe
    from generators.music import SymbolicMusic
    from generators.plan_file import save_plan
    from v2m import stages
    from v2m.atomic import outputs
    from v2m.compositor import composite
    from v2m.keeping import kept_tracks
    from v2m.midi import write_midi
    from v2m.report import Run, make_report, write_report
    from v2m.request import claim_places
    from v2m.writing import write_log, written

    run = Run(progress)
    with run.stage("probe"):
        source = probe(request.clip)

    with outputs(request.force, request.inputs) as files:
        places = claim_places(request, source, files)
        clip = stages.trimmed(source, request, places, run)

        kept = kept_tracks(clip, request, run)
        streams = stages.seen(clip, request, run)
        made = written(clip, streams, request, kept, run)
        plan, music = made.plan, made.music
        sound = stages.sounded(music, clip, request, places, run)

        clip = stages.titled(source, clip, request, places, run)
        with run.stage("composite"):
            run.note(*composite(clip, sound.path, places.scored, length_s=plan.duration_s, force=True).notes)

        if isinstance(music, SymbolicMusic) and "midi" in places.files:
            write_midi(music, plan.grid, places.files["midi"], plan.sections)
        if "save_plan" in places.files:
            save_plan(plan, places.files["save_plan"])
        if "critics_log" in places.files:
            write_log(made.review, places.files["critics_log"])
        report = make_report(
            source, request.settings, plan, sound, run, places.final, made.scenes, made.review
        )
        if "report" in places.files:
            write_report(report, places.files["report"])
    return report
