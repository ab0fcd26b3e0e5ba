"""Numbers and strings of any origin → what may stand in a page."""

from __future__ import annotations

import html
import math
import re

# Characters that HTML forbids, and half pairs, which a file name of undecodable bytes holds.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_MINUS = "\N{MINUS SIGN}"


def text(said: str) -> str:
    """A string as HTML, safe between tags and inside quoted attributes."""
    return html.escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", said), quote=True)


def number(value: float, unit: str = "", *, signed: bool = False) -> str:
    """A number for people, with its unit: `0.83`, `−14.1 LUFS`, `–` where there is none.

    Seconds have always a sign, and are milliseconds below one: `+40 ms`, `−2.50 s`.
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    if unit == "s":
        return milliseconds(value) if abs(value) < 1 else f"{_plain(value, signed=True)} s"
    return f"{_plain(value, signed=signed)}{chr(0xA0) + unit if unit else ''}"


def milliseconds(value_s: float) -> str:
    """Seconds as signed milliseconds: `+40 ms`, `−8 ms`, `0 ms`."""
    ms = round(1000 * value_s)
    return f"{'+' if ms > 0 else _MINUS if ms < 0 else ''}{abs(ms)}\xa0ms"


def late(apart_s: float) -> str:
    """How a distance in time is said: `40 ms late`, `1.25 s early`, `on it`."""
    ms = round(1000 * apart_s)
    if not ms:
        return "on it"
    size = f"{abs(ms)} ms" if abs(ms) < 1000 else f"{abs(apart_s):.2f} s"
    return f"{size} {'late' if ms > 0 else 'early'}"


def instant(time_s: float, *, exact: bool = False) -> str:
    """A place on the clip's clock: `0:07`, `12:05`, `1:02:40`; with hundredths, `0:07.32`, if exact."""
    places = 2 if exact else 0
    whole = round(time_s * 10**places)
    seconds, rest = divmod(whole, 10**places)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    shown = f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
    return f"{shown}.{rest:02d}" if exact else shown


def _plain(value: float, *, signed: bool) -> str:
    size = abs(value)
    places = 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 3
    shown = f"{size:.{places}f}"
    if not float(shown):
        return "0.00"
    return f"{_MINUS if value < 0 else '+' if signed else ''}{shown}"
