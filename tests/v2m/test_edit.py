"""Trims and titles: the right frames at the right times, and the sound with them."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.clip import Clip, probe
from tests import clips
from tests.conftest import MakeClip
from v2m.edit import TrimError, edit, parse_trim
from v2m.titles import TitleError, check_title, draw_title, title_strength


def frames(clip: Clip) -> list[tuple[float, NDArray[np.uint8]]]:
    with av.open(str(clip.path)) as container:
        return [
            (float(f.time) - clip.start_s, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)
        ]


def test_a_trim_keeps_the_frames_of_its_span(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(make_clip("plain"))
    cut = edit(clip, tmp_path / "cut.mov", trim=(1.0, 2.5))
    assert cut.codec == "h264"
    assert cut.duration_s == pytest.approx(1.5, abs=1e-3)
    assert [clips.read_number(rgb) for _, rgb in frames(cut)] == list(range(30, 75))


def test_uneven_frames_stay_at_their_times(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(make_clip("vfr"))
    start_s = 0.5
    cut = edit(clip, tmp_path / "cut.mov", trim=(start_s, None))
    for time_s, rgb in frames(cut):
        shown = clips.read_number(rgb)
        due_s = clip.frame_times_s[shown]
        until_s = clip.frame_times_s[shown + 1] if shown + 1 < len(clip.frame_times_s) else clip.duration_s
        assert due_s - 0.5 * cut.frame_s <= time_s + start_s < until_s + 0.5 * cut.frame_s


def test_the_own_sound_moves_with_the_picture(tmp_path: Path) -> None:
    # A picture that begins 0.7 s after its sound, and a bleep 2 s into the picture.
    picture = clips.write_clip(tmp_path / "picture.mp4", clips.numbered_frames(90), 30)
    bleep = "aevalsrc='sin(2*PI*1000*t)*between(t,2.7,2.8)':d=3.7:s=48000"
    source = tmp_path / "late.mkv"
    inputs = ["-itsoffset", "0.7", "-i", picture, "-f", "lavfi", "-i", bleep]
    clips.ffmpeg(*inputs, "-c:v", "copy", "-c:a", "pcm_s16le", source)
    clip = probe(source)
    assert clip.start_s == pytest.approx(0.7, abs=0.002)
    cut = edit(clip, tmp_path / "cut.mov", trim=(1.5, 2.9))
    assert clips.read_number(frames(cut)[0][1]) == 45
    with av.open(str(cut.path)) as container:
        stream = container.streams.audio[0]
        decoded = list(container.decode(stream))
        sound = np.concatenate(
            [f.to_ndarray().reshape(-1, stream.codec_context.channels)[:, 0] for f in decoded]
        )
        first = decoded[0].pts * Fraction(decoded[0].time_base)
    heard_s = float(first) + np.flatnonzero(np.abs(sound.astype(float)) > 3000)[0] / 48000
    assert heard_s == pytest.approx(0.5, abs=0.003)
    assert len(sound) / 48000 == pytest.approx(1.4, abs=0.002)


def test_turned_and_wide_pictures_come_out_upright_and_square(make_clip: MakeClip, tmp_path: Path) -> None:
    corners = clips.write_clip(tmp_path / "corners.mp4", clips.corner_frames(30), 30)
    clip = probe(clips.rotated(corners, tmp_path / "turned.mov", 90))
    out = edit(clip, tmp_path / "upright.mov")
    assert (out.rotation, out.width, out.height) == (0, 180, 320)
    rgb = frames(out)[5][1]
    # Turned clockwise, the bottom left (blue) comes to the top left, the red to the top right.
    assert rgb[40, 20].argmax() == 2
    assert rgb[40, 160].argmax() == 0
    wide = probe(make_clip("wide_pixels"))
    square = edit(wide, tmp_path / "square.mov")
    assert abs(square.width - wide.width) <= 1
    assert abs(square.height - wide.height) <= 1


@pytest.mark.parametrize("kind", ["gif", "odd_size", "av1", "ten_bit"])
def test_what_cannot_be_copied_is_written_anew(make_clip: MakeClip, tmp_path: Path, kind: str) -> None:
    clip = probe(make_clip(kind))
    out = edit(clip, tmp_path / "out.mov")
    assert out.codec == "h264"
    assert abs(out.duration_s - clip.duration_s) <= max(clip.frame_s, out.frame_s)
    assert out.width % 2 == out.height % 2 == 0
    assert abs(out.width - clip.width) <= 1


def test_a_title_is_seen_and_goes(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(clips.write_clip(tmp_path / "grey.mp4", [np.full((180, 320, 3), 90, np.uint8)] * 90, 30))
    titled = edit(clip, tmp_path / "titled.mov", title="Dawn")
    brightest = np.array([rgb.max() for _, rgb in frames(titled)])
    times = np.array([time_s for time_s, _ in frames(titled)])
    assert brightest[(times > 0.7) & (times < 1.2)].min() > 220
    assert brightest[times > 2.0].max() < 110
    assert brightest[0] < 110
    # The title is set in the middle: the outer fifths stay as they are.
    middle = frames(titled)[30][1]
    assert middle[:36].max() < 110
    assert middle[-36:].max() < 110


def test_a_long_title_is_wrapped_and_fits() -> None:
    drawn = draw_title("A long walk through the woods on a Sunday in late October", 320, 180)
    assert drawn.shape == (180, 320, 2)
    columns = np.flatnonzero(drawn[..., 0].max(axis=0) > 0.5)
    assert columns[0] > 10
    assert columns[-1] < 310
    assert 0.4 < (columns[0] + columns[-1]) / 2 / 320 < 0.6


def test_a_title_fades_in_and_out_within_a_short_clip() -> None:
    strengths = [title_strength(t, 1.0) for t in np.linspace(0, 1, 101)]
    assert strengths[0] == 0
    assert max(strengths) == 1
    assert strengths[-1] == 0
    assert max(np.abs(np.diff(strengths))) <= 0.051


def test_titles_that_cannot_be_drawn() -> None:
    check_title("Día de los Ελλάδα — день №1")
    with pytest.raises(TitleError, match="empty"):
        check_title("   ")
    with pytest.raises(TitleError, match="has no '散'"):
        check_title("散歩"[:1])


@pytest.mark.parametrize(
    ("text", "span"), [("1:2.5", (1.0, 2.5)), (":8", (0.0, 8.0)), ("5:", (5.0, None)), (":", (0.0, None))]
)
def test_trims_are_read(text: str, span: tuple[float, float | None]) -> None:
    assert parse_trim(text) == span


@pytest.mark.parametrize("text", ["", "3", "a:b", "1:2:3", "2:1", "-1:2", "1:1.2", "nan:2", "0:nan", "inf:"])
def test_trims_that_make_no_sense(text: str) -> None:
    with pytest.raises(TrimError):
        parse_trim(text)


def test_a_trim_past_the_end(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(make_clip("plain"))
    with pytest.raises(TrimError, match=r"trim 2\.8: of 3\.00 s leaves less than 0\.5 s"):
        edit(clip, tmp_path / "cut.mov", trim=(2.8, None))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_full_disk_is_one_line_and_leaves_nothing(make_clip: MakeClip, tmp_path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from encoders.clip import probe\n"
        "from v2m.atomic import OutputError; from v2m.edit import edit\n"
        "clip = probe(sys.argv[1]); resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "try: edit(clip, Path(sys.argv[2]))\n"
        "except OutputError as error: print(error); sys.exit(3)\n"
    )
    arguments = [sys.executable, "-c", script, str(make_clip("plain")), str(tmp_path / "out.mov")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "too large" in done.stdout
    assert list(tmp_path.iterdir()) == []
