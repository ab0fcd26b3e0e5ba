"""Soundtracks for any clip: `v2m.soundtrack("clip.mp4")` writes `clip.scored.mp4`; and how well music
fits: `v2m.score("clip.scored.mp4")`.

`v2m.soundtrack` is the function; the module of that name is `v2m/soundtrack.py`, and importing
from it (`from v2m.soundtrack import fulfil`) works as well.
"""

from v2m.scoring import score
from v2m.soundtrack import soundtrack

__all__ = ["score", "soundtrack"]
