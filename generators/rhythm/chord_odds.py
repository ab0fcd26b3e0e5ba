"""Mode + style → what follows what in this music, and what the picture's mood makes of it.

The odds counted from songs (`progressions`) are the ground. A style's own progressions are mixed in
wherever they say how to go on from a chord, so that they colour what is drawn and nothing has to be
written for a style to work; valence and tension weigh each chord.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from generators.key import Key
from generators.rhythm.band import Band
from generators.rhythm.chord_space import (
    MAJOR_MODES,
    SYMBOLS,
    brightness,
    common_notes,
    foreign_notes,
    kind_of,
    root_of,
    symbol_of,
    tenseness,
    tones_of,
)
from generators.rhythm.chords import parse_numeral
from generators.rhythm.progressions import PLACES, START, load_progressions

STYLE_SHARE = 0.5  # of a style's own progressions, where they say how to go on
SHARPNESS = 1.5  # above 1 the usual is drawn more often than it is heard, the odd less often
VALENCE_POWER = 1.3
TENSION_POWER = 5.0
CALM = 0.35  # the tension at which chords are as tense as songs are
# Songs are hardly ever strictly modal; the picture's mode is meant as a colour. Odds against each note
# that the scale does not have, and for the note that makes the mode.
FOREIGN_ODDS = {
    "major": 0.6,
    "minor": 0.8,
    "lydian": 0.12,
    "mixolydian": 0.2,
    "dorian": 0.15,
    "phrygian": 0.12,
}
TELLING_NOTE = {"lydian": 6, "mixolydian": 10, "dorian": 9, "phrygian": 1}
TELLING_ODDS = 2.0
# A chord that points at one it does not go to is a promise not kept.
UNRESOLVED_ODDS = 0.08
LIKENESS_SHARE = 3.0
SUBSTITUTE_POWER = 0.6


@dataclass(frozen=True, eq=False)
class ChordOdds:
    """The odds of a style in a mode.

    Attributes: `mode`; `after`, float32 `[73, 73, 72]`, and `place`, float64 `[3, 72]`, as in `progressions`.
    """

    mode: str
    after: NDArray[np.float32]
    place: NDArray[np.float64]

    def wish(self, place: str, valence: float, tension: float) -> NDArray[np.float64]:
        """float64 `[72]`: how welcome each chord is at a place of the phrase under such a picture."""
        mood = VALENCE_POWER * valence * self.bright + TENSION_POWER * (tension - CALM) * self.tense
        return np.asarray(self.place[PLACES.index(place)] * np.exp(mood), dtype=np.float64)

    @cached_property
    def bright(self) -> NDArray[np.float64]:
        return brightness()

    @cached_property
    def tense(self) -> NDArray[np.float64]:
        return tenseness(self.mode)

    @cached_property
    def likeness(self) -> NDArray[np.float64]:
        """float64 `[72, 72]`: how well one chord stands in for another, −1 to 1."""
        return load_progressions().likeness(self.mode)

    def stand_in(
        self,
        before: tuple[int, int],
        chord: int,
        then: int | None,
        *,
        brighter: float = 0.0,
        tenser: float = 0.0,
        another: bool = False,
    ) -> int:
        """The chord that does here what `chord` does, for a picture so much brighter and tenser.

        Near in the embedding, likely between its neighbours, moved the way the picture moved; the
        chord itself where nothing does better, unless it has to be `another` with a note in common.
        """
        score = LIKENESS_SHARE * self.likeness[chord]
        score = score + VALENCE_POWER * brighter * self.bright + TENSION_POWER * tenser * self.tense
        fits = self.after[before[-2], before[-1]].astype(np.float64)
        if then is not None:
            fits = fits * self.after[before[-1], :, then][:SYMBOLS]
        fits[chord] = max(fits[chord], float(fits.max()) * 0.2)
        score = score + SUBSTITUTE_POWER * np.log(fits + 1e-9)
        if another:
            score[(common_notes()[chord] == 0) | (np.arange(SYMBOLS) // 6 == root_of(chord))] = -np.inf
            score[chord] = -np.inf
        return int(np.argmax(score))


def chord_odds(band: Band, mode: str) -> ChordOdds:
    """The odds of a style in a mode."""
    after = _counted(mode, tuple(sorted(band.corpora.items())))
    after = after * _of_mode(mode).astype(np.float32) * _kept_promises(band, mode)
    after **= SHARPNESS
    after /= np.maximum(after.sum(axis=2, keepdims=True), 1e-30)
    own = _of_style(band, mode)
    share = np.where(own.sum(axis=1) > 0, STYLE_SHARE, 0.0).astype(np.float32)[None, :, None]
    after = (1 - share) * after + share * own[None]
    return ChordOdds(mode, after, load_progressions().place_odds(mode))


@cache
def _counted(mode: str, corpora: tuple[tuple[str, float], ...]) -> NDArray[np.float32]:
    counted = load_progressions().transitions(mode, dict(corpora))
    counted.setflags(write=False)
    return counted


def _of_mode(mode: str) -> NDArray[np.float64]:
    """float64 `[72]`: odds for what tells the mode and against what it does not have."""
    odds = FOREIGN_ODDS[mode] ** foreign_notes(mode)
    if mode in TELLING_NOTE:
        odds *= [TELLING_ODDS if TELLING_NOTE[mode] in tones_of(s) else 1.0 for s in range(SYMBOLS)]
    return np.asarray(odds, dtype=np.float64)


def _kept_promises(band: Band, mode: str) -> NDArray[np.float32]:
    """float32 `[73, 72]`: dominant sevenths, and major chords foreign to the key, go down a fifth.

    Blues sevenths promise nothing, in a style that has them.
    """
    odds = np.ones((SYMBOLS + 1, SYMBOLS), dtype=np.float32)
    foreign = foreign_notes(mode)
    roots = np.arange(SYMBOLS) // 6
    for s in range(SYMBOLS):
        applied = kind_of(s) == "maj" and foreign[s] == 1 and root_of(s) in (2, 4, 9, 11)
        seventh = kind_of(s) == "dom" and "blues" not in band.colour
        if (applied and mode in MAJOR_MODES) or seventh:
            resolves = (roots == (root_of(s) + 5) % 12) | (roots == root_of(s))
            deceptive = (root_of(s) == 7) & np.isin(roots, (8, 9))
            odds[s] = np.where(resolves | deceptive, 1.0, UNRESOLVED_ODDS)
    return odds


def _of_style(band: Band, mode: str) -> NDArray[np.float32]:
    """float32 `[73, 72]`: what the style's own progressions, gone round and round, go on to."""
    counts = np.zeros((SYMBOLS + 1, SYMBOLS), dtype=np.float32)
    key = Key(0, mode)
    for line in band.progressions_in(mode):
        chords = [symbol_of(parse_numeral(numeral, key), key) for numeral in line]
        for a, b in zip([START, *chords], [*chords, chords[0]], strict=True):
            if a != b:
                counts[a, b] += 1
    total = counts.sum(axis=1, keepdims=True)
    own: NDArray[np.float32] = counts / np.maximum(total, 1.0)
    return own
