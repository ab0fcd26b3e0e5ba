"""Stars that a person gave → the weights of the reward, nearer to what this person likes.

Kept as lines of JSON in the user's data folder (`v2m.user_data`): what was rated, the terms of its reward
(`v2m.critics.reward`), and the stars. The newest rating of a piece counts.

The weights are found by ridge regression (Hoerl & Kennard 1970) with the default weights in place of
nought: stars, −1 for one and 1 for five, are taken to be a level of the person's own plus the terms
times weights, and the weights that leave the least squared error plus `HOLD` times their squared
distance from the default ones are taken. Without ratings these are the default; one or two move them by
hundredths; it takes some twenty that agree for the person to weigh as much as the default. No weight
falls below 0, and they always sum to 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encoders.errors import V2MError
from encoders.whole import write_whole
from v2m.critics.reward import WEIGHTS

MOST_STARS = 5
HOLD = 2.0
SLOPE = 2.0
"""What a reward of 1 more is worth in stars (each half of the scale being 1), where the default holds."""
NAME = "ratings.jsonl"


class RatingError(V2MError, ValueError):
    """A rating that cannot be kept or read; one line says why."""


@dataclass(frozen=True)
class Rating:
    """One piece of music that a person has judged.

    Attributes:
        of: what identifies it: the file that it is in.
        stars: 1 to 5.
        terms: of its reward.

    Raises:
        RatingError: for stars out of range, or terms that are not the reward's.
    """

    of: str
    stars: int
    terms: Mapping[str, float]

    def __post_init__(self) -> None:
        if isinstance(self.stars, bool) or self.stars not in range(1, MOST_STARS + 1):
            raise RatingError(f"{self.stars} stars: give 1 to {MOST_STARS}")
        if set(self.terms) != set(WEIGHTS):
            raise RatingError(f"{self.of}: was measured by another version of v2m; make it again to rate it")
        if not all(isinstance(value, int | float) and math.isfinite(value) for value in self.terms.values()):
            raise RatingError(f"{self.of}: its measures are not numbers")


def load_ratings(folder: Path) -> tuple[Rating, ...]:
    """All ratings, one a piece, in the order in which they were first given; none if there is no file.

    A rating whose terms are not those of this version's reward is passed over.

    Raises:
        RatingError: if the file cannot be read, or a line is not a rating.
    """
    path = folder / NAME
    if not path.exists():
        return ()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RatingError(f"{path}: cannot be read ({error})") from error
    found: dict[str, Rating] = {}
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            if set(row["terms"]) == set(WEIGHTS):
                found[row["of"]] = Rating(row["of"], row["stars"], row["terms"])
        except (json.JSONDecodeError, KeyError, TypeError, RatingError) as error:
            raise RatingError(
                f"{path}: line {number}: is not a rating ({error}); mend or remove it"
            ) from error
    return tuple(found.values())


def keep_rating(rating: Rating, folder: Path) -> Path:
    """Add a rating; one of the same piece takes the older one's place. Gives the file.

    Raises:
        RatingError: see `load_ratings`, or if the file cannot be written.
    """
    kept = {earlier.of: earlier for earlier in load_ratings(folder)} | {rating.of: rating}
    text = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in kept.values())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / NAME, text.encode())
    except OSError as error:
        raise RatingError(f"{folder}: ratings cannot be kept there ({error.strerror})") from error
    return folder / NAME


def weights_from(ratings: Sequence[Rating], default: Mapping[str, float] = WEIGHTS) -> dict[str, float]:
    """The weights of the reward after some ratings; the default ones if there are none."""
    names = list(default)
    start = SLOPE * np.array([default[name] for name in names])
    if not ratings:
        return dict(default)
    rows = np.array([[rating.terms[name] for name in names] for rating in ratings], dtype=np.float64)
    half = (MOST_STARS - 1) / 2
    stars = np.array([(rating.stars - 1 - half) / half for rating in ratings])
    # Centring both takes the person's own level out of the sum.
    rows, stars = rows - rows.mean(axis=0), stars - stars.mean()
    left = stars - rows @ start
    moved = np.linalg.solve(rows.T @ rows + HOLD * np.eye(len(names)), rows.T @ left)
    found = np.maximum(start + moved, 0.0)
    total = float(found.sum())
    if total <= 0:
        return dict(default)
    return {name: float(value) for name, value in zip(names, found / total, strict=True)}


def terms_in(report: Mapping[str, Any], name: str) -> dict[str, float]:
    """The terms of the reward that a run report keeps.

    Raises:
        RatingError: if it keeps none, as that of a session that was never reviewed.
    """
    review = report.get("review")
    terms = review.get("terms_after") if isinstance(review, Mapping) else None
    if not isinstance(terms, Mapping) or not terms:
        raise RatingError(f"{name}: says nothing of its reward; v2m review SESSION measures a session")
    return dict(terms)
