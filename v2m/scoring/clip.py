"""A request → a `ClipScore`: the picture seen and the music heard side by side, then compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v2m.alignment.defaults import SHIFTS
from v2m.scoring.request import Request, ScoringError, make_request

if TYPE_CHECKING:
    from encoders.clip import Clip
    from generators.plan import Plan
    from v2m.alignment.audio import Track
    from v2m.alignment.heard import Heard
    from v2m.alignment.measure import Measure
    from v2m.alignment.notes import Notes
    from v2m.alignment.piece import Piece
    from v2m.alignment.seen import Seen
    from v2m.alignment.tempo import Pulse
    from v2m.report import Run
    from v2m.scoring.listen import Listened
    from v2m.scoring.measures import Embedded
    from v2m.scoring.result import ClipScore, MusicFacts

Progress = Callable[[str, float], None]


def score(
    path: Path | str | None = None,
    *,
    audio: Path | str | None = None,
    plan: Path | str | None = None,
    midi: Path | str | None = None,
    reference: Path | str | None = None,
    shifts: int = SHIFTS,
    seed: int = 0,
    clip_model: Path | str | None = None,
    pose_model: Path | str | None = None,
    embeddings: Sequence[Path | str] | None = None,
    joint_embeddings: Sequence[Path | str] | None = None,
    prompt_embeddings: Sequence[Path | str] | None = None,
    progress: Progress | None = None,
) -> ClipScore:
    """Say how well music fits a picture, and whether chance would do as well.

    Args:
        path: the clip; None to compare `audio` with `reference` alone.
        audio: the music; the clip's own sound if None.
        plan: the plan that the music was made from: its beats and hits are then known, not estimated.
        midi: the music's notes.
        reference: a soundtrack that the music is compared with (the clip's original one).
        shifts: turns of the music in time from which the chance level of each measure is taken.
        seed: of the turns, and of the straw man made of noise.
        clip_model: a CLIP checkpoint, `FILE` or `ARCHITECTURE:FILE`; the one that was pulled if None.
        pose_model: a mediapipe `.task` file; the one that was pulled, or mediapipe's own, if None.
        embeddings: of the music and of what it is compared with, by one model of sound: two files, `.npy`
            or `.npz` (`v2m.alignment.learned`).
        joint_embeddings: of the picture and of the music, by one model of both: two files.
        prompt_embeddings: of the picture and of prompts, by a model of pictures, and of the music and of the
            same prompts, by a model of sounds: four files.
        progress: called with a stage's name and the share of it that is done, 0 to 1.

    Raises:
        V2MError: one line, if a file cannot be read, or there is no music to score.
    """
    request = make_request(
        path,
        audio=audio,
        plan=plan,
        midi=midi,
        reference=reference,
        shifts=shifts,
        seed=seed,
        clip_model=clip_model,
        pose_model=pose_model,
        embeddings=embeddings,
        joint_embeddings=joint_embeddings,
        prompt_embeddings=prompt_embeddings,
    )
    return score_request(request, progress)


def score_request(request: Request, progress: Progress | None = None) -> ClipScore:
    """Answer a request; see `score`."""
    from v2m.report import Run

    run = Run(progress)
    if request.clip is None:
        return _without_picture(request, run)
    from encoders.clip import probe

    with run.stage("probe"):
        clip = probe(request.clip)
    return score_clip(request, clip, run)


def score_clip(request: Request, clip: Clip, run: Run, seen: Seen | None = None) -> ClipScore:
    """Score one clip; `seen` is its picture, if that was looked at before."""
    from v2m.alignment.audio import begin_track
    from v2m.alignment.seen import see
    from v2m.report import describe_clip
    from v2m.scoring.listen import listen
    from v2m.scoring.measures import in_order, read_embeddings
    from v2m.scoring.result import ClipScore, Evidence

    plan = _plan(request, clip, run)
    notes, piece = (None, None) if request.midi is None else _read_notes(request.midi)
    embedded = read_embeddings(request.embeddings)
    if request.audio is None and not clip.has_sound:
        raise ScoringError(f"{clip.path}: has no sound to score; name the music with --audio")
    # A clip's own sound lies on the clip's clock, another file's begins with the picture.
    own = request.audio is None
    zero_s = clip.start_s if own else None
    read_on = begin_track(request.audio or clip.path, zero_s=zero_s, keep_s=clip.duration_s)
    pulse = _told_pulse(plan, piece, clip.duration_s)
    with ThreadPoolExecutor(1, thread_name_prefix="hear") as pool:
        hearing = pool.submit(
            listen, read_on, clip.duration_s, pulse=pulse, frame_s=clip.frame_s, seed=request.seed
        )
        if seen is None:
            with run.stage("look") as done:
                seen = see(
                    clip, clip_model=request.models.clip, pose_model=request.models.pose, progress=done
                )
        with run.stage("listen"):
            listened = hearing.result()
    with run.stage("compare"):
        compared = _compared(request, seen, listened, plan, piece, notes, embedded)
        measures = in_order((*compared, *listened.alone))
    track, heard = listened.track, listened.heard
    run.note(*seen.streams.notes, *_sound_notes(track, heard, seen))
    return ClipScore(
        clip=describe_clip(clip),
        music=music_facts(track, heard),
        measures=measures,
        inputs=hashes(request, {"clip": clip.content_hash}),
        evidence=Evidence(seen, heard, track.samples, request.shifts, request.seed, plan, piece),
        **_of_run(request, run),
    )


def _plan(request: Request, clip: Clip, run: Run) -> Plan | None:
    if request.plan is None:
        return None
    from generators.plan_file import load_plan

    plan = load_plan(request.plan)
    if plan.clip_hash != clip.content_hash:
        # A scored clip is another file than the one it was made for, with the same picture.
        if abs(plan.duration_s - clip.duration_s) > 2 * clip.frame_s:
            raise ScoringError(
                f"{request.plan}: plans {plan.duration_s:.2f} s of music, the clip has {clip.duration_s:.2f}"
            )
        run.note("The plan was made for another file than this one; its beats are taken to be the music's.")
    return plan


def _read_notes(midi: Path) -> tuple[Notes, Piece]:
    from v2m.alignment.notes import Notes
    from v2m.alignment.piece import of_midi
    from v2m.midi_reading import read_score

    score = read_score(midi)
    return Notes.of_tracks(score.tracks), of_midi(score)


def _told_pulse(plan: Plan | None, piece: Piece | None, duration_s: float) -> Pulse | None:
    """The beats that the plan tells, or else the MIDI file; None if they have to be estimated."""
    from v2m.alignment.tempo import Pulse

    if plan is not None:
        return Pulse.of(plan.grid.beats_s, plan.grid.downbeats_s, "plan")
    if piece is not None:
        beats, downbeats = (times[times < duration_s] for times in (piece.beats_s, piece.downbeats_s))
        return Pulse.of(beats, downbeats, "MIDI")
    return None


def _compared(
    request: Request,
    seen: Seen,
    listened: Listened,
    plan: Plan | None,
    piece: Piece | None,
    notes: Notes | None,
    embedded: Embedded,
) -> tuple[Measure, ...]:
    """Every measure that depends on the picture, or on another soundtrack."""
    from v2m.alignment.measure import beside_straw_men, quiet
    from v2m.scoring.measures import fit, of_notes, with_reference

    shifts, seed = request.shifts, request.seed
    heard, men = listened.heard, listened.men
    with quiet():
        measures = fit(heard, seen, plan, shifts=shifts, seed=seed)
        straw = {name: fit(man, seen, plan, shifts=0, seed=seed) for name, man in men.items()}
        measures = beside_straw_men(measures, straw)
        if piece is not None and notes is not None:
            measures += of_notes(piece, notes, seen, shifts=shifts, seed=seed)
        return measures + with_reference(
            request.reference, listened.track.samples, heard, men, embedded, shifts=shifts, seed=seed
        )


def _without_picture(request: Request, run: Run) -> ClipScore:
    """The music against the reference alone."""
    from v2m.alignment.audio import fitted, read_track
    from v2m.alignment.measure import quiet
    from v2m.scoring.listen import listen
    from v2m.scoring.measures import in_order, read_embeddings, with_reference
    from v2m.scoring.result import ClipScore

    assert request.audio is not None
    embedded = read_embeddings(request.embeddings)
    with run.stage("listen"):
        track = read_track(request.audio)
        track = replace(track, samples=fitted(track.samples, track.duration_s))
        listened = listen(lambda: track, track.duration_s, seed=request.seed)
    with run.stage("compare"), quiet():
        measures = with_reference(
            request.reference,
            track.samples,
            listened.heard,
            listened.men,
            embedded,
            shifts=request.shifts,
            seed=request.seed,
        )
    return ClipScore(
        clip=None,
        music=music_facts(track, listened.heard),
        measures=in_order(measures),
        inputs=hashes(request, {}),
        **_of_run(request, run),
    )


def _of_run(request: Request, run: Run) -> dict[str, Any]:
    """What a result says of the run that made it."""
    from v2m.report import versions

    return {
        "notes": tuple(run.notes),
        "settings": {"shifts": request.shifts, "seed": request.seed},
        "models": request.models.told(),
        "stages_s": {name: round(seconds, 3) for name, seconds in run.seconds.items()},
        "versions": versions(),
    }


def music_facts(track: Track, heard: Heard) -> MusicFacts:
    """The facts of the music that the result keeps."""
    import math

    from v2m.scoring.result import MusicFacts

    pulse = heard.pulse
    tempo = round(pulse.tempo_bpm, 2) if math.isfinite(pulse.tempo_bpm) else None
    return MusicFacts(
        source=track.source,
        duration_s=round(track.duration_s, 4),
        onsets=len(heard.onsets_s),
        beats=len(pulse.beats_s),
        tempo_bpm=tempo,
        beats_from=pulse.source,
    )


def hashes(request: Request, known: dict[str, str]) -> dict[str, str]:
    """Content hashes of the request's files, by what they are; `known` ones are not taken again."""
    found = {}
    for role, path in {**request.files, **request.embeddings.files}.items():
        try:
            found[role] = known.get(role) or content_hash(path)
        except OSError as error:
            raise ScoringError(f"{path}: cannot be read ({error.strerror})") from error
    return found


def content_hash(path: Path) -> str:
    """BLAKE2b-128 of a file's bytes, in hex, as `Clip.content_hash`."""
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        while chunk := file.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest()


def _sound_notes(track: Track, heard: Heard, seen: Seen) -> list[str]:
    """What a reader should know of the music before believing its numbers."""
    notes = []
    if not len(heard.onsets_s):
        notes.append("Nothing begins to sound in this music: it is silent, or one long tone.")
    shorter_s = seen.duration_s - track.duration_s
    if shorter_s > max(1.0, 0.05 * seen.duration_s):
        notes.append(f"The music ends {shorter_s:.1f} s before the picture; what is missing is silence.")
    if heard.pulse.source == "estimated":
        notes.append("Beats and downbeats are estimated from the sound; --plan or --midi tells them.")
    return notes
