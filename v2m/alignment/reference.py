"""How human pieces are spread, and how near a piece, or a set of pieces, comes to them.

Closer to the human corpus is better, not higher. Many of the numbers depend on how long a piece
is, so the corpus is described at several lengths (excerpts of whole bars, and whole pieces), and
music is compared with those nearest to its own.

Of one piece
------------
* `z`: standard deviations from the corpus's mean; 0 is the average human piece.
* `percentile`: per cent of the human pieces that lie below.
* A histogram's distance is its total variation from the corpus's mean histogram (half the sum of
  the absolute differences). Human pieces have one too, and `z` and `percentile` are taken among theirs.

Of a set of pieces
------------------
* Difference of means: the set's − the corpus's; of histograms, the total variation of the two means.
* Overlapped area of two densities, 0 to 1, each estimated with Gaussian kernels of Scott's width.
  `distances_overlap` is that of Yang & Lerch ("On the evaluation of generative models in music",
  Neural Computing and Applications 32, 2020): the distances among human pieces (intra-set) against
  those from human pieces to the set's (inter-set). `values_overlap` is that of the values
  themselves: a set of which every piece is the average human piece looks near in the first (its
  distances are even smaller) and not in the second.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.errors import V2MError

SHIPPED = "pop909"
FORMAT = 1
TOLD = ("name", "title", "licence", "source", "recipe", "notes")
_DENSITY_POINTS = 512
_PER_MILLE = 1000.0


class CorpusError(V2MError, ValueError):
    """A reference file cannot be read, or does not say what it must."""


@dataclass(frozen=True, eq=False)
class Spread:
    """How one number is spread over the corpus.

    Attributes:
        mean, sd: over the pieces in which it is defined (sd with ddof = 1).
        quantiles: float64 `[Q]`, from the least to the largest, evenly spaced in rank: they stand
            for the pieces wherever the whole distribution is needed.
        count: pieces in which it is defined.
    """

    mean: float
    sd: float
    quantiles: NDArray[np.float64]
    count: int

    def __post_init__(self) -> None:
        if len(self.quantiles) < 2 or not np.isfinite(self.quantiles).all() or self.count < 2:
            raise CorpusError("a spread is that of at least two pieces, with at least two quantiles")
        if (np.diff(self.quantiles) < 0).any() or self.sd < 0:
            raise CorpusError("quantiles do not decrease, and a deviation is not negative")

    def z(self, value: float) -> float:
        """Standard deviations from the mean; nan where the corpus does not vary."""
        return (value - self.mean) / self.sd if self.sd > 0 else math.nan

    def percentile(self, value: float) -> float:
        """Per cent of the pieces below `value`, those equal to it counted half."""
        ranks = np.linspace(0.0, 100.0, len(self.quantiles))
        low = int(np.searchsorted(self.quantiles, value, side="left"))
        high = int(np.searchsorted(self.quantiles, value, side="right"))
        if low < high:
            return float((ranks[low] + ranks[high - 1]) / 2)
        return float(np.interp(value, self.quantiles, ranks))


@dataclass(frozen=True, eq=False)
class Shape:
    """How one histogram looks over the corpus.

    Attributes:
        mean: float64 `[bins]`, the mean of the pieces' shares.
        pieces: float64 `[sample, bins]`, the shares of some of the pieces, for distances among them.
        distance: how far pieces are from the mean, total variation.
    """

    mean: NDArray[np.float64]
    pieces: NDArray[np.float64]
    distance: Spread

    def __post_init__(self) -> None:
        if self.pieces.ndim != 2 or self.pieces.shape[1:] != self.mean.shape or len(self.pieces) < 2:
            raise CorpusError("a shape needs the shares of at least two pieces, over the mean's bins")


@dataclass(frozen=True, eq=False)
class Corpus:
    """Human pieces of about one length.

    Attributes:
        length_s: of the excerpts, or the median of whole pieces.
        whole: whether these are whole pieces.
        pieces: how many.
        numbers: metric → its spread.
        histograms: metric → its shape.
    """

    length_s: float
    whole: bool
    pieces: int
    numbers: Mapping[str, Spread]
    histograms: Mapping[str, Shape]

    @property
    def title(self) -> str:
        """For people: what music is compared with."""
        return f"{self.pieces} {'whole pieces' if self.whole else f'excerpts of {self.length_s:g} s'}"


@dataclass(frozen=True, eq=False)
class Reference:
    """A human corpus at several lengths.

    Attributes:
        name, title, licence, source, recipe, notes: where it comes from and how it was made.
        corpora: shortest first.
    """

    name: str
    title: str
    licence: str
    source: str
    recipe: str
    notes: str
    corpora: tuple[Corpus, ...]

    def __post_init__(self) -> None:
        if not self.corpora or list(self.corpora) != sorted(self.corpora, key=lambda c: c.length_s):
            raise CorpusError(f"reference {self.name}: needs a corpus, the shortest first")

    def nearest(self, length_s: float) -> Corpus:
        """The corpus whose length is nearest as a ratio."""
        return min(self.corpora, key=lambda c: abs(math.log(length_s / c.length_s)))


def total_variation(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the sum of absolute differences over the last axis: 0 alike, 1 nothing in common."""
    return np.asarray(np.abs(a - b).sum(axis=-1) / 2)


def values_overlap(values: NDArray[np.float64], spread: Spread) -> float:
    """Overlapped area of the set's values and the corpus's; nan for fewer than two values."""
    return density_overlap(values, spread.quantiles)


def distances_overlap(values: NDArray[np.float64], spread: Spread) -> float:
    """Overlapped area of Yang & Lerch: inter-set distances against intra-set ones; nan for no value."""
    human = spread.quantiles
    among = np.abs(human[:, None] - human)[np.triu_indices(len(human), 1)]
    return density_overlap(np.abs(values[:, None] - human).ravel(), among)


def shapes_overlap(histograms: NDArray[np.float64], shape: Shape) -> float:
    """The same for histograms `[n, bins]`, their distances Euclidean."""
    human = shape.pieces
    among = np.linalg.norm(human[:, None] - human, axis=-1)[np.triu_indices(len(human), 1)]
    return density_overlap(np.linalg.norm(histograms[:, None] - human, axis=-1).ravel(), among)


def density_overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Area under the smaller of two Gaussian kernel densities of Scott's width, 0 to 1.

    A sample that does not vary at all is a peak a hundredth of the common range wide. nan if either has
    fewer than two values.
    """
    if len(a) < 2 or len(b) < 2:
        return math.nan
    span = max(a.max(), b.max()) - min(a.min(), b.min())
    if span <= 0:
        return 1.0
    widths = [max(float(np.std(x, ddof=1)) * len(x) ** -0.2, span / 100) for x in (a, b)]
    low = min(a.min() - 4 * widths[0], b.min() - 4 * widths[1])
    high = max(a.max() + 4 * widths[0], b.max() + 4 * widths[1])
    at = np.linspace(low, high, _DENSITY_POINTS)
    both = np.minimum(_density(a, widths[0], at), _density(b, widths[1], at))
    return float(np.clip(both.sum() * (at[1] - at[0]), 0.0, 1.0))


def _density(sample: NDArray[np.float64], width: float, at: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros(len(at))
    for block in np.array_split(sample, len(sample) // 4096 + 1):
        total += np.exp(-0.5 * ((at[:, None] - block) / width) ** 2).sum(axis=1)
    return np.asarray(total / (len(sample) * width * math.sqrt(2 * math.pi)))


def spread_of(values: Sequence[float] | NDArray[np.float64], *, quantiles: int = 101) -> Spread:
    """The spread of the values that are numbers.

    Raises:
        CorpusError: if fewer than two are.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if len(known) < 2:
        raise CorpusError("a spread is that of at least two pieces")
    at = np.quantile(known, np.linspace(0, 1, quantiles))
    return Spread(float(known.mean()), float(known.std(ddof=1)), at, len(known))


def shape_of(histograms: NDArray[np.float64], *, sample: int = 60) -> Shape:
    """The shape of the histograms `[n, bins]` that were counted, a spaced-out sample of them kept.

    Raises:
        CorpusError: if fewer than two were.
    """
    known = histograms[np.isfinite(histograms).all(axis=1)]
    if len(known) < 2:
        raise CorpusError("a shape is that of at least two pieces")
    mean = known.mean(axis=0)
    kept = known[np.unique(np.linspace(0, len(known) - 1, sample).round().astype(int))]
    return Shape(mean, kept, spread_of(total_variation(known, mean)))


@cache
def load_reference(name: str = SHIPPED) -> Reference:
    """A reference that is shipped, by name, or one's own: `name` is then its path and ends in `.json`.

    Raises:
        CorpusError: if there is none of this name, or the file is not a reference.
    """
    own = name.endswith(".json")
    folder = resources.files("v2m.alignment") / "references"
    try:
        text = (Path(name) if own else folder / f"{name}.json").read_text(encoding="utf-8")
        return from_plain(json.loads(text))
    except OSError as error:
        known = sorted(f.name.removesuffix(".json") for f in folder.iterdir() if f.name.endswith(".json"))
        raise CorpusError(f"reference {name!r}: not found (known: {', '.join(known)})") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorpusError(f"reference {name!r}: is not a reference file ({error!r})") from error


def to_plain(reference: Reference) -> dict[str, Any]:
    """A reference as what JSON holds: numbers to five digits, a piece's shares in thousandths."""
    told = {k: getattr(reference, k) for k in TOLD}
    corpora = [
        {
            "length_s": _digits(corpus.length_s),
            "whole": corpus.whole,
            "pieces": corpus.pieces,
            "numbers": {name: _plain_spread(spread) for name, spread in corpus.numbers.items()},
            "histograms": {
                name: {
                    "mean": [_digits(v) for v in shape.mean],
                    "distance": _plain_spread(shape.distance),
                    "thousandths": np.round(shape.pieces * _PER_MILLE).astype(int).tolist(),
                }
                for name, shape in corpus.histograms.items()
            },
        }
        for corpus in reference.corpora
    ]
    return {"format": FORMAT, **told, "corpora": corpora}


def from_plain(plain: Mapping[str, Any]) -> Reference:
    """The inverse of `to_plain`.

    Raises:
        CorpusError: if it is of another format, or contradicts itself.
        KeyError, TypeError, ValueError: if it is not a reference at all.
    """
    if plain["format"] != FORMAT:
        raise CorpusError(f"a reference of format {plain['format']}; this version reads {FORMAT}")
    corpora = tuple(
        Corpus(
            float(c["length_s"]),
            bool(c["whole"]),
            int(c["pieces"]),
            {name: _spread(s) for name, s in c["numbers"].items()},
            {
                name: Shape(
                    np.array(h["mean"], dtype=np.float64),
                    np.array(h["thousandths"], dtype=np.float64) / _PER_MILLE,
                    _spread(h["distance"]),
                )
                for name, h in c["histograms"].items()
            },
        )
        for c in plain["corpora"]
    )
    return Reference(**{k: str(plain[k]) for k in TOLD}, corpora=corpora)


def _plain_spread(spread: Spread) -> dict[str, Any]:
    return {
        "mean": _digits(spread.mean),
        "sd": _digits(spread.sd),
        "count": spread.count,
        "quantiles": [_digits(v, 4) for v in spread.quantiles],
    }


def _spread(plain: Mapping[str, Any]) -> Spread:
    quantiles = np.array(plain["quantiles"], dtype=np.float64)
    return Spread(float(plain["mean"]), float(plain["sd"]), quantiles, int(plain["count"]))


def _digits(value: float, count: int = 5) -> float:
    return float(f"{value:.{count}g}")
