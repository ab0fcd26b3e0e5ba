"""Every patch that ships, and patches of one's own."""

import numpy as np
import pytest

from generators.rhythm.band import read_band
from generators.style import load_style, style_names
from tests.v2m.synth.notes import RATE, cents, level_db, note, peak_hz
from v2m.synth.errors import SynthError
from v2m.synth.kit import Kit
from v2m.synth.library import load, patch_names
from v2m.synth.pitch import key_hz

PITCHED = tuple(name for name in patch_names() if not name.startswith("kit"))
LOW = ("bass", "drone")


def usual_key(name: str) -> int:
    return 36 if name.startswith(LOW) else 67


@pytest.mark.parametrize("name", PITCHED)
def test_a_note_is_in_tune_clean_and_over_when_it_says(name):
    key = usual_key(name)
    sound = note(load(name, RATE, 3, "V"), key, held_s=1.5)
    end = load(name, RATE).samples(key, 100, 1.5)
    assert np.isfinite(sound).all()
    assert np.abs(sound[:, end - 2 :]).max() < 1e-4
    assert np.abs(sound[:, 0]).max() < 1e-3
    loudest = np.abs(sound).max()
    assert 0.05 < loudest < 4
    assert np.abs(sound.mean(axis=1)).max() < 2e-3 * loudest + 1e-4
    # Detuned and wandering patches are in tune on the whole: the mean of many takes.
    heard = [
        peak_hz(
            note(load(name, RATE), key, held_s=1.5, take=t)[0, RATE // 2 : 3 * RATE // 2], key_hz(key), 60
        )
        for t in range(8)
    ]
    assert cents(float(np.mean(heard)), key_hz(key)) == pytest.approx(0, abs=10)


@pytest.mark.parametrize("name", PITCHED)
def test_notes_begin_and_end_without_a_click(name):
    """What a step would leave is white; a note's beginning and end are no brighter than its middle."""
    key = usual_key(name)
    sound = note(load(name, RATE, 1, "V"), key, velocity=90, held_s=0.8)[0]
    rough = np.abs(np.diff(sound, 4))
    body = rough[: int(0.75 * RATE)].max()
    after = rough[int(0.8 * RATE) :].max()
    assert after < 1.5 * body + 1e-6
    quiet = note(load(name, RATE, 1, "V"), key, velocity=90, held_s=0.8, stop_s=0.4)[0]
    choked = np.abs(np.diff(quiet, 4))[int(0.4 * RATE) :].max()
    assert choked < 1.5 * body + 1e-6
    assert np.abs(quiet[int(0.44 * RATE) :]).max() == 0


@pytest.mark.parametrize("name", PITCHED)
def test_strong_notes_are_louder_and_no_darker(name):
    key = usual_key(name)
    instrument = load(name, RATE, 0, "V")
    soft, strong = (note(instrument, key, velocity, held_s=0.6) for velocity in (40, 120))
    assert level_db(strong, 0, 0.6) - level_db(soft, 0, 0.6) > 14

    def centroid(sound: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(sound[0, : RATE // 2])) ** 2
        return float((power * np.fft.rfftfreq(RATE // 2, 1 / RATE)).sum() / power.sum())

    assert centroid(strong) > 0.98 * centroid(soft)


def test_two_takes_differ_where_oscillators_run_free_and_one_take_is_always_the_same():
    pad = [note(load("pad-supersaw", RATE, 5, "Pad"), 60, take=t) for t in (0, 1, 0)]
    assert np.array_equal(pad[0], pad[2])
    assert np.abs(np.corrcoef(pad[0][0], pad[1][0])[0, 1]) < 0.9
    other_voice, other_seed = load("pad-supersaw", RATE, 5, "Strings"), load("pad-supersaw", RATE, 6, "Pad")
    assert not np.array_equal(pad[0], note(other_voice, 60))
    assert not np.array_equal(pad[0], note(other_seed, 60))


def test_pads_are_wide_and_basses_are_in_the_middle():
    pad = note(load("pad-supersaw", RATE), 60, held_s=2)
    assert abs(np.corrcoef(pad)[0, 1]) < 0.8
    for name in ("bass-pump", "bass-808", "bass-round"):
        left, right = note(load(name, RATE), 36)
        assert np.array_equal(left, right)


def test_the_wheel_opens_a_pad_and_bend_moves_it():
    pad = load("pad-dark", RATE)
    up = np.ones(3 * RATE, np.float32)
    closed, opened = note(pad, 55, held_s=1.5), note(pad, 55, held_s=1.5, wheel=up)

    def above_1k(sound: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(sound[0])) ** 2
        hz = np.fft.rfftfreq(sound.shape[1], 1 / RATE)
        return float(10 * np.log10(power[hz > 1000].sum() / power.sum()))

    assert above_1k(opened) > above_1k(closed) + 10
    bass = load("bass-808", RATE)
    bent = note(bass, 45, held_s=1.5, bend_cents=np.full(3 * RATE, 200, np.float32))[0]
    assert cents(peak_hz(bent[RATE // 2 : RATE], key_hz(47)), key_hz(47)) == pytest.approx(0, abs=3)


def test_fm_keeps_its_sidebands_below_half_the_rate():
    """A bell three octaves too high has no partial that folds back: all lie on the ratios' sums."""
    for name in ("bell-fm", "keys-fm", "kalimba-fm"):
        for key in (96, 108):
            sound = note(load(name, RATE), key, velocity=127, held_s=1.0)[0]
            frame = sound[RATE // 50 : RATE // 50 + 8192]
            power = np.abs(np.fft.rfft(frame * np.blackman(8192))) ** 2
            hz = np.fft.rfftfreq(8192, 1 / RATE)
            low = power[(hz > 30) & (hz < 0.4 * key_hz(key))].sum()
            assert 10 * np.log10(low / power.sum()) < -45, (name, key)


def test_every_style_names_patches_that_there_are():
    for style in style_names():
        band = read_band(load_style(style))
        for voice in (part.voice for part in (*band.parts, *band.accents)):
            if voice.synth:
                assert isinstance(load(voice.synth, RATE), Kit) == voice.is_drum


def test_a_patch_of_ones_own_needs_no_code(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text('title = "M"\nkind = "analog"\noscillators = [{ wave = "triangle" }]\n')
    assert np.abs(note(load(str(mine), RATE), 60)).max() > 0.1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('kind = "analog"\ntitle = "t"', "oscillators"),
        ('kind = "analog"\ntitle = "t"\noscillators = [{ wave = "sew" }]', "sew"),
        ('kind = "analog"\ntitle = "t"\noscillators = [{ wawe = "saw" }]', "wawe"),
        ('kind = "analog"\ntitle = "t"\noscillators = [{ wave = 3 }]', "wave"),
        ('kind = "analog"\ntitle = "t"\noscillators = [{}]\nfilter = { hz = 2 }', "hz"),
        ('kind = "analog"\ntitle = "t"\noscillators = [{}]\namp = { attack_s = -1 }', "envelope"),
        ('kind = "fm"\ntitle = "t"\noperators = [{ name = "a", to = "b" }]', "heard"),
        ('kind = "fm"\ntitle = "t"\noperators = [{ name = "a" }, { name = "b", to = "a" }]', "follow"),
        (
            'kind = "kit"\ntitle = "t"\nsounds = [{ name = "s", keys = [36], layers = [{ kind = "tin" }] }]',
            "tin",
        ),
        ('kind = "kit"\ntitle = "t"\nbase = "pad-tape"', "pad-tape"),
        ('kind = "organ"\ntitle = "t"', "organ"),
        ("kind = ", "p.toml"),
    ],
)
def test_what_is_wrong_with_a_patch_is_said_in_one_line(tmp_path, text, says):
    path = tmp_path / "p.toml"
    path.write_text(text)
    with pytest.raises(SynthError) as error:
        load(str(path), RATE)
    assert says in str(error.value)
    assert "p.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_patch_that_there_is_not_is_answered_with_those_that_there_are():
    for name in ("pad-none", "/no/where.toml"):
        with pytest.raises(SynthError) as error:
            load(name, RATE)
        assert name in str(error.value)
        assert "\n" not in str(error.value)
    with pytest.raises(SynthError, match="bass-pump"):
        load("pad-none", RATE)
