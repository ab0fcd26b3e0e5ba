"""Does generated music have its beats where a reference has them, bin by bin?

The scores of dance-to-music systems. Onsets of both soundtracks are put into bins of a second (or a
fifth of one), and the bins that hold an onset are compared.

Conventions
-----------
Onsets are librosa's (mono, 22,050 Hz) with each variant's own parameters; each falls
into the bin floor(time · bins a second); there are ceil(length · bins a second) bins, each 0 or 1.
Variants answer differently and are never put into one column. Bins beyond the shorter sound are
empty in it, save that `loris` and `5hz` cut the reference to the generated sound's length.

Metrics, each per variant
-------------------------
* `d2mgan` (D2M-GAN: Zhu, Olszewski, Wu, Achlioptas, Chai, Yan & Tulyakov, ECCV 2022; CDCD: Zhu et al.,
  ICLR 2023): coverage = generated ÷ reference bins, which can exceed 1; hits = common ÷ reference.
  Undefined (nan) without a reference beat.
* `loris` (Yu, Zhu, Zhang, Chen & Liu, "Long-term rhythmic video soundtracker", ICML 2023): coverage =
  common ÷ generated, a precision; hits = common ÷ reference, a recall; 0 where there is no beat.
* `5hz`: as `loris`, in bins of 200 ms.
* `f1`: 2CH / (C + H) of coverage and hits. Over a set of clips it is that of the two means, not the
  mean of the clips' own; CSD and HSD are the standard deviations of coverage and hits over the clips
  (ddof = 1).

What they cannot see: a click a second scores 1.00 on `loris`. Read them beside their chance level, for
which the generated onsets are turned in time, and beside the metronome's.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.defaults import SHIFTS
from v2m.alignment.measure import Measure, measure_events, undefined
from v2m.alignment.onsets import SAMPLE_RATE, Picking, onset_envelope, pick_onsets


@dataclass(frozen=True)
class Variant:
    """One way of the field to compare beats.

    Attributes:
        name: where it comes from.
        picking: its onset detector's parameters.
        bins_per_s: bins a second.
        precision: whether coverage is a share of the generated beats, and whether the reference is cut
            to the generated length and a missing beat scores 0; else it is a ratio to the
            reference's beats.
    """

    name: str
    picking: Picking
    bins_per_s: int
    precision: bool


_LORIS = Picking(pre_max=3, post_max=3, pre_avg=3, post_avg=3, delta=0.2, wait=1)
VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        variant.name: variant
        for variant in (
            Variant("d2mgan", Picking(pre_avg=1, post_avg=1, post_max=1, delta=0.2, wait=1), 1, False),
            Variant("loris", _LORIS, 1, True),
            Variant("5hz", _LORIS, 5, True),
        )
    }
)


@dataclass(frozen=True, eq=False)
class Rhythm:
    """What beats are looked for in.

    Attributes:
        envelope: float32 `[frames]`, see `v2m.alignment.onsets.onset_envelope`.
        duration_s: of the sound.
    """

    envelope: NDArray[np.float32]
    duration_s: float

    @classmethod
    def of(cls, samples: NDArray[np.float32]) -> Rhythm:
        """Of mono samples at 22,050 Hz.

        Raises:
            ValueError: if they are not mono or not finite.

        Warns:
            UserWarning: if there are none.
        """
        envelope = onset_envelope(samples)
        if not samples.size:
            warnings.warn("a soundtrack is empty", stacklevel=2)
        return cls(envelope, len(samples) / SAMPLE_RATE)


@dataclass(frozen=True)
class BeatScores:
    """Of one pair of soundtracks; nan where undefined."""

    coverage: float
    hits: float

    @property
    def f1(self) -> float:
        return harmonic_mean(self.coverage, self.hits)


@dataclass(frozen=True)
class SetScores:
    """Of a set of clips, over those for which the scores are defined.

    Attributes:
        bcs, bhs: mean coverage and hits.
        csd, hsd: their standard deviations (ddof = 1); nan for fewer than two clips.
        f1: of the two means.
        clips: how many.
    """

    bcs: float
    bhs: float
    csd: float
    hsd: float
    f1: float
    clips: int


def find_variant(name: str) -> Variant:
    """The variant of this name.

    Raises:
        ValueError: naming the known ones.
    """
    if name not in VARIANTS:
        raise ValueError(f"beat variant {name!r} is none of {', '.join(VARIANTS)}")
    return VARIANTS[name]


def variant_onsets(rhythm: Rhythm, variant: str) -> NDArray[np.float64]:
    """Onsets as the variant detects them, float64 `[onsets]`, seconds."""
    return pick_onsets(rhythm.envelope, picking=find_variant(variant).picking)


def bin_onsets(onsets_s: ArrayLike, duration_s: float, *, bins_per_s: int = 1) -> NDArray[np.bool_]:
    """Which bins hold an onset, bool `[ceil(duration_s · bins_per_s)]`.

    Raises:
        ValueError: if an onset lies outside 0 to `duration_s`.
    """
    onsets = np.asarray(onsets_s, dtype=np.float64)
    bins = np.zeros(int(np.ceil(duration_s * bins_per_s)), dtype=bool)
    at = np.floor(onsets * bins_per_s).astype(np.int64)
    # A detector's last frame may be centred on the very end; it belongs to the last bin.
    if onsets.size and (onsets.min() < 0 or onsets.max() > duration_s):
        raise ValueError(f"an onset lies outside 0 to {duration_s:g} s")
    bins[np.minimum(at, len(bins) - 1)] = True
    return bins


def binned_onsets(rhythm: Rhythm, variant: str) -> NDArray[np.bool_]:
    """Which bins hold an onset, as the variant has it."""
    bins_per_s = find_variant(variant).bins_per_s
    return bin_onsets(variant_onsets(rhythm, variant), rhythm.duration_s, bins_per_s=bins_per_s)


def beat_scores(generated: NDArray[np.bool_], reference: NDArray[np.bool_], variant: str) -> BeatScores:
    """Coverage and hits of two rows of bins.

    Args:
        generated, reference: bool `[bins]`, of any two lengths.
        variant: its name.
    """
    how = find_variant(variant)
    if how.precision:
        reference = reference[: len(generated)]
    common = min(len(generated), len(reference))
    both = int((generated[:common] & reference[:common]).sum())
    ours, theirs = int(generated.sum()), int(reference.sum())
    if how.precision:
        return BeatScores(both / ours if ours else 0.0, both / theirs if theirs else 0.0)
    if not theirs:
        return BeatScores(float("nan"), float("nan"))
    return BeatScores(ours / theirs, both / theirs)


def harmonic_mean(coverage: float, hits: float) -> float:
    """F1: 2CH / (C + H); 0 where both are 0, nan where one is."""
    total = coverage + hits
    return 0.0 if total == 0 else 2 * coverage * hits / total


def over_clips(scores: Sequence[BeatScores]) -> SetScores:
    """Means, standard deviations and F1 over a set; clips whose scores are undefined do not count."""
    known = np.array([(s.coverage, s.hits) for s in scores if not np.isnan(s.coverage)]).reshape(-1, 2)
    if not len(known):
        nan = float("nan")
        return SetScores(nan, nan, nan, nan, nan, 0)
    bcs, bhs = (float(value) for value in known.mean(axis=0))
    deviations = known.std(axis=0, ddof=1) if len(known) > 1 else np.full(2, np.nan)
    return SetScores(
        bcs, bhs, float(deviations[0]), float(deviations[1]), harmonic_mean(bcs, bhs), len(known)
    )


def evaluate(
    generated: Rhythm,
    reference: Rhythm,
    *,
    variants: Sequence[str] = tuple(VARIANTS),
    shifts: int = SHIFTS,
    seed: int = 0,
) -> tuple[Measure, ...]:
    """Coverage, hits and F1 of every variant, each with what chance gives.

    Args:
        generated: the music to be judged.
        reference: the soundtrack that it is compared with.
        variants: which.
        shifts, seed: see `v2m.alignment.chance`; the generated onsets are turned. No shifts, no chance
            level.

    Raises:
        ValueError: if a variant is not known.
    """
    measures: list[Measure] = []
    for name in variants:
        measures += _measure_variant(find_variant(name), generated, reference, shifts, seed)
    return tuple(measures)


def evaluate_set(clips: Sequence[Sequence[Measure]]) -> tuple[Measure, ...]:
    """BCS, BHS, CSD, HSD and F1 of every variant over a set, from what `evaluate` gave for each clip.

    The chance level of a mean is the mean of the clips' (`chance` among its details).
    """
    measures = []
    for name in VARIANTS:
        parts = {
            part: [m for clip in clips for m in clip if (m.task, m.name) == ("beats", f"{name}_{part}")]
            for part in ("coverage", "hits")
        }
        if not parts["coverage"]:
            continue
        pairs = zip(parts["coverage"], parts["hits"], strict=True)
        whole = over_clips([BeatScores(coverage.score, hits.score) for coverage, hits in pairs])
        better = "higher" if VARIANTS[name].precision else "none"
        for short, score, of, how in (
            ("bcs", whole.bcs, "coverage", better),
            ("bhs", whole.bhs, "hits", "higher"),
            ("csd", whole.csd, "", "lower"),
            ("hsd", whole.hsd, "", "lower"),
            ("f1", whole.f1, "", "higher"),
        ):
            levels = [m.chance.mean for m in parts.get(of, ()) if m.chance is not None]
            measures.append(
                Measure(
                    "beats",
                    f"{name}_{short}",
                    score,
                    better=how,
                    count=whole.clips,
                    details={"chance": float(np.nanmean(levels))} if levels else {},
                    note="too few clips for which it is defined" if np.isnan(score) else "",
                )
            )
    return tuple(measures)


def _measure_variant(
    how: Variant, generated: Rhythm, reference: Rhythm, shifts: int, seed: int
) -> list[Measure]:
    theirs = binned_onsets(reference, how.name)
    onsets = variant_onsets(generated, how.name)
    length_s = generated.duration_s
    why = ""
    if not length_s:
        why = "the music has no sound"
    elif not how.precision and not theirs.any():
        why = "the reference has no beat, for which this variant defines no score"

    def measure(part: str, **told: Any) -> Measure:
        def score(turned: NDArray[np.float64]) -> float:
            ours = bin_onsets(turned, length_s, bins_per_s=how.bins_per_s)
            return float(getattr(beat_scores(ours, theirs, how.name), part))

        name, count = f"{how.name}_{part}", int(theirs.sum())
        if why:
            return undefined("beats", name, why, count=count)
        return measure_events(
            "beats", name, score, onsets, length_s, shifts=shifts, seed=seed, count=count, **told
        )

    if how.precision:
        return [measure("coverage"), measure("hits"), measure("f1")]
    over = "beats ÷ the reference's beats: above 1, the music has more of them"
    return [measure("coverage", better="none", note=over), measure("hits"), measure("f1")]
