"""The link by which a client reaches one booking.

Its token is derived from the booking, so that any later mail can carry it again although only
its digest is stored. A higher ``link_version`` makes another link.
"""

from practice.core import tokens
from practice.core.settings import settings
from practice.sessions.models import Appointment


def token_of(appointment: Appointment) -> str:
    """Return the 256-bit token that opens a booking's page."""
    return tokens.derived(
        "booking", appointment.practice_id, appointment.id, appointment.link_version
    )


def booking_link(appointment: Appointment) -> str:
    """Return the absolute address of a booking's page."""
    return f"{settings().base_url}/bookings/{token_of(appointment)}/"
