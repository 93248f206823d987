"""Reading services, free times and appointments. Nothing here writes."""

from practice.sessions.queries.appointments import (
    between,
    by_link,
    find_by_form,
    get_appointment,
    of_client,
    on_day,
)
from practice.sessions.queries.services import get_service, offered_by, services
from practice.sessions.queries.times import Look, Start, free_times, look_at

__all__ = [
    "Look",
    "Start",
    "between",
    "by_link",
    "find_by_form",
    "free_times",
    "get_appointment",
    "get_service",
    "look_at",
    "of_client",
    "offered_by",
    "on_day",
    "services",
]
