"""Sample clips made by code, each with its ground truth: no licence to ask, no download to wait for.

    python -m demos.make film -o film.mp4

draws a clip; `demos.make.make` is the same as a function, and gives the `Truth` of what it drew.
This package is run from a checkout, is not in the wheel, and nothing in v2m imports it.
"""
