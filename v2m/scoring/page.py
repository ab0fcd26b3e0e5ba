"""A `ClipScore` → the page that shows it: which of its evidence goes into which lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from v2m.alignment import sync
from v2m.alignment.onsets import SAMPLE_RATE
from v2m.score_page import Curve, Panel, Roll, ScorePage, Targets, film_of, meet, waveform_of
from v2m.scoring.result import ClipScore, Evidence

if TYPE_CHECKING:
    from encoders.stream import Stream
    from v2m.alignment.piece import Piece

FINEST_S = 0.1
"""Curves of the picture are drawn at most this finely."""
QUIETEST_DB = -70.0


def page_of(score: ClipScore) -> ScorePage:
    """What the page shows; without a clip, the measures alone.

    Raises:
        ClipError: if the clip's pictures can no longer be read.
    """
    settings = {**{k: str(v) for k, v in score.settings.items()}, **score.versions}
    shifts = int(score.settings.get("shifts", 0))
    evidence = score.evidence
    if evidence is None:
        return ScorePage(
            title=score.name,
            music=score.music.source,
            duration_s=score.music.duration_s,
            measures=score.measures,
            shifts=shifts,
            remarks=score.notes,
            settings=settings,
        )
    seen, heard = evidence.seen, evidence.heard
    return ScorePage(
        title=score.name,
        music=score.music.source.rsplit("/", 1)[-1],
        duration_s=seen.duration_s,
        measures=score.measures,
        shifts=shifts,
        film=film_of(seen.clip, seen.cuts_s),
        waveform=waveform_of(evidence.samples, SAMPLE_RATE, seen.duration_s),
        roll=None if evidence.piece is None else _roll(evidence.piece),
        onsets_s=heard.onsets_s,
        beats_s=heard.pulse.beats_s,
        downbeats_s=heard.pulse.downbeats_s,
        targets=_targets(evidence),
        panels=_panels(evidence),
        local=evidence.local,
        remarks=score.notes,
        settings=settings,
    )


def _targets(evidence: Evidence) -> tuple[Targets, ...]:
    """Cuts, the plan's hits, and a dancer's rests: whatever there was to meet."""
    seen, heard = evidence.seen, evidence.heard
    found = []
    if len(seen.cuts_s):
        found.append(meet("cuts", seen.cuts_s, "onset", heard.onsets_s, tolerance_s=sync.CUT_TOLERANCE_S))
    if evidence.plan is not None and evidence.plan.struck_hits:
        hits = sorted(evidence.plan.struck_hits, key=lambda hit: hit.time_s)
        times_s = np.array([hit.time_s for hit in hits])
        kinds = tuple(hit.kind for hit in hits)
        found.append(
            meet(
                "hit points", times_s, "onset", heard.onsets_s, tolerance_s=sync.CUT_TOLERANCE_S, kinds=kinds
            )
        )
    rests = seen.kinematic_beats_s
    if rests is not None and len(rests):
        found.append(
            meet("body beats", rests, "beat", heard.pulse.beats_s, tolerance_s=sync.BEAT_TOLERANCE_S)
        )
    return tuple(found)


def _panels(evidence: Evidence) -> tuple[Panel, ...]:
    """Movement against loudness and density, and how both feel."""
    seen, heard = evidence.seen, evidence.heard
    second = np.arange(len(heard.density), dtype=np.float64) + 0.5
    level = np.where(np.isfinite(heard.loudness_db), np.maximum(heard.loudness_db, QUIETEST_DB), np.nan)
    movement = Curve("movement", "picture", seen.flow.times_s, seen.flow.magnitude, "px a frame pair")
    panels = [
        Panel(
            "Movement and loudness",
            (_thinned(movement), Curve("loudness", "music", second, level, "dB")),
            "Does the music swell where the picture moves?",
        ),
        Panel(
            "Movement and density",
            (_thinned(movement), Curve("onsets", "music", second, heard.density, "a second")),
            "Does it grow fuller where the picture moves?",
        ),
    ]
    affect = seen.streams.get("affect")
    if affect is not None and affect.says_something:
        felt = heard.affect
        for name, of_music in (("valence", felt.valence), ("arousal", felt.arousal)):
            panels.append(
                Panel(
                    name.capitalize(),
                    (_column(affect, name), Curve(name, "music", second[: len(of_music)], of_music)),
                    f"Do picture and music agree in {name}? Each is on its own scale.",
                )
            )
    return tuple(panels)


def _column(stream: Stream, name: str) -> Curve:
    values = np.where(stream.mask, stream.column(name), np.nan).astype(np.float64)
    return Curve(name, "picture", stream.times_s, values)


def _thinned(curve: Curve) -> Curve:
    """The curve's means over `FINEST_S`, where it is finer."""
    cells = np.floor(curve.times_s / FINEST_S).astype(np.int64)
    starts = np.flatnonzero(np.diff(cells, prepend=cells[0] - 1))
    counts = np.diff(np.append(starts, len(cells)))

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(values, starts) / counts)

    return Curve(curve.name, curve.side, mean(curve.times_s), mean(curve.values), curve.unit, curve.limits)


def _roll(piece: Piece) -> Roll:
    return Roll(piece.start_s, piece.start_s + piece.duration_s, piece.pitch, piece.is_drum)
