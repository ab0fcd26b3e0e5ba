"""Is the affect of music measured well? `python -m benchmarks.affect EMOPIA.zip [--sound N] [--json]`

EMOPIA (Hung et al., "EMOPIA: a multi-modal pop piano dataset for emotion recognition and emotion-based
music generation", ISMIR 2021) has 1,078 piano clips in which listeners heard one quadrant of the plane of
valence and arousal. Each clip's valence and arousal is the mean over its seconds. What is printed:

* AUC of arousal (Q1, Q2 against Q3, Q4) and of valence (Q1, Q4 against Q2, Q3);
* quadrant accuracy: with the model's own zero as threshold, and with medians as thresholds;
* beside each, a 95 % interval by bootstrap over songs, and what chance gives: the mean, and the
  97.5th percentile, of the same number with the songs' labels permuted.

Songs are split in halves. The first was looked at, cue by cue, when the model's weights were set (no weight
was fitted), and gives the medians; every number is of the second.

`--sound N` renders N clips (songs drawn by a fixed seed) through the SoundFont and asks the same of the
model of sound, as played and brought to one loudness.

`--spread ZIP ZIP` prints the means and deviations by which `v2m.alignment.affect_model` standardises
cues, over the seconds of 80 scores from each archive (POP909 and Freedoom), drawn by a fixed seed;
rendered at −14 LUFS for those of sound.
"""

from __future__ import annotations

import argparse
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from v2m.alignment.affect_model import NOTES, SOUND, feel
from v2m.alignment.affect_of_notes import cues_of_notes
from v2m.alignment.affect_of_sound import cues_of_sound
from v2m.alignment.levels import levels_of
from v2m.alignment.notes import Notes
from v2m.alignment.onsets import SAMPLE_RATE, detect_onsets
from v2m.alignment.spectra import chroma, timbre
from v2m.loudness import integrated_lufs

SPREAD_PIECES = 80
SPREAD_S = 90
LUFS = -14.0
DRAWS = 400


@dataclass(frozen=True)
class Row:
    """One number, its bootstrap interval over songs, and its chance level."""

    model: str
    what: str
    value: float
    low: float
    high: float
    chance: float
    chance_high: float
    clips: int


@dataclass(frozen=True, eq=False)
class Clips:
    """What is known and measured of `[N]` clips."""

    song: NDArray[np.int64]
    quadrant: NDArray[np.int64]
    valence: NDArray[np.float64]
    arousal: NDArray[np.float64]

    def only(self, which: NDArray[np.int64]) -> Clips:
        return Clips(*(values[which] for values in vars(self).values()))

    @property
    def high(self) -> NDArray[np.bool_]:
        return self.quadrant <= 2

    @property
    def glad(self) -> NDArray[np.bool_]:
        return (self.quadrant == 1) | (self.quadrant == 4)


def read_score(data: bytes) -> tuple[Notes, float]:
    """A MIDI file's notes and how long they sound, seconds."""
    import symusic

    notes = Notes.of_score(symusic.Score.from_midi(data).to("second"))
    return notes, float(notes.end_s.max()) if len(notes) else 0.0


def play(data: bytes, most_s: float) -> NDArray[np.float32]:
    """A MIDI file through the SoundFont, mono at the scoring rate, its first `most_s` seconds."""
    import symusic

    from generators.music import SymbolicMusic, Voice
    from v2m.render import render
    from v2m.soundfont import find_soundfont

    score = symusic.Score.from_midi(data).to("second").clip(0.0, most_s, clip_end=True)
    voices = []
    for k, track in enumerate(score.tracks):
        track.name = f"track {k}"
        voices.append(Voice(track.name, "chords", track.program, track.is_drum))
    music = SymbolicMusic(score, tuple(voices), max(float(score.end()), 1.0))
    blocks = render(music, find_soundfont().path, SAMPLE_RATE)
    stems = [np.sum(list(block.stems.values()), axis=0) for block in blocks]
    return np.concatenate(stems, axis=1).mean(axis=0).astype(np.float32)


def loudness(samples: NDArray[np.float32]) -> float:
    """Integrated loudness of mono sound played on two sides, LUFS."""
    energies = levels_of(np.stack([samples, samples]), SAMPLE_RATE).energies
    return integrated_lufs(energies, SAMPLE_RATE)


def sound_cues(samples: NDArray[np.float32]) -> Mapping[str, NDArray[np.float64]]:
    return cues_of_sound(timbre(samples), chroma(samples), detect_onsets(samples), len(samples) / SAMPLE_RATE)


def read_emopia(
    archive: Path, clips: int | None, measure: Callable[[bytes], tuple[float, float] | None]
) -> Clips:
    """Measure every clip, or those of songs drawn until there are `clips`."""
    with zipfile.ZipFile(archive) as files:
        names = sorted(name for name in files.namelist() if name.endswith(".mid"))
        parts = [re.search(r"Q(\d)_(.+)_\d+\.mid$", name) for name in names]
        songs = sorted({part[2] for part in parts if part})
        if clips is not None:
            order = np.random.default_rng(0).permutation(len(songs))
            rank = {songs[k]: place for place, k in enumerate(order)}
            pairs = sorted(
                ((name, part) for name, part in zip(names, parts, strict=True) if part),
                key=lambda pair: (rank[pair[1][2]], pair[0]),
            )[:clips]
        else:
            pairs = [(name, part) for name, part in zip(names, parts, strict=True) if part]
        rows = []
        for name, part in pairs:
            found = measure(files.read(name))
            if found is not None:
                rows.append((songs.index(part[2]), int(part[1]), *found))
    table = np.array(rows)
    return Clips(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2], table[:, 3])


def of_notes(data: bytes) -> tuple[float, float] | None:
    """Mean valence and arousal of a score."""
    notes, length_s = read_score(data)
    if not len(notes):
        return None
    cues = cues_of_notes(notes, max(1, int(np.ceil(length_s))))
    return float(np.nanmean(feel(cues, NOTES, "valence"))), float(np.nanmean(feel(cues, NOTES, "arousal")))


def of_sound(data: bytes, *, level: bool) -> tuple[float, float] | None:
    """The same of its sound, brought to one loudness if `level`."""
    samples = play(data, 60.0)
    if level:
        samples = samples * np.float32(10 ** ((LUFS - loudness(samples)) / 20))
    cues = sound_cues(samples)
    return float(np.nanmean(feel(cues, SOUND, "valence"))), float(np.nanmean(feel(cues, SOUND, "arousal")))


def auc(values: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Share of pairs of a positive and a negative in which the positive has more (Mann & Whitney 1947)."""
    if positive.all() or not positive.any():
        return float("nan")
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(1, len(values) + 1)
    ours = int(positive.sum())
    return float((ranks[positive].sum() - ours * (ours + 1) / 2) / (ours * (len(values) - ours)))


def quadrants(clips: Clips, valence: float, arousal: float) -> NDArray[np.int64]:
    """Which quadrant each clip is told to be in, `[N]`."""
    glad, high = clips.valence > valence, clips.arousal > arousal
    return np.where(high, np.where(glad, 1, 2), np.where(glad, 4, 3))


def judge(model: str, clips: Clips) -> list[Row]:
    """Every number for one model."""
    songs = np.unique(clips.song).tolist()
    np.random.default_rng(0).shuffle(songs)
    first = np.isin(clips.song, songs[: len(songs) // 2])
    middle = [float(np.median(values[first])) for values in (clips.valence, clips.arousal)]
    clips = clips.only(np.flatnonzero(~first))
    rng = np.random.default_rng(1)
    numbers: list[tuple[str, Clips, Callable[[Clips], float]]] = [
        ("AUC of arousal", clips, lambda c: auc(c.arousal, c.high)),
        ("AUC of valence", clips, lambda c: auc(c.valence, c.glad)),
        (
            "AUC of valence, high arousal",
            clips.only(np.flatnonzero(clips.high)),
            lambda c: auc(c.valence, c.glad),
        ),
        (
            "AUC of valence, low arousal",
            clips.only(np.flatnonzero(~clips.high)),
            lambda c: auc(c.valence, c.glad),
        ),
        ("quadrant, model's own zero", clips, lambda c: float(np.mean(quadrants(c, 0.0, 0.0) == c.quadrant))),
        ("quadrant, medians", clips, lambda c: float(np.mean(quadrants(c, *middle) == c.quadrant))),
    ]
    return [_row(model, what, part, number, rng) for what, part, number in numbers]


def _row(
    model: str, what: str, clips: Clips, number: Callable[[Clips], float], rng: np.random.Generator
) -> Row:
    songs = np.unique(clips.song)
    of_song = [np.flatnonzero(clips.song == song) for song in songs]
    boots, luck = [], []
    for _ in range(DRAWS):
        drawn = np.concatenate([of_song[k] for k in rng.integers(0, len(songs), len(songs))])
        boots.append(number(clips.only(drawn)))
        # Songs keep their clips together and are given the labels of other songs' clips.
        shuffled = np.concatenate([of_song[k] for k in rng.permutation(len(songs))])
        inorder = np.concatenate(of_song)
        luck.append(
            number(
                Clips(
                    clips.song[inorder],
                    clips.quadrant[shuffled],
                    clips.valence[inorder],
                    clips.arousal[inorder],
                )
            )
        )
    low, high = np.nanpercentile(boots, [2.5, 97.5])
    return Row(
        model,
        what,
        number(clips),
        float(low),
        float(high),
        float(np.nanmean(luck)),
        float(np.nanpercentile(luck, 97.5)),
        len(clips.song),
    )


def spread(archives: list[Path]) -> dict[str, dict[str, tuple[float, float]]]:
    """Mean and deviation of every cue over the seconds of both archives' pieces, each piece alike."""
    found: dict[str, list[Mapping[str, NDArray[np.float64]]]] = {"notes": [], "sound": []}
    for archive in archives:
        with zipfile.ZipFile(archive) as files:
            names = sorted(n for n in files.namelist() if n.endswith(".mid") and "/versions/" not in n)
            rng = np.random.default_rng(0)
            for k in rng.permutation(len(names))[:SPREAD_PIECES]:
                data = files.read(names[k])
                notes, length_s = read_score(data)
                seconds = min(int(length_s), SPREAD_S)
                found["notes"].append(cues_of_notes(notes, seconds))
                samples = play(data, float(SPREAD_S))
                samples = samples * np.float32(10 ** ((LUFS - loudness(samples)) / 20))
                found["sound"].append(sound_cues(samples))
    table: dict[str, dict[str, tuple[float, float]]] = {}
    for kind, pieces in found.items():
        table[kind] = {}
        for name in pieces[0]:
            means = [np.nanmean(piece[name]) for piece in pieces]
            squares = [np.nanmean(piece[name] ** 2) for piece in pieces]
            mean = float(np.nanmean(means))
            table[kind][name] = (mean, float(np.sqrt(np.nanmean(squares) - mean**2)))
    return table


def show(rows: list[Row], console: Console) -> None:
    table = Table(title="Affect of piano clips whose quadrant listeners judged")
    for heading in ("model", "number", "value", "95 % interval", "chance (97.5 %)", "clips"):
        table.add_column(heading, justify="left" if heading in ("model", "number") else "right")
    for row in rows:
        table.add_row(
            row.model,
            row.what,
            f"{row.value:.3f}",
            f"{row.low:.3f} – {row.high:.3f}",
            f"{row.chance:.3f} ({row.chance_high:.3f})",
            str(row.clips),
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.affect", description=__doc__.splitlines()[0])
    parser.add_argument("archive", nargs="?", type=Path, help="EMOPIA as a zip of MIDI files")
    parser.add_argument("--sound", type=int, default=0, metavar="N", help="also render and hear N clips")
    parser.add_argument(
        "--spread", nargs="+", type=Path, metavar="ZIP", help="print the cues' spread instead"
    )
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    if asked.spread:
        for kind, cues in spread(asked.spread).items():
            for name, (mean, deviation) in cues.items():
                print(f"{kind:6} {name:10} mean {mean:7.3f}  deviation {deviation:6.3f}")
        return
    if asked.archive is None:
        parser.error("name an archive, or --spread")
    rows = judge("notes", read_emopia(asked.archive, None, of_notes))
    if asked.sound:
        for model, level in (("sound, as played", False), ("sound, one loudness", True)):
            clips = read_emopia(
                asked.archive, asked.sound, lambda data, level=level: of_sound(data, level=level)
            )
            rows += judge(model, clips)
    if asked.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        show(rows, Console(width=130))


if __name__ == "__main__":
    main()
