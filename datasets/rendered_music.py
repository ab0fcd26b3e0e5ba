"""Music that is rendered → the VQ-GAN's corpus. `python -m datasets.rendered_music --out FILE.safetensors`

Two kinds of music, the first with all of its beats known. Our own: every style, composed on plans that are
drawn by lot (key, tempo, mood, fullness, hits), played and mixed as a soundtrack is. And people's MIDI
(`--midi`: POP909, Freedoom and Groove MIDI as zip files or folders, as much of each; pieces played through
the SoundFont, with instruments drawn by lot, transposed, at another tempo, and some in a room or through a
gentle filter), so that the codec knows more than one hand. A piece's split follows from its name (8 : 1 : 1).
The same seed gives the same corpus; two corpora of other seeds share no piece of ours, and a piece of MIDI is
in the same split in both.
"""

from __future__ import annotations

import argparse
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from encoders.errors import V2MError
from generators.affective.corpus import split_by_name
from generators.curves import Curves
from generators.form import Section
from generators.grid import Accent, Bar, BeatGrid
from generators.hits import Hit
from generators.key import Key
from generators.plan import Plan
from generators.rhythm import compose
from generators.style import load_style, style_names
from generators.vqgan.controls import SAMPLE_RATE, STYLES
from generators.vqgan.corpus import Piece, write_pieces
from generators.vqgan.listening import Told
from v2m.soundfont import find_soundfont

OWN_BARS = 16
MIDI_S = 30.0  # of each piece of MIDI
RENDER_HZ = 44100  # the program's renderer is tuned for sound of this width; it is halved afterwards
PEAK = 0.9
# General MIDI programs that may take a part's place: pianos, organs, guitars, strings, brass, reeds, pads …
MELODIC = (
    0, 1, 4, 5, 11, 16, 19, 24, 25, 26, 27, 40, 42, 48, 49, 50, 52, 56, 60, 61,
    65, 68, 71, 73, 79, 80, 81, 88, 89, 91,
)  # fmt: skip
BASSES = (32, 33, 34, 35, 38, 39)
KITS = (0, 0, 0, 8, 16, 24, 25, 32, 40)
LICENCE = "made by this recipe; notes of POP909 (MIT), Freedoom (BSD), Groove MIDI (CC BY 4.0) where given"


class NoMusicError(V2MError):
    """There is nothing to render."""


@dataclass(frozen=True)
class Asked:
    """How much: pieces of each style, and of people's MIDI."""

    own: int
    midi: int
    seed: int


def drawn_plan(style: str, seed: int) -> Plan:
    """A plan by lot: key, tempo, mood, fullness, accents and hits of a picture that nobody has seen."""
    rng = np.random.default_rng([seed, STYLES.index(style)])
    read = load_style(style)
    beats = read.metres[0]
    low, high = read.tempo_bpm
    beat_s = 60.0 / rng.uniform(low, high)
    bars = []
    for b in range(OWN_BARS):
        times = tuple((b * beats + k) * beat_s for k in range(beats))
        slots = rng.choice(beats * 4, int(rng.integers(1, 5)), replace=False)
        accents = tuple(
            Accent(int(s), (b * beats + int(s) / 4) * beat_s, float(rng.uniform(0.3, 1.0)), "motion")
            for s in sorted(slots)
        )
        bars.append(Bar(times, 4, accents))
    grid = BeatGrid(tuple(bars), OWN_BARS * beats * beat_s)
    key = Key(int(rng.integers(12)), "minor" if rng.random() < 0.5 else "major")
    quarter = OWN_BARS // 4
    full = rng.uniform(0.15, 1.0, 4)
    labels = ("A", "B", "A", "C")
    sections = tuple(
        Section(
            labels[i],
            "theme",
            i * quarter,
            (i + 1) * quarter,
            labels[:i].count(labels[i]),
            key,
            float(full[i]),
        )
        for i in range(4)
    )
    struck = [(i * quarter, 0, 0.9, "section") for i in range(4)] + [
        (int(b), int(rng.integers(1, beats) * 4), 0.6, "cut")
        for b in sorted(rng.choice(OWN_BARS - 1, 3, False))
    ]
    hits = tuple(
        Hit(grid.slot_time_s(bar, slot), kind, weight, True, grid.slot_time_s(bar, slot), bar, slot)
        for bar, slot, weight, kind in sorted(struck)
    )
    valence, arousal = rng.uniform(-1, 1, 2)
    level = tuple(float(x) for x in np.repeat(full, quarter))
    steady = [(float(x),) * OWN_BARS for x in (valence, arousal, rng.uniform(0, 0.8))]
    mode = max(read.suits, key=lambda m: read.suits[m])
    return Plan(
        grid.end_s + 1.5, mode, style, key, grid, sections, hits, Curves(level, level, *steady),
        grid.bars[-1].start_s, seed, "no clip",
    )  # fmt: skip


def own_pieces(asked: Asked, work: Path) -> Iterator[Piece]:
    """Our own styles, played and mixed as a soundtrack is."""
    import soundfile
    import soxr

    from v2m.mix import MixSettings, mix
    from v2m.render import render

    font = find_soundfont().path
    path = work / "mixed.wav"
    for number in range(asked.own):
        for style in style_names():
            plan = drawn_plan(style, asked.seed * 10_000 + number)
            music = compose(plan)
            blocks = render(music, font, RENDER_HZ)
            mix(
                blocks, music.voices, MixSettings(), music.duration_s, path,
                desk=music.desk, sample_rate=RENDER_HZ, work_dir=work,
            )  # fmt: skip
            sound, _ = soundfile.read(path, dtype="float32", always_2d=True)
            mono = soxr.resample(sound.mean(1), RENDER_HZ, SAMPLE_RATE)
            name = f"own {style} {plan.seed}"
            curves = plan.curves
            told = Told(
                style,
                np.array([*plan.grid.beats_s, plan.grid.end_s]),
                np.arange(OWN_BARS + 1) * len(plan.grid.bars[0].beats_s),
                (curves.valence[0], curves.arousal[0]),
            )
            yield Piece(name, split_by_name(name), _integers(mono), told)


def midi_pieces(places: Sequence[Sequence[Path]], asked: Asked) -> Iterator[Piece]:
    """People's MIDI through the SoundFont, with other instruments, in another key, faster or slower.

    Args:
        places: files, one sequence for each place they are from; as many are drawn of each.
        asked: how many in all.
    """
    import symusic

    font = symusic.Synthesizer(str(find_soundfont().path), SAMPLE_RATE)
    rng = np.random.default_rng([asked.seed, 1])
    shuffled = [rng.permutation(np.array(files, dtype=object)) for files in places]
    turns = [path for turn in zip_longest(*shuffled) for path in turn if path is not None]
    for path in turns[: asked.midi]:
        try:
            score = symusic.Score(str(path)).to("second")
        except RuntimeError:  # a file that is no MIDI after all
            continue
        whole_s = float(score.end())
        if whole_s < 8:
            continue
        first_s = float(rng.uniform(0, max(whole_s - MIDI_S, 0)))
        score = score.clip(first_s, first_s + MIDI_S, clip_end=True).shift_time(-first_s)
        score = score.adjust_time([0.0, MIDI_S], [0.0, MIDI_S * float(rng.uniform(0.85, 1.18))])
        up = int(rng.integers(-5, 7))
        for part in score.tracks:
            if part.is_drum:
                part.program = int(rng.choice(KITS))
                continue
            part.shift_pitch(up, inplace=True)
            pitches = part.notes.numpy()["pitch"]
            deep = len(pitches) and float(np.median(pitches)) < 45
            part.program = int(rng.choice(BASSES if deep else MELODIC))
        sound = np.asarray(font.render(score, stereo=False), np.float32).reshape(-1)
        if len(sound) < 4 * SAMPLE_RATE or np.abs(sound).max() < 1e-3:
            continue
        name = f"midi {path.parent.name}/{path.stem}"
        yield Piece(name, split_by_name(name), _integers(coloured(sound, rng)))


def coloured(sound: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The sound in a room or through a shelf, as often as not dry."""
    from scipy import signal

    if rng.random() < 0.35:
        length = int(rng.uniform(0.3, 1.2) * SAMPLE_RATE)
        tail = rng.normal(size=length) * np.exp(-6.9 * np.arange(length) / length)
        wet = signal.fftconvolve(sound, tail)[: len(sound)]
        sound = sound + rng.uniform(0.1, 0.4) * wet * (np.std(sound) / max(float(np.std(wet)), 1e-9))
    if rng.random() < 0.35:
        b, a = signal.butter(1, rng.uniform(1500, 6000), fs=SAMPLE_RATE)
        sound = signal.lfilter(b, a, sound)
    return np.asarray(sound, np.float32)


def midi_files(places: Sequence[Path], work: Path) -> list[list[Path]]:
    """Every .mid under each folder and in each zip file, these unpacked into `work`.

    Raises:
        NoMusicError: naming the place that holds none.
    """
    found: list[list[Path]] = []
    for place in places:
        if place.suffix == ".zip":
            try:
                with zipfile.ZipFile(place) as archive:
                    names = [n for n in archive.namelist() if n.endswith(".mid") and "versions/" not in n]
                    archive.extractall(work / place.stem, names)
            except (OSError, zipfile.BadZipFile) as error:
                raise NoMusicError(f"{place} cannot be unpacked ({error})") from None
            own = sorted((work / place.stem).rglob("*.mid"))
        else:
            own = sorted(place.rglob("*.mid"))
        if not own:
            raise NoMusicError(f"{place} holds no MIDI")
        found.append(own)
    return found


def _integers(sound: NDArray[np.float32]) -> NDArray[np.int16]:
    """At a peak of `PEAK`; training draws other levels."""
    loudest = max(float(np.abs(sound).max()), 1e-6)
    return np.round(sound * (PEAK / loudest) * 32767).astype(np.int16)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m datasets.rendered_music", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--midi", type=Path, nargs="*", default=[], help="zip files or folders of MIDI")
    parser.add_argument("--own", type=int, default=8, help="pieces of each style (default 8)")
    parser.add_argument("--of-midi", type=int, default=120, help="pieces of MIDI (default 120)")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    asked = Asked(given.own, given.of_midi, given.seed)
    console = Console(stderr=True)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            work = Path(scratch)
            files = midi_files(given.midi, work)
            total = asked.own * len(style_names()) + min(asked.midi, sum(map(len, files)))
            made = (piece for some in (own_pieces(asked, work), midi_pieces(files, asked)) for piece in some)
            pieces = list(track(made, "rendering", total, console=console))
        if not pieces:
            raise NoMusicError("nothing was asked for: --own 0 and no --midi")
        write_pieces(
            given.out,
            pieces,
            corpus="rendered",
            licence=LICENCE,
            source=f"own {asked.own}, MIDI {asked.midi}, seed {asked.seed}",
        )
    except V2MError as error:
        raise SystemExit(str(error)) from None
    console.print(
        f"{given.out}: {len(pieces)} pieces, {sum(len(p.sound) for p in pieces) / SAMPLE_RATE / 60:.0f} min"
    )


if __name__ == "__main__":
    main()
