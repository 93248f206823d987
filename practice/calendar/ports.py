"""What the calendar asks of the treatment, which it may not know."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from practice.calendar.rules.week import WeekEvent
from practice.calendar.service.entries import EntryFacts
from practice.core.ports import Port

sessions_between: Port[[datetime, datetime], Sequence[WeekEvent]] = Port(
    "calendar.sessions_between"
)
"""What starts in ``[first_at, past_at)``, as the week page shows it."""

session_now: Port[[UUID], EntryFacts | None] = Port("calendar.session_now")
"""A session as it stands, cancelled or not, with all that it takes; ``None`` for a mere hold."""

entries_of: Port[[UUID, datetime, datetime], Sequence[EntryFacts]] = Port("calendar.entries_of")
"""The live sessions that somebody holds in ``[first_at, past_at)``, as feeds show them."""

let_go: Port[[Sequence[UUID]], bool] = Port("calendar.let_go")
"""Release those of some holders that are past their end; whether anything came free by it."""
