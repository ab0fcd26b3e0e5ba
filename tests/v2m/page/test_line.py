"""Waiting in line: in order, bounded, and left by whoever goes."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from v2m.page import line as module
from v2m.page.limits import LimitError
from v2m.page.line import Line
from v2m.page.work import StoppedError


def test_one_after_the_other() -> None:
    line = Line(8)
    with ExitStack() as all_:
        first = all_.enter_context(line.place("a:1"))
        second = all_.enter_context(line.place("b:1"))
        with line.place("c:1") as third:
            assert [place.before() for place in (first, second, third)] == [0, 1, 2]
            line.leave("a:1")
            assert [place.before() for place in (second, third)] == [0, 1]
            with pytest.raises(StoppedError):
                first.before()
        with line.place("d:1") as fourth:
            assert fourth.before() == 1


def test_a_line_is_only_so_long_and_a_visitor_only_so_often_in_it() -> None:
    line = Line(3)
    with line.place("a:1"), line.place("a:2"):
        with pytest.raises(LimitError, match="Two pieces of yours"), line.place("a:3"):
            pass
        with line.place("b:1"), pytest.raises(LimitError, match="come again"), line.place("c:1"):
            pass
        with line.place("c:1") as place:
            assert place.before() == 2


def test_who_does_not_ask_any_more_is_no_longer_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(8)
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    with line.place("gone:1"), line.place("here:1") as place:
        now[0] = 50.0
        assert place.before() == 1
        now[0] = 70.0
        assert place.before() == 0
