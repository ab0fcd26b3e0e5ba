"""The facts of each style, from its file: the table of docs/styles.md. `python -m benchmarks.styles_table`"""

from __future__ import annotations

import numpy as np

from generators.choices import choose_style
from generators.rhythm.band import Band, read_band
from generators.style import Style, load_style, style_names
from generators.wishes import MOODS, Wishes

MODES = ("film", "dance")
HEAD = ("style", "tempo", "beats", "drums", "voices", "synthesised", "chosen for")
GRID = np.linspace(-1, 1, 41)


def table_rows() -> list[str]:
    """The table's lines: the head, then a line a style in order of name."""
    rows = [HEAD]
    for name in style_names():
        style = load_style(name)
        band = read_band(style)
        rows.append(
            (
                f"`{name}`",
                f"{style.tempo_bpm[0]:g} to {style.tempo_bpm[1]:g}",
                " or ".join("6/8" if beats == 6 else str(beats) for beats in style.metres),
                drums_of(band),
                str(len(band.parts) + len(band.accents)),
                synthesised(band),
                chosen_for(style),
            )
        )
    return ["| " + " | ".join(row) + " |" for row in rows]


def drums_of(band: Band) -> str:
    """Whose grooves the drums play."""
    if not any(part.voice.role == "drums" for part in band.parts):
        return "none"
    if band.drum_levels:
        return "written" + (f", {band.drum_family} feel" if band.drum_family else "")
    return f"{band.drum_family} drummers"


def synthesised(band: Band) -> str:
    """How many of the voices the synthesizer plays."""
    voices = [part.voice for part in (*band.parts, *band.accents)]
    count = sum(bool(voice.synth) for voice in voices)
    return "all" if count == len(voices) else str(count) if count else "none"


def chosen_for(style: Style) -> str:
    """The moods for which it is chosen, mode by mode."""
    told = []
    for mode in MODES:
        moods = [m for m, felt in MOODS.items() if choose_style(mode, felt, Wishes()).name == style.name]
        if moods:
            told.append(f"{mode}: {', '.join(moods)}")
    return "; ".join(told)


def main() -> None:
    head, *rows = table_rows()
    print("\n".join([head, "|" + "---|" * len(HEAD), *rows]))


if __name__ == "__main__":
    main()
