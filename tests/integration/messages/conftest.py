"""The practice of the sessions' tests, with the browsers of its staff."""

from tests.integration.sessions.conftest import practice, therapist, time
from tests.integration.sessions.staff.conftest import alex, browser, owner, signed_in

__all__ = ["alex", "browser", "owner", "practice", "signed_in", "therapist", "time"]
