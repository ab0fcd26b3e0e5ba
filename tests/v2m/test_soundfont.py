"""Which SoundFont is used, and what is read from it."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.v2m.fonts import ROOT_HZ, ROOT_KEY, make_font
from v2m.models import MODELS
from v2m.sampler import Patch
from v2m.sf2 import SoundFont, SoundFontError
from v2m.soundfont import KNOWN, find_soundfont

RATE = 48000


def note(path: Path, key: int = ROOT_KEY, velocity: int = 127, held_s: float = 1.0, length_s: float = 2.0):
    out = np.zeros((2, int(length_s * RATE)), np.float32)
    Patch(SoundFont(path), 0, False, RATE).play(out, 0, key, velocity, held_s)
    return out


def frequency(sound: np.ndarray) -> float:
    """Hz of a steady sine, by its phase advance."""
    analytic = np.fft.ifft(np.where(np.fft.fftfreq(len(sound)) > 0, np.fft.fft(sound), 0))
    phase = np.unwrap(np.angle(analytic[2000:-2000]))
    return float(np.polyfit(np.arange(len(phase)), phase, 1)[0] * RATE / (2 * np.pi))


def level_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(sound.astype(float) ** 2) + 1e-20))


def test_the_carried_font_is_found_without_importing_pretty_midi():
    code = (
        "import sys; from v2m.soundfont import find_soundfont; f = find_soundfont(folders=());"
        "assert 'pretty_midi' not in sys.modules; print(f.path.name, '|', f.why)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("TimGM6mb.sf2 |")
    assert "--soundfont" in done.stdout


def test_a_better_font_on_the_system_is_preferred_and_named(tmp_path):
    make_font(tmp_path / "FluidR3_GM.sf2")
    (tmp_path / "MuseScore_General.sf3").write_text("not a font, though its name is better")
    found = find_soundfont(folders=(str(tmp_path),))
    assert found.path == tmp_path / "FluidR3_GM.sf2"
    assert "FluidR3_GM.sf2" in found.why


def test_a_pulled_font_is_used_from_then_on(tmp_path, monkeypatch):
    monkeypatch.setenv("V2M_MODELS", str(tmp_path))
    card = MODELS["soundfont"]
    assert card.file_name in KNOWN
    pulled = make_font(tmp_path / card.file_name)
    assert find_soundfont().path == pulled


def test_a_given_font_wins_over_the_system(tmp_path):
    make_font(tmp_path / "FluidR3_GM.sf2")
    mine = make_font(tmp_path / "mine.sf2")
    assert find_soundfont(mine, folders=(str(tmp_path),)).path == mine


@pytest.mark.parametrize("content", [None, b"", b"hello", b"RIFF\0\0\0\0WAVEfmt "])
def test_a_given_font_that_is_none_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "given.sf2"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SoundFontError) as error:
        find_soundfont(path)
    assert "\n" not in str(error.value)
    assert "given.sf2" in str(error.value)


def test_a_font_cut_short_is_refused(tmp_path):
    whole = make_font(tmp_path / "whole.sf2").read_bytes()
    (tmp_path / "cut.sf2").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SoundFontError, match="damaged"):
        SoundFont(tmp_path / "cut.sf2")


@pytest.mark.parametrize("key", [45, 60, 69, 76, 93])
def test_a_key_sounds_at_its_pitch(tmp_path, key):
    sound = note(make_font(tmp_path / "f.sf2"), key)[0, : RATE // 2]
    expected = ROOT_HZ * 2 ** ((key - ROOT_KEY) / 12)
    assert abs(1200 * np.log2(frequency(sound) / expected)) < 0.5  # cents


def test_tuning_adds_up_over_preset_and_instrument(tmp_path):
    font = make_font(tmp_path / "f.sf2", instrument=((54, 1), (51, -12), (52, 30)), preset=((52, 20),))
    cents = 1200 * np.log2(frequency(note(font)[0, : RATE // 2]) / ROOT_HZ)
    assert cents == pytest.approx(-1150, abs=0.5)


def test_velocity_is_heard_by_the_square_law(tmp_path):
    font = make_font(tmp_path / "f.sf2")
    full, half = (level_db(note(font, velocity=v)[0, : RATE // 2]) for v in (127, 64))
    assert full - half == pytest.approx(40 * np.log10(127 / 64), abs=0.1)


def test_a_loop_goes_round_without_a_click(tmp_path):
    # The recording is 45 ms long, the note a second: the loop's seams would show beside the sine.
    sound = note(make_font(tmp_path / "f.sf2"))[0, 4800:43200].astype(float)
    spectrum = np.abs(np.fft.rfft(sound * np.blackman(len(sound))))
    peak = int(spectrum.argmax())
    elsewhere = np.concatenate([spectrum[: peak - 8], spectrum[peak + 9 :]])
    assert 20 * np.log10(elsewhere.max() / spectrum[peak]) < -60


def test_release_falls_by_its_rate_and_to_nothing(tmp_path):
    font = make_font(tmp_path / "f.sf2", instrument=((54, 1), (38, 0)))  # 1 s for 100 dB
    sound = note(font, held_s=0.5)[0]
    at = [level_db(sound[int(t * RATE) : int(t * RATE) + 960]) for t in (0.4, 0.6, 0.7)]
    assert at[1] - at[2] == pytest.approx(10, abs=1.5)
    assert at[0] - at[1] == pytest.approx(11, abs=2)
    assert np.abs(sound[int(1.35 * RATE) :]).max() == 0


def test_envelope_attack_and_sustain(tmp_path):
    # Attack 0.25 s, decay 0.5 s per 100 dB, sustain −12 dB.
    font = make_font(tmp_path / "f.sf2", instrument=((54, 1), (34, -2400), (36, -1200), (37, 120)))
    sound = np.abs(note(font)[0])
    assert sound[int(0.12 * RATE) : int(0.13 * RATE)].max() == pytest.approx(0.25, abs=0.02)
    assert sound[int(0.24 * RATE) : int(0.26 * RATE)].max() == pytest.approx(0.5, abs=0.02)
    assert 20 * np.log10(sound[int(0.8 * RATE) : int(0.9 * RATE)].max() / 0.5) == pytest.approx(-12, abs=0.2)


def test_the_filter_darkens_and_opens_with_its_envelope(tmp_path):
    # Cutoff 220 Hz, an octave below the sine; the second opens by four octaves at first.
    closed = make_font(tmp_path / "c.sf2", instrument=((54, 1), (8, 5700)))
    opening = make_font(
        tmp_path / "o.sf2", instrument=((54, 1), (8, 5700), (11, 4800), (28, -1200), (29, 1000))
    )
    plain = make_font(tmp_path / "p.sf2")
    bare, dark, moving = (note(f)[0] for f in (plain, closed, opening))
    late, early = slice(38400, 43200), slice(1000, 3400)
    assert level_db(dark[late]) - level_db(bare[late]) == pytest.approx(-12.3, abs=1.0)
    assert level_db(moving[early]) - level_db(bare[early]) > -2
    assert level_db(moving[late]) - level_db(dark[late]) == pytest.approx(0, abs=0.5)


def test_pan_moves_the_note(tmp_path):
    left = note(make_font(tmp_path / "f.sf2", instrument=((54, 1), (17, -500))))
    assert np.abs(left[0]).max() > 0.4
    assert np.abs(left[1]).max() < 1e-6


def test_compressed_fonts_sound_the_same(tmp_path):
    plain = note(make_font(tmp_path / "f.sf2"))[0, : RATE // 2]
    ogg = note(make_font(tmp_path / "f.sf3", compressed=True))[0, : RATE // 2]
    assert frequency(ogg) == pytest.approx(frequency(plain), rel=1e-4)
    assert level_db(ogg) == pytest.approx(level_db(plain), abs=0.5)


def test_a_program_the_font_lacks_is_replaced_and_noted(tmp_path):
    patch = Patch(SoundFont(make_font(tmp_path / "f.sf2")), 40, False, RATE)
    assert "lacks program 40" in patch.note
    with pytest.raises(SoundFontError, match="no drum kit"):
        Patch(SoundFont(tmp_path / "f.sf2"), 0, True, RATE)


def test_every_preset_of_the_carried_font_plays():
    font = SoundFont(find_soundfont(folders=()).path)
    for bank, program in font.presets:
        patch = Patch(font, program, bank == 128, 24000)
        out = np.zeros((2, 24000), np.float32)
        patch.play(out, 0, 40 if bank == 128 else 60, 100, 0.4)
        assert np.isfinite(out).all(), (bank, program)
        assert 0.001 < np.abs(out).max() < 4, (bank, program)


def test_a_copy_of_the_carried_font_reads_alike(tmp_path):
    carried = find_soundfont(folders=()).path
    shutil.copy(carried, tmp_path / "copy with spaces é.sf2")
    assert SoundFont(tmp_path / "copy with spaces é.sf2").presets == SoundFont(carried).presets
