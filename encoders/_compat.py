"""Work-arounds for other libraries, each with the trouble it answers and when it can go."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from types import ModuleType
from typing import Any

_torchvision_ops: Any = None


def mend_torchvision() -> None:
    """Make torchvision importable beside a CPU-only torch; does nothing where it already is.

    The package index's torchvision wheel is built for CUDA; beside a CPU torch its import ends in
    "operator torchvision::nms does not exist", and takes timm and open_clip with it (pytorch/pytorch
    issues 122494 and 157648). With the two missing schemas declared the import goes through, and
    everything but `torchvision.ops.nms` works. To be called before timm, torchvision or open_clip are
    imported. Can go when the index serves matching pairs.

    Raises:
        RuntimeError: whatever else torchvision's import raises.
    """
    global _torchvision_ops
    if "torchvision" in sys.modules:
        return
    try:
        importlib.import_module("torchvision")
        return
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    import torch

    # Kept for the life of the process: the schemas go when the library object does.
    library: Any = torch.library
    _torchvision_ops = library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        _torchvision_ops.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    importlib.import_module("torchvision")


def lean_package(name: str) -> ModuleType:
    """Let submodules of the package `name` be imported without running its `__init__`.

    mediapipe's own `__init__` imports matplotlib, sounddevice and every task it has: 0.6 to 2 s, where
    its graph runner alone takes 0.1 s; scenedetect's imports moviepy and every other reader of files,
    twice the time that its detectors take. The package object put in place knows only where its
    submodules are; whoever asks it for anything else (`mediapipe.solutions`) gets the whole package
    loaded then, so other users of it notice nothing. Can go when both import lazily.

    Raises:
        ModuleNotFoundError: if there is no such package.
    """
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"No package named {name!r}", name=name)
    package = importlib.util.module_from_spec(spec)
    loader = spec.loader

    def load_whole(attribute: str) -> Any:
        # Special names are asked for by the import system itself, before submodules are.
        if attribute.startswith("__") or "__getattr__" not in package.__dict__:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        del package.__dict__["__getattr__"]
        loader.exec_module(package)
        return getattr(package, attribute)

    package.__dict__["__getattr__"] = load_whole
    sys.modules[name] = package
    return package


_NATIVE_NOISE = (
    b"Created TensorFlow Lite XNNPACK delegate",
    b"All log messages before absl::InitializeLog()",
    b"Logging before InitGoogle()",
    b"has an unaligned buffer",
    b"inference_feedback_manager.cc",
    b"GPU suport is not available",
    b"landmark_projection_calculator.cc",
    b"gl_context",
)


@contextlib.contextmanager
def without_native_noise() -> Iterator[None]:
    """Hold back the log lines that mediapipe's C++ writes to stderr while its models load.

    They cannot be switched off from inside a running process (google-ai-edge/mediapipe issues 5371
    and 5737). Whatever else is written to stderr meanwhile, by any thread, comes out at the end: only
    known lines go. Can go when mediapipe logs through abseil's switch.
    """
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # a process without stderr hears no noise
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held:
                if not any(noise in line for noise in _NATIVE_NOISE):
                    os.write(2, line)
