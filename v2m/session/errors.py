"""What can go wrong with a session."""

from __future__ import annotations

from encoders.errors import V2MError


class SessionError(V2MError):
    """A session's folder or one of its files is not as it must be; one line says which and why."""


class CancelledError(V2MError):
    """The work was called off; everything finished before that is kept."""
