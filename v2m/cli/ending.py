"""How a run ends: each way has its exit code and at most one line on standard error."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import cast

import typer

from encoders.errors import V2MError

FAILED, MISUSED = 1, 2
_STOPPING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# The class that typer's own usage errors share, whichever click typer stands on.
_UsageError = cast("type[Exception]", typer.BadParameter.__mro__[1])


class _Stopped(BaseException):
    """A signal asks the program to end: raised where it is, so that every `with` cleans up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run_to_end(program: Callable[[], object]) -> int:
    """Run the program; returns its exit code.

    0 done; 1 it could not (one line says why); 2 it was asked wrongly; 128 + n ended by signal n
    (130: Ctrl-C). Whatever else is raised is a defect of ours and keeps its traceback. Signals are
    taken over, from typer too, and stay so.
    """
    for number in _STOPPING:
        # What the parent has us ignore stays ignored (nohup).
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        return int(_code(program()))
    except V2MError as error:
        return _say(str(error), FAILED)
    except _UsageError as error:
        message = _message(error)
        # Without a command, the help has been printed and there is nothing to add.
        return _say(f"{message} (v2m --help lists what there is)", MISUSED) if message else MISUSED
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", 128 + signal.SIGINT)
    except _Stopped as stop:
        how = (
            "interrupted" if stop.number == signal.SIGINT else f"ended by {signal.Signals(stop.number).name}"
        )
        return _say(how, 128 + stop.number)
    except MemoryError:
        return _say("not enough memory", FAILED)
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter must not try to flush to them again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13


def _stop(number: int, frame: FrameType | None) -> None:
    # An impatient second Ctrl-C must not cut the cleaning up short.
    for each in _STOPPING:
        signal.signal(each, signal.SIG_IGN)
    raise _Stopped(number)


def _code(result: object) -> int:
    return result if isinstance(result, int) else 0


def _message(error: BaseException) -> str:
    format_message = getattr(error, "format_message", None)
    return str(format_message() if format_message else error)


def _say(message: str, code: int) -> int:
    line = " ".join(message.split())
    print(f"v2m: {line}", file=sys.stderr)
    return code
