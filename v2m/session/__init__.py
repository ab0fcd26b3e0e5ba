"""Editable score sessions: a folder in which every stage's result is a file that a person can change.

session = open_session("clip.mp4")              # makes clip.v2m/
render_session(session)                         # fills it
...                                             # edit clip.v2m/plan.json
render_session(load_session("clip.v2m"))        # makes anew what that touches, and nothing else
regenerate(session, "melody", "9-16")           # another tune in these bars
"""

from v2m.session.errors import CancelledError, SessionError
from v2m.session.exporting import export_session
from v2m.session.session import (
    RenderResult,
    Session,
    SessionStatus,
    StageMade,
    StageStatus,
    load_session,
    open_session,
    regenerate,
    render_session,
    review_session,
    session_folder,
    session_status,
)
from v2m.session.settings import Settings
from v2m.session.stages import NAMES as STAGES

__all__ = [
    "STAGES",
    "CancelledError",
    "RenderResult",
    "Session",
    "SessionError",
    "SessionStatus",
    "Settings",
    "StageMade",
    "StageStatus",
    "export_session",
    "load_session",
    "open_session",
    "regenerate",
    "render_session",
    "review_session",
    "session_folder",
    "session_status",
]
