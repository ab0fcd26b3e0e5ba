"""A score → one HTML page that a person reads: where the music fits, how well, and what chance would give.

`ScorePage` says what the page shows; `render` makes it one self-contained document, as text. The
drawings are SVG, their x being seconds. The style and the script beside this file are put into the page,
which loads nothing; where scripts do not run it loses its reading cursor and its keys, and nothing else.
"""

from v2m.score_page.document import render
from v2m.score_page.facts import Curve, Film, Panel, Roll, ScorePage, Targets, Waveform, meet, waveform_of
from v2m.score_page.film import film_of

__all__ = [
    "Curve",
    "Film",
    "Panel",
    "Roll",
    "ScorePage",
    "Targets",
    "Waveform",
    "film_of",
    "meet",
    "render",
    "waveform_of",
]
