"""What a test does on a machine that cannot run it: says so, and in CI that is a failure."""

import os
from typing import NoReturn

import pytest


def cannot_run(reason: str) -> NoReturn:
    """Skip with ``reason``, or fail with it under ``CI=true``, where everything must run."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
