"""The entry point of a hosted space: what the host's environment says."""

from __future__ import annotations

import pytest

from demos.app import HOSTED, limits_of
from v2m.page.limits import LimitError


def test_the_environment_changes_what_it_names_and_nothing_else() -> None:
    assert limits_of({}) == HOSTED
    changed = limits_of({"V2M_UPLOAD_MB": "12.5", "V2M_WAITING": "3", "V2M_OTHER": "x", "HOME": "/"})
    assert (changed.upload_mb, changed.waiting, changed.clip_s) == (12.5, 3, HOSTED.clip_s)


@pytest.mark.parametrize("said", ["", "many", "-1", "0", "nan"])
def test_what_is_no_limit_is_told_in_a_line(said: str) -> None:
    with pytest.raises(LimitError):
        limits_of({"V2M_UPLOAD_MB": said})
