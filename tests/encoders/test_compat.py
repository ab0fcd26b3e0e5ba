"""Other libraries are worked around where they need it, and left alone where they don't."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_torchvision_can_be_imported_whatever_its_build() -> None:
    done = run(
        "from encoders._compat import mend_torchvision\n"
        "mend_torchvision(); mend_torchvision()\n"
        "import torch\n"
        "from torchvision.transforms import functional\n"
        "print(tuple(functional.resize(torch.zeros(3, 8, 8), [4, 4]).shape))\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "(3, 4, 4)\n"


def test_a_lean_package_runs_its_init_only_when_asked(tmp_path: Path) -> None:
    package = tmp_path / "heavy"
    package.mkdir()
    (package / "__init__.py").write_text("print('init')\nanswer = 42\n")
    (package / "light.py").write_text("value = 1\n")
    done = run(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from encoders._compat import lean_package\n"
        "lean_package('heavy')\n"
        "import heavy.light\n"
        "print(heavy.light.value)\n"
        "import heavy\n"
        "print(heavy.answer, hasattr(heavy, 'nothing'), heavy.light.value)\n"
        "try: lean_package('no_such_package')\n"
        "except ModuleNotFoundError as error: print(error.name)\n"
    )
    assert done.stdout.splitlines() == ["1", "init", "42 False 1", "no_such_package"], done.stderr


def test_only_known_noise_is_held_back() -> None:
    done = run(
        "import os, sys\n"
        "from encoders._compat import without_native_noise\n"
        "with without_native_noise():\n"
        "    os.write(2, b'INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\n')\n"
        "    print('a real warning', file=sys.stderr)\n"
        "os.write(2, b'after\\n')\n"
    )
    assert done.stderr == "a real warning\nafter\n"
