"""The way through: a clip goes in, a scored clip comes out. Read this page first.

| stage     | turns                       | into                                  | lives in            |
|-----------|-----------------------------|---------------------------------------|---------------------|
| probe     | a path                      | `Clip`: what the file holds           | `encoders.clip`     |
| look      | its frames, in one pass     | `Streams`: cuts, motion, pose, affect | `encoders.encode`   |
| plan      | streams and wishes          | `Plan`: bars, sections, hits, curves  | `generators.plan`   |
| compose   | the plan, tracks to keep    | `Music`: tracks of notes              | `generators.rhythm` |
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
    silences: str = "stills",
    generator: str = "auto",
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
        generator: who writes the chords: `rhythm` (songs' chords, counted), `affective` (the trained
            transformer, which listens to the picture), or `auto`.
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
        mood=mood,
        seed=seed,
        plan=plan,
        keep_tracks=keep_tracks,
        rewrite=rewrite,
        at=at,
        keep_audio=keep_audio,
        lufs=lufs,
        stems=stems,
        soundfont=soundfont,
        title=title,
        trim=trim,
        clip_model=clip_model,
        pose_model=pose_model,
        force=force,
        midi=midi,
        wav=wav,
        save_plan=save_plan,
        report=report,
    )
    return fulfil(request, progress)


def fulfil(request: Request, progress: Progress | None = None) -> RunReport:
    """Go the way from the clip to the scored clip; see `soundtrack`."""
    from encoders.clip import probe
    from generators.plan_file import save_plan
    from v2m import stages
    from v2m.atomic import outputs
    from v2m.compositor import composite
    from v2m.keeping import composed, kept_tracks, planned_around
    from v2m.midi import write_midi
    from v2m.report import Run, make_report, write_report
    from v2m.request import claim_places

    run = Run(progress)
    with run.stage("probe"):
        source = probe(request.clip)

    with outputs(request.force, request.inputs) as files:
        places = claim_places(request, source, files)
        clip = stages.trimmed(source, request, places, run)

        kept = kept_tracks(clip, request, run)
        plan = stages.planned(clip, request, kept, run)
        if kept is not None:
            plan, kept = planned_around(plan, kept, request, run)
        music = composed(plan, request, kept, run)
        sound = stages.sounded(music, clip, request, places, run)

        clip = stages.titled(source, clip, request, places, run)
        with run.stage("composite"):
            run.note(*composite(clip, sound.path, places.scored, length_s=plan.duration_s, force=True).notes)

        if "midi" in places.files:
            write_midi(music, plan.grid, places.files["midi"], plan.sections)
        if "save_plan" in places.files:
            save_plan(plan, places.files["save_plan"])
        report = make_report(source, request.settings, plan, sound, run, places.final)
        if "report" in places.files:
            write_report(report, places.files["report"])
    return report
