"""One picture with several pieces of music → who fits best, and how sure that is.

What is compared is the fit over chance: the mean, over those of three measures that the picture has
something for, of score less chance level. The measures are cut hits (share of cuts with an onset within
80 ms), AV-Align, and accent alignment (`v2m.alignment.local`). Each is a ratio of sums over instants of
the picture, so that it can be taken from any choice of stretches of it: intervals come from
resampling windows of time with replacement (the block bootstrap: Künsch, "The jackknife and the
bootstrap for general stationary observations", Ann. Stat. 17, 1989), the same windows for every piece of
music, since they are heard under the same picture. Chance levels are those of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from v2m.scoring.request import ScoringError

if TYPE_CHECKING:
    from encoders.clip import Clip
    from v2m.alignment.seen import Seen
    from v2m.scoring.request import Request
    from v2m.scoring.result import ClipScore, Evidence

WINDOW_S = 2.0
RESAMPLES = 2000
INTERVAL = 0.95
PARTS = ("cut_hits", "av_align", "accent_alignment")
# Pictures whose curves of movement correlate less than this are not one picture.
_ALIKE = 0.98


@dataclass(frozen=True)
class Part:
    """One measure of one candidate."""

    score: float
    chance: float


@dataclass(frozen=True)
class Entry:
    """One candidate.

    Attributes:
        name: the file.
        fit: mean over the parts of score less chance.
        fit_interval: of the bootstrap.
        parts: in the order of `Ranking.parts`.
        behind: how much less than the best's the fit is; 0 for the best.
        behind_interval: of the bootstrap, paired by window.
        better_share: share of the resamples in which it fits better than the best.
    """

    name: str
    fit: float
    fit_interval: tuple[float, float]
    parts: tuple[Part, ...]
    behind: float
    behind_interval: tuple[float, float]
    better_share: float


@dataclass(frozen=True)
class Ranking:
    """Candidates, best first.

    Attributes:
        entries: best first.
        parts: the measures that the picture has something for.
        window_s, windows, resamples, seed: of the bootstrap.
        notes: sentences: which pictures differ.
    """

    entries: tuple[Entry, ...]
    parts: tuple[str, ...]
    window_s: float
    windows: int
    resamples: int
    seed: int
    notes: tuple[str, ...]


def score_alike(
    requests: Sequence[Request], progress: Callable[[str, float], None] | None = None
) -> list[ClipScore]:
    """Score clips; a picture whose packets were seen before is not looked at again.

    Raises:
        V2MError: if one cannot be scored.
    """
    from encoders.clip import probe
    from v2m.report import Run
    from v2m.scoring.clip import score_clip

    seen: dict[str, Seen] = {}
    scores = []
    for request in requests:
        run = Run(progress)
        assert request.clip is not None
        with run.stage("probe"):
            clip = probe(request.clip)
            packets = packet_hash(clip)
        result = score_clip(request, clip, run, seen.get(packets))
        assert result.evidence is not None
        seen[packets] = result.evidence.seen
        scores.append(result)
    return scores


def packet_hash(clip: Clip) -> str:
    """Of the picture's packets and the instants at which they are shown."""
    import hashlib

    from encoders.container import open_container

    digest = hashlib.blake2b(np.round(clip.frame_times_s, 3).tobytes(), digest_size=16)
    with open_container(clip.path) as container:
        stream = next(s for s in container.streams.video if s.index == clip.stream_index)
        for packet in container.demux(stream):
            digest.update(bytes(packet))
    return digest.hexdigest()


def rank(
    scores: Sequence[ClipScore], *, window_s: float = WINDOW_S, resamples: int = RESAMPLES, seed: int = 0
) -> Ranking:
    """Order candidates by their fit over chance.

    Args:
        scores: with their evidence, of one picture.
        window_s: of the windows that are resampled.
        resamples: how often.
        seed: of the resampling.

    Raises:
        ScoringError: if there are fewer than two, or the picture has nothing that music could meet.
    """
    if len(scores) < 2:
        raise ScoringError("name at least two clips to compare")
    evidence = [_evidence(score) for score in scores]
    first = evidence[0].seen
    windows = max(1, int(np.ceil(first.duration_s / window_s)))
    sums = np.stack([_sums(one, windows, window_s) for one in evidence])
    parts = [k for k, name in enumerate(PARTS) if all(score[name].defined for score in scores)]
    if not parts:
        raise ScoringError("the picture has no cut and no movement: there is nothing that music could meet")
    chance = np.array([[_chance(score, PARTS[k]) for k in parts] for score in scores])
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, windows, (resamples, windows))
    whole = _fit(sums.sum(axis=1)[:, None], parts, chance)[:, 0]
    resampled = _fit(np.stack([one[drawn].sum(axis=1) for one in sums]), parts, chance)
    order = np.argsort(-whole, kind="stable")
    best = int(order[0])
    entries = []
    for k in order.tolist():
        behind = resampled[best] - resampled[k]
        entries.append(
            Entry(
                _name(scores, k),
                float(whole[k]),
                _interval(resampled[k]),
                tuple(Part(scores[k][PARTS[p]].score, float(chance[k][n])) for n, p in enumerate(parts)),
                float(whole[best] - whole[k]),
                _interval(behind),
                float(np.mean(behind < 0)),
            )
        )
    names = tuple(PARTS[k] for k in parts)
    notes = _differing(scores, evidence)
    return Ranking(tuple(entries), names, window_s, windows, resamples, seed, notes)


def _evidence(score: ClipScore) -> Evidence:
    if score.evidence is None:
        raise ScoringError(f"{score.name}: has no picture to be compared under")
    return score.evidence


def _name(scores: Sequence[ClipScore], index: int) -> str:
    """The clip's file name; with its music where clips of one name differ by that."""
    name, music = scores[index].name, scores[index].music.source
    return name if sum(score.name == name for score in scores) == 1 else f"{name} + {music}"


def _chance(score: ClipScore, name: str) -> float:
    chance = score[name].chance
    return 0.0 if chance is None or not np.isfinite(chance.mean) else chance.mean


def _sums(evidence: Evidence, windows: int, window_s: float) -> NDArray[np.float64]:
    """What the three measures are made of, by window, `[windows, 8]`.

    Columns: cuts met, cuts; matches, audio peaks, video peaks; overlap of music and accents, of the
    music with itself, of the accents with themselves.
    """
    from v2m.alignment.local import SIGMA_S
    from v2m.alignment.sync import av_align_matches, movement_peaks
    from v2m.alignment.trains import pairs

    seen, heard = evidence.seen, evidence.heard

    def place(times_s: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.clip((times_s / window_s).astype(np.int64), 0, windows - 1)

    def count(
        times_s: NDArray[np.float64], weights: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        return np.bincount(place(times_s), weights, minlength=windows).astype(np.float64)

    peaks = movement_peaks(seen.flow)
    matched = av_align_matches(heard.onsets_s, peaks, frame_s=seen.flow.frame_s)
    columns = [
        count(seen.cuts_s, evidence.cuts_met.astype(np.float64)),
        count(seen.cuts_s),
        count(peaks[matched]),
        count(heard.onsets_s),
        count(peaks),
    ]
    for one, other in (
        (heard.attacks, seen.accents),
        (heard.attacks, heard.attacks),
        (seen.accents, seen.accents),
    ):
        i, j, apart = pairs(one.times_s, other.times_s, 5 * SIGMA_S)
        alike = one.strengths[i] * other.strengths[j] * np.exp(-0.5 * (apart / SIGMA_S) ** 2)
        columns.append(count((one.times_s[i] + other.times_s[j]) / 2, alike))
    return np.column_stack(columns)


def _fit(sums: NDArray[np.float64], parts: Sequence[int], chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums `[candidates, resamples, 8]` → fit over chance `[candidates, resamples]`."""
    hits, cuts, matches, audio, video, both, music, picture = np.moveaxis(sums, -1, 0)

    def ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.divide(above, below, out=np.zeros_like(above), where=below > 0)

    scores = (
        ratio(hits, cuts),
        ratio(matches, audio + video - matches),
        np.minimum(ratio(both, np.sqrt(music * picture)), 1.0),
    )
    gains = [scores[k] - chance[:, n : n + 1] for n, k in enumerate(parts)]
    return np.asarray(np.mean(gains, axis=0), dtype=np.float64)


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    edge = (1 - INTERVAL) / 2
    low, high = np.quantile(values, [edge, 1 - edge])
    return float(low), float(high)


def _differing(scores: Sequence[ClipScore], evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """A sentence for each clip whose picture is not the first one's."""
    first = evidence[0].seen
    notes = []
    for score, one in zip(scores[1:], evidence[1:], strict=True):
        seen = one.seen
        if seen is first:
            continue
        apart_s = abs(seen.duration_s - first.duration_s)
        theirs = np.interp(first.flow.times_s, seen.flow.times_s, seen.flow.magnitude)
        ours = first.flow.magnitude
        moving = min(float(ours.std()), float(theirs.std())) > 1e-9
        alike = float(np.corrcoef(ours, theirs)[0, 1]) if moving else float(np.allclose(ours, theirs))
        if apart_s > 2 * first.clip.frame_s or alike < _ALIKE:
            notes.append(
                f"{score.name} has another picture than {scores[0].name} (movement correlates {alike:.2f}, "
                f"lengths differ by {apart_s:.2f} s): what is compared is not the music alone."
            )
    return tuple(notes)
