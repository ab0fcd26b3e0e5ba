"""A rating of something that v2m made: which music it is, and the stars, kept for the next candidates.

What can be rated is a run report, a session's folder (its `report.json`), or a scored clip: the command
line keeps the terms of each clip's reward beside the ratings, by the clip's content, for `MOST_KNOWN` clips.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from encoders.whole import write_whole
from v2m.critics.ratings import Rating, RatingError, keep_rating, load_ratings, terms_in, weights_from
from v2m.user_data import data_folder

MOST_KNOWN = 500
KNOWN = "made.json"


def rate(place: Path | str, stars: int, *, folder: Path | None = None) -> dict[str, float]:
    """Keep a rating, and give the reward's weights that now hold.

    Args:
        place: a scored clip, a session's folder, or a run report.
        stars: 1 to 5.
        folder: where ratings are kept; the user's data folder if None.

    Raises:
        RatingError: if it is not known what the music was like, or the stars are out of range.
    """
    path = Path(place)
    where = data_folder() if folder is None else folder
    of, terms = _measured(path, where)
    keep_rating(Rating(of, stars, terms), where)
    return weights_from(load_ratings(where))


def remember(clip: Path, terms: Mapping[str, float], *, folder: Path | None = None) -> None:
    """Note what the music of a scored clip is like, for when it is rated.

    Raises:
        RatingError: if it cannot be noted.
    """
    where = data_folder() if folder is None else folder
    known = _known(where)
    known[_content(clip)] = dict(terms)
    latest = dict(list(known.items())[-MOST_KNOWN:])
    try:
        where.mkdir(parents=True, exist_ok=True)
        write_whole(where / KNOWN, (json.dumps(latest) + "\n").encode())
    except OSError as error:
        raise RatingError(f"{where}: nothing can be kept there ({error.strerror})") from error


def _measured(path: Path, folder: Path) -> tuple[str, dict[str, float]]:
    """What identifies a piece, and its terms."""
    if not path.exists():
        raise RatingError(f"{path}: no such file")
    if path.is_dir():
        path = path / "report.json"
        if not path.is_file():
            raise RatingError(f"{path.parent}: has no report.json; render it first")
    if path.suffix.lower() == ".json":
        report = _report(path)
        return _content(path), terms_in(report, str(path))
    of = _content(path)
    terms = _known(folder).get(of)
    if terms is None:
        raise RatingError(
            f"{path}: not known here: made by another user, or changed since; rate its run report (--report)"
        )
    return of, terms


def _report(path: Path) -> Mapping[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise RatingError(f"{path}: is no run report ({error})") from error
    if not isinstance(report, dict):
        raise RatingError(f"{path}: is no run report")
    return report


def _known(folder: Path) -> dict[str, dict[str, float]]:
    path = folder / KNOWN
    if not path.exists():
        return {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise RatingError(f"{path}: cannot be read ({error}); mend or remove it") from error
    if not isinstance(known, dict):
        raise RatingError(f"{path}: is not what v2m wrote; mend or remove it")
    return known


def _content(path: Path) -> str:
    """BLAKE2b-128 of a file's bytes, in hex."""
    from v2m.scoring.clip import content_hash

    try:
        return content_hash(path)
    except OSError as error:
        raise RatingError(f"{path}: cannot be read ({error.strerror})") from error
