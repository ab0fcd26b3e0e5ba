"""The clip's own sound begins with the picture, wherever the file's clocks start."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from encoders.clip import probe
from encoders.errors import ClipError
from tests import clips
from v2m.own_sound import extract_sound

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def clip_with_click(folder: Path, name: str, sound_s: float, picture_s: float, rate: int = 44100) -> Path:
    """4 s of picture, and sound with a click 2 s after its own start; each may start late."""
    sound = np.zeros(4 * rate, np.float32)
    sound[2 * rate : 2 * rate + 40] = 0.9
    soundfile.write(folder / "click.wav", sound, rate)
    codec = "aac" if name.endswith(("mp4", "ts")) else "pcm_s16le"
    command = [FFMPEG, "-v", "error", "-y", "-itsoffset", str(picture_s), "-f", "lavfi", "-i"]
    command += ["testsrc=s=96x64:r=25:d=4", "-itsoffset", str(sound_s), "-i", str(folder / "click.wav")]
    command += ["-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-bf", "0", "-c:a", codec, "-copyts"]
    subprocess.run([*command, str(folder / name)], check=True)
    return folder / name


@pytest.mark.parametrize(
    ("name", "sound_s", "picture_s"),
    [("a.mkv", 0, 0), ("b.mkv", 0.52, 0), ("c.mkv", 0, 0.72), ("d.ts", 1.0, 1.52), ("e.mp4", 0.32, 0)],
)
def test_the_click_is_where_it_was_heard(tmp_path, name, sound_s, picture_s):
    path = clip_with_click(tmp_path, name, sound_s, picture_s)
    clip = probe(path)
    out = extract_sound(path, clip.start_s, 3.9, tmp_path / "own.wav")
    sound, rate = soundfile.read(out)
    assert sound.shape == (round(3.9 * 48000), 2)
    assert rate == 48000
    heard = float(np.argmax(np.abs(sound[:, 0]) > 0.3)) / rate
    assert heard == pytest.approx(2 + sound_s - picture_s, abs=0.002)


def test_sound_shorter_than_the_picture_is_followed_by_silence(tmp_path):
    path = clip_with_click(tmp_path, "a.mkv", 0, 0)
    sound, _ = soundfile.read(extract_sound(path, 0.0, 7.25, tmp_path / "own.wav"))
    assert len(sound) == 7.25 * 48000
    assert np.abs(sound[5 * 48000 :]).max() == 0


def test_a_file_cut_short_gives_what_decodes(tmp_path):
    path = clip_with_click(tmp_path, "a.mkv", 0, 0)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.8)])
    sound, _ = soundfile.read(extract_sound(path, 0.0, 4.0, tmp_path / "own.wav"))
    assert len(sound) == 4 * 48000
    assert float(np.argmax(np.abs(sound[:, 0]) > 0.3)) / 48000 == pytest.approx(2.0, abs=0.002)


def test_words_in_another_encoding_are_no_obstacle(tmp_path):
    """A title in Latin-1, as old cameras write it."""
    named = clips.remux(
        clip_with_click(tmp_path, "a.mp4", 0, 0), tmp_path / "b.mp4", "-metadata", "title=Caffee"
    )
    odd = tmp_path / "odd.mp4"
    odd.write_bytes(named.read_bytes().replace(b"Caffee", "Café ô".encode("latin-1")))
    assert odd.read_bytes() != named.read_bytes()
    sound, _ = soundfile.read(extract_sound(odd, probe(odd).start_s, 3.9, tmp_path / "own.wav"))
    assert float(np.argmax(np.abs(sound[:, 0]) > 0.3)) / 48000 == pytest.approx(2.0, abs=0.002)


def test_sound_that_changes_its_layout_and_rate_on_the_way(tmp_path):
    """Recordings put one behind the other without a gap, as in a broadcast: all is heard, at one level."""
    stream = tmp_path / "all.aac"
    with stream.open("wb") as joined:
        for number, (channels, rate) in enumerate([(2, 48000), (1, 44100), (2, 32000)]):
            part = tmp_path / f"{number}.aac"
            clips.ffmpeg("-f", "lavfi", "-i", f"sine=500:r={rate}:d=1", "-ac", str(channels), part)
            joined.write(part.read_bytes())
    path = tmp_path / "all.ts"
    picture = ["-f", "lavfi", "-i", "testsrc=s=96x64:r=25:d=3"]
    clips.ffmpeg(*picture, "-i", stream, "-c:v", "mpeg2video", "-c:a", "copy", path)
    sound, rate = soundfile.read(extract_sound(path, probe(path).start_s, 3.0, tmp_path / "own.wav"))
    level = np.sqrt((sound[: 3 * rate].reshape(30, -1, 2) ** 2).mean(axis=1))
    # The muxer counted all packets as if at the first rate, so that the last of them end early.
    assert level[1:26].min() > 0.8 * level.max()


def test_no_sound_is_one_line_and_no_file(tmp_path):
    silent = tmp_path / "silent.mp4"
    command = [FFMPEG, "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=s=96x64:r=25:d=1", str(silent)]
    subprocess.run(command, check=True)
    with pytest.raises(ClipError, match="no sound"):
        extract_sound(silent, 0.0, 1.0, tmp_path / "own.wav")
    assert not (tmp_path / "own.wav").exists()
