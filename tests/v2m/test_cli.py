"""The program as a person meets it: real processes, exit codes, one line, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from encoders.errors import V2MError
from tests import clips
from tests.conftest import MakeClip
from tests.v2m.fonts import make_font
from v2m.cli.app import app
from v2m.cli.ending import run_to_end

ROOT = Path(__file__).parents[2]
IN_PROC = pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs /proc")
Make = Callable[[Path, MakeClip], None]


def v2m(
    *arguments: str | Path, cwd: Path, before: str = "", timeout_s: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run the program in `cwd`; `before` is Python that runs first in its process."""
    program = f"{before}\nimport sys; from v2m.cli import main; sys.argv[0] = 'v2m'; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def check_line(code: int, said: str, expected: str, expected_code: int) -> None:
    """Exactly one line, from v2m, that says what is expected."""
    assert code == expected_code, said
    assert said.count("\n") == 1, said
    assert said.startswith("v2m: ")
    assert expected in said


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """`run_to_end` takes signals over; here, the tests' process gets them back."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def empty(folder: Path, make_clip: MakeClip) -> None:
    (folder / "clip.mp4").touch()


def words(folder: Path, make_clip: MakeClip) -> None:
    (folder / "clip.mp4").write_text("Dear diary, today I made a film.\n" * 40)


def copy_of(kind: str) -> Make:
    def copy(folder: Path, make_clip: MakeClip) -> None:
        (folder / "clip.mp4").write_bytes(make_clip(kind).read_bytes())

    return copy


def too_short(folder: Path, make_clip: MakeClip) -> None:
    clips.write_clip(folder / "clip.mp4", clips.numbered_frames(9), 30)


def a_folder(folder: Path, make_clip: MakeClip) -> None:
    (folder / "clip.mp4").mkdir()


def nothing(folder: Path, make_clip: MakeClip) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (empty, "the file is empty"),
        (words, "not a video file"),
        (copy_of("sound_only"), "no video to look at"),
        (copy_of("one_frame"), "only one frame of picture"),
        (too_short, "only 0.30 s of picture"),
        (copy_of("no_index"), "not a video file that can be read"),
        (a_folder, "is a folder"),
        (nothing, "no such file"),
    ],
    ids=["empty", "text", "sound", "one_frame", "0.3s", "no_index", "folder", "missing"],
)
def test_what_is_no_clip_is_one_line(tmp_path: Path, make_clip: MakeClip, make: Make, says: str) -> None:
    make(tmp_path, make_clip)
    held = tree(tmp_path)
    done = v2m("soundtrack", "clip.mp4", cwd=tmp_path)
    check_line(done.returncode, done.stderr, says, 1)
    assert done.stdout == ""
    assert tree(tmp_path) == held


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["-o", "nowhere/out.mp4"], "nowhere: this folder does not exist", 1),
        (["-o", "taken.mp4"], "taken.mp4: exists already (--force overwrites it)", 1),
        (["-o", "clip.mp4", "--force"], "clip.mp4: is an input itself", 1),
        (["--soundfont", "font.sf2", "--wav", "font.sf2", "--force"], "font.sf2: is an input itself", 1),
        (["--plan", "held.json", "--report", "held.json", "--force"], "held.json: is an input itself", 1),
        (
            ["--plan", "held.json", "--save-plan", "./held.json", "--force"],
            "held.json: is an input itself",
            1,
        ),
        (["--style", "own.toml", "--midi", "own.toml", "--force"], "own.toml: is an input itself", 1),
        (["-o", "out.avi"], ".avi is no format", 1),
        (["-o", "out.webm"], "WebM cannot hold h264 pictures; name the output out.mp4", 1),
        (["--style", "polka"], "style 'polka'", 1),
        (["--key", "H flat"], "key 'H flat' is not understood", 1),
        (["--mood", "meh"], "mood 'meh' is none of", 1),
        (["--metre", "5/8"], "metre '5/8' is none of 3/4, 4/4, 6/8", 1),
        (["--tempo", "4"], "outside 40 to 240", 1),
        (["--lufs", "5"], "out of range", 1),
        (["--trim", "2:1"], "trim 2:1", 1),
        (["--title", " "], "the title is empty", 1),
        (["--plan", "none.json"], "none.json: no such file", 1),
        (["--plan", "taken.mp4", "--key", "C"], "the plan says its own key", 1),
        (["--plan", "taken.mp4"], "taken.mp4", 1),
        (["--soundfont", "taken.mp4"], "taken.mp4", 1),
        (["--wav", "out.wav", "--midi", "out.wav"], "asked for twice", 1),
        # Not even root can make files there.
        pytest.param(["-o", "/proc/out.mp4"], "/proc: cannot be written", 1, marks=IN_PROC),
        (["--stems", "taken.mp4"], "is a file, not a folder", 1),
        (["--bogus"], "No such option: --bogus", 2),
        (["--tempo", "fast"], "Invalid value for '--tempo'", 2),
    ],
    ids=lambda value: "_".join(value)[:24] if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_refused_before_the_work(
    tmp_path: Path,
    make_clip: MakeClip,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
    code: int,
) -> None:
    (tmp_path / "clip.mp4").write_bytes(make_clip("plain").read_bytes())
    (tmp_path / "taken.mp4").write_bytes(b"mine")
    (tmp_path / "held.json").write_text("{}")
    make_font(tmp_path / "font.sf2")
    (tmp_path / "own.toml").write_bytes((ROOT / "generators/styles/piano.toml").read_bytes())
    held = tree(tmp_path)
    monkeypatch.chdir(tmp_path)
    ended = run_to_end(lambda: app(["soundtrack", "clip.mp4", *arguments], standalone_mode=False))
    out, said = capsys.readouterr()
    check_line(ended, said, says, code)
    assert out == ""
    assert tree(tmp_path) == held


@pytest.mark.parametrize("option", [("--trim", "0:1"), ("--title", "Dawn")])
def test_without_moviepy_edits_are_refused_before_the_work(
    tmp_path: Path,
    make_clip: MakeClip,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: tuple[str, str],
) -> None:
    monkeypatch.setitem(sys.modules, "moviepy", None)
    asked = ["soundtrack", str(make_clip("plain")), "-o", str(tmp_path / "out.mp4"), *option]
    ended = run_to_end(lambda: app(asked, standalone_mode=False))
    check_line(ended, capsys.readouterr().err, "pip install moviepy", 1)
    assert tree(tmp_path) == {}


@pytest.mark.skipif(os.name != "posix", reason="users are POSIX")
def test_a_clip_that_may_not_be_read(tmp_path: Path, make_clip: MakeClip) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(make_clip("plain").read_bytes())
    clip.chmod(0)
    # Root may read everything: the program is warmed up as root, then gives that right up.
    as_nobody = (
        "import contextlib, os; from encoders.errors import V2MError; from v2m.cli.app import app\n"
        "with contextlib.suppress(V2MError):\n"
        "    app(['soundtrack', 'clip.mp4', '-o', 'nowhere/out.mp4'], standalone_mode=False)\n"
        "if os.geteuid() == 0: os.seteuid(65534)"
    )
    done = v2m("soundtrack", "clip.mp4", cwd=tmp_path, before=as_nobody)
    check_line(done.returncode, done.stderr.lower(), "clip.mp4: cannot be read (permission denied)", 1)
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_help_waits_for_nothing_heavy(tmp_path: Path) -> None:
    heavy = [
        "numpy",
        "torch",
        "cv2",
        "av",
        "decord",
        "scipy",
        "mediapipe",
        "matplotlib",
        "symusic",
        "moviepy",
    ]
    watch = f"import atexit, sys; atexit.register(lambda: print([m for m in {heavy} if m in sys.modules]))"
    done = v2m("--help", cwd=tmp_path, before=watch)
    assert done.returncode == 0
    assert "soundtrack" in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_the_function_and_the_module_share_a_name() -> None:
    check = (
        "import v2m, v2m.report; from v2m.soundtrack import fulfil; from v2m import soundtrack\n"
        "assert callable(soundtrack) and callable(v2m.soundtrack) and soundtrack is v2m.soundtrack"
    )
    subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True)


def test_each_ending_has_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    def raises(error: BaseException) -> Callable[[], object]:
        def program() -> object:
            raise error

        return program

    assert run_to_end(lambda: None) == 0
    assert run_to_end(raises(V2MError("two\nlines"))) == 1
    assert capsys.readouterr().err == "v2m: two lines\n"
    assert run_to_end(raises(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "v2m: interrupted\n"
    assert run_to_end(lambda: os.kill(os.getpid(), signal.SIGTERM) or time.sleep(5)) == 143
    with pytest.raises(ZeroDivisionError):
        run_to_end(raises(ZeroDivisionError()))


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    program = f"{sys.executable} -m v2m doctor --json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_doctor_knows_what_is_here(tmp_path: Path) -> None:
    done = v2m("doctor", "--json", cwd=tmp_path)
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0
    assert findings["ffmpeg"]["state"] == findings["soundfont"]["state"] == "used"
    assert {finding["state"] for finding in findings.values()} <= {"used", "idle", "missing"}
    assert "cinematic" in findings["styles"]["detail"]
    # Whatever is imported at run time is looked at.
    wanted = {"numpy", "scipy", "av", "soxr", "matplotlib", "fonttools", "pillow", "symusic", "typer", "rich"}
    assert wanted <= set(findings)
    assert {findings[name]["state"] for name in wanted} == {"used"}
    assert {"pytest", "gradio", "wandb", "tomli"}.isdisjoint(findings)
