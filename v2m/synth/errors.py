"""What is wrong with a patch."""

from encoders.errors import V2MError


class SynthError(V2MError, ValueError):
    """A patch of the synthesizer is missing, or is not one."""
