"""The errors that a person can mend: one line each, saying what is wrong and what to do."""


class V2MError(Exception):
    """Root of every error whose message is meant for the person at the keyboard.

    The command line prints the message as one line and exits non-zero; anything that
    is not a V2MError is a defect of ours and keeps its traceback.
    """


class ClipError(V2MError):
    """The clip cannot be read: not a media file, no picture, no frame that decodes."""


class StreamError(V2MError, ValueError):
    """A stream's arrays disagree with one another, or a stream file cannot be read."""


class MissingModelError(V2MError):
    """A model that was asked for by name is not on this machine."""
