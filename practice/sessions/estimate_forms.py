"""What is typed to ask for an estimate."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import SelectField

from practice.people.forms import BaseForm
from practice.sessions.catalog_forms import WholeField
from practice.sessions.models import Service
from practice.sessions.service.estimates import MOST

BOOKED = "booked"


class EstimateForm(BaseForm):
    """What an estimate is about: all that is booked, or some sessions of a service."""

    service = SelectField("What it is about")
    count = WholeField("How many sessions", least=1, most=MOST)

    def offer(self, services: Iterable[Service]) -> None:
        """Let any service that costs something be chosen."""
        charged = [each for each in services if each.price and each.billed_by_practice]
        self.service.choices = [
            (BOOKED, "What is booked"),
            *((str(each.id), f"{each.label}, {each.price}") for each in charged),
        ]
        self.count.data = self.count.data or "1"
