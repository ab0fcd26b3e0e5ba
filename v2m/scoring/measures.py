"""Picture and music as arrays → all their measures, task by task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from v2m.alignment import affect, beats, curves, learned, local, motion_beats, music_sound, sound, sync
from v2m.alignment.chord_quality import EMOTIONS, chords
from v2m.alignment.curves import per_second
from v2m.alignment.measure import Measure, beside_straw_men

if TYPE_CHECKING:
    from generators.plan import Plan
    from v2m.alignment.audio import Track
    from v2m.alignment.heard import Heard
    from v2m.alignment.notes import Notes
    from v2m.alignment.piece import Piece
    from v2m.alignment.seen import Seen
    from v2m.scoring.request import EmbeddingFiles

TASKS = ("sync", "beats", "curves", "affect", "music", "learned", "sound")
"""The tasks in the order in which they are told."""


def in_order(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """The measures by task, those of one task as they came."""
    known = {task: number for number, task in enumerate(TASKS)}
    return tuple(sorted(measures, key=lambda measure: known.get(measure.task, len(TASKS))))


def fit(heard: Heard, seen: Seen, plan: Plan | None, *, shifts: int, seed: int) -> tuple[Measure, ...]:
    """What depends on where the music lies under the picture.

    Args:
        heard: the music, or a straw man.
        seen: the picture.
        plan: with the hits that the music is to meet, and the sections of the picture.
        shifts, seed: see `v2m.alignment.chance`; no shifts, no chance level.
    """
    how: dict[str, Any] = {"shifts": shifts, "seed": seed}
    boundaries = seen.boundaries_s
    hits = None
    if plan is not None:
        hits = np.array(sorted(hit.time_s for hit in plan.struck_hits), dtype=np.float64)
        starts = np.array([plan.grid.bars[s.start_bar].start_s for s in plan.sections[1:]], dtype=np.float64)
        boundaries = starts if not len(boundaries) else boundaries
    duration_s, pulse = seen.duration_s, heard.pulse
    measures = [
        *sync.evaluate(
            heard.onsets_s,
            duration_s,
            cuts_s=seen.cuts_s,
            hits_s=hits,
            flow=seen.flow,
            beats_s=pulse.beats_s,
            downbeats_s=pulse.downbeats_s,
            kinematic_beats_s=seen.kinematic_beats_s,
            changes_s=heard.changes_s,
            boundaries_s=boundaries,
            **how,
        ),
        *local.evaluate(
            heard.attacks.times_s,
            seen.accents.times_s,
            duration_s,
            onset_strengths=heard.attacks.strengths,
            accent_strengths=seen.accents.strengths,
            **how,
        ),
    ]
    if seen.motion_beats is not None:
        measures += motion_beats.evaluate(pulse.beats_s, duration_s, body=seen.motion_beats, **how)
    felt = feelings(seen)
    measures += curves.evaluate(
        loudness=heard.loudness_db,
        density=heard.density,
        motion=movement(seen),
        arousal=felt["arousal"],
        tension=felt["tension"],
        **how,
    )
    emotions = _emotions(seen)
    measures += affect.evaluate(
        sound=heard.affect,
        valence=felt["valence"],
        arousal=felt["arousal"],
        emotions=emotions,
        qualities=heard.chord_qualities if emotions is not None else None,
        **how,
    )
    return tuple(measures)


def movement(seen: Seen) -> NDArray[np.float64]:
    """How much moves in each second, float64 `[seconds]`: mean flow, the camera's part included, cuts not."""
    flow = seen.streams["flow"]
    magnitude = np.where(flow.mask, seen.flow.magnitude, np.nan)
    return per_second(seen.flow.times_s, magnitude, seen.duration_s)


def feelings(seen: Seen) -> Mapping[str, NDArray[np.float64]]:
    """The picture's valence, arousal and tension in each second, float64 `[seconds]`; nan where unknown."""
    felt = seen.streams["affect"]
    return {
        name: per_second(felt.times_s, np.where(felt.mask, felt.column(name), np.nan), seen.duration_s)
        for name in ("valence", "arousal", "tension")
    }


def _emotions(seen: Seen) -> NDArray[np.float64] | None:
    """Emotion probabilities in each second, `[seconds, 6]`; None without a model that reads them."""
    stream = seen.streams.get("emotion")
    if stream is None or not stream.says_something:
        return None
    seconds = np.arange(len(movement(seen)), dtype=np.float64) + 0.5
    chances = np.column_stack([stream.sample(seconds, name) for name in EMOTIONS])
    total = np.maximum(chances.sum(axis=1, keepdims=True), 1e-9)
    return np.asarray(chances / total, dtype=np.float64)


def of_notes(piece: Piece, notes: Notes, seen: Seen, *, shifts: int, seed: int) -> tuple[Measure, ...]:
    """What the notes tell: how they feel against the picture, and how near they are to human pieces."""
    from v2m.alignment import music
    from v2m.alignment.affect_of_notes import affect_of_notes
    from v2m.alignment.notes import pitch_classes

    felt = feelings(seen)
    seconds = len(felt["valence"])
    emotions = _emotions(seen)
    qualities = None
    if emotions is not None:
        qualities = chords(*pitch_classes(notes.pitched(), seconds))[1]
    return (
        *affect.evaluate(
            notes=affect_of_notes(notes, seconds),
            valence=felt["valence"],
            arousal=felt["arousal"],
            tension=felt["tension"],
            emotions=emotions,
            qualities_midi=qualities,
            shifts=shifts,
            seed=seed,
        ),
        *music.evaluate(piece, seed=seed),
    )


class Embedded(TypedDict):
    """The embeddings that `v2m.alignment.learned.evaluate` takes, by its names for them."""

    music: learned.Embeddings | None
    reference: learned.Embeddings | None
    picture: learned.Embeddings | None
    joint_music: learned.Embeddings | None
    prompts: tuple[learned.Embeddings, learned.Embeddings, learned.Embeddings, learned.Embeddings] | None


def read_embeddings(named: EmbeddingFiles) -> Embedded:
    """The files that are named.

    Raises:
        EmbeddingError: if one cannot be read.
    """
    load = learned.load_embeddings
    music, reference = (None, None) if named.sound is None else map(load, named.sound)
    picture, joint = (None, None) if named.joint is None else map(load, named.joint)
    prompts = None
    if named.prompts is not None:
        of_picture, prompts_seen, of_music, prompts_heard = map(load, named.prompts)
        prompts = (of_picture, prompts_seen, of_music, prompts_heard)
    return Embedded(music=music, reference=reference, picture=picture, joint_music=joint, prompts=prompts)


def with_reference(
    reference: Path | None,
    samples: NDArray[np.float32],
    heard: Heard,
    men: Mapping[str, Heard],
    embedded: Embedded,
    *,
    shifts: int,
    seed: int,
) -> tuple[Measure, ...]:
    """Beat scores and closeness of sound, against a reference soundtrack; and what embeddings tell."""
    if reference is None:
        return learned.evaluate(**embedded, shifts=shifts, seed=seed)
    from v2m.alignment.audio import read_sound

    original = read_sound(reference)
    theirs = beats.Rhythm.of(original)
    measures = beats.evaluate(heard.rhythm, theirs, shifts=shifts, seed=seed)
    straw = {name: beats.evaluate(man.rhythm, theirs, shifts=0) for name, man in men.items()}
    return (
        *beside_straw_men(measures, straw),
        *learned.evaluate(samples=samples, reference_samples=original, **embedded, shifts=shifts, seed=seed),
    )


def alone(track: Track, heard: Heard, frame_s: float) -> tuple[Measure, ...]:
    """What the sound is like, whatever the picture: in order technically, and how it is made."""
    return (
        *sound.evaluate(track.levels, picture_s=heard.duration_s, frame_s=frame_s),
        *music_sound.evaluate(
            track.samples, downbeats_s=heard.pulse.downbeats_s, tones=heard.chroma, envelope=heard.envelope
        ),
    )
