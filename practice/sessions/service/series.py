"""Several sessions of one kind booked together: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from practice.audit.rules import Actor
from practice.core.errors import Conflict
from practice.outbox import service as outbox
from practice.people.models import Client
from practice.sessions.models import Appointment, Service
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.service import booking
from practice.sessions.service.late import CostsOtherwise


class SeriesBroken(Conflict):
    """One of the sessions cannot be had; ``starts_at`` says which."""

    def __init__(self, starts_at: datetime, why: str) -> None:
        super().__init__(why)
        self.starts_at = starts_at


def book_all(
    client: Client,
    service: Service,
    starts: Iterable[datetime],
    *,
    modality: Modality,
    by: Actor,
    override_reason: str | None = None,
    covered: int | None = None,
) -> list[Appointment]:
    """Book a session at every one of these starts, or none; the client gets one mail of all.

    Call inside ``transaction()``. Each is looked at by the same rules as a single one, with the
    others before it in the book. ``override_reason`` is kept with those that need one. ``covered``
    is how many of the dates the page said are paid with what was bought ahead.

    Raises:
        SeriesBroken: for the first one that cannot be had.
        CostsOtherwise: if it is another number by now.
        NotAllowed: with a reason of somebody who may not override.
    """
    made: list[Appointment] = []
    for starts_at in sorted(set(starts)):
        try:
            made.append(
                booking.book(
                    client,
                    service,
                    starts_at=starts_at,
                    modality=modality,
                    by=by,
                    override_reason=override_reason,
                    tells=False,
                )
            )
        except (
            booking.SlotTaken,
            booking.NotOffered,
            booking.WindowBroken,
            booking.GatesClosed,
        ) as refused:
            raise SeriesBroken(starts_at, refused.message) from refused
    if covered is not None and covered != sum(each.sale_id is not None for each in made):
        raise CostsOtherwise(
            "What was bought ahead pays for another number of these sessions by now. "
            "Look at the price again. Nothing was booked."
        )
    if made:
        outbox.post(
            "booked-series",
            key=f"booked-series:{made[0].id}",
            to=client.email,
            about_id=made[0].id,
            client_id=client.id,
            facts={"bookings": [str(each.id) for each in made]},
        )
    return made
