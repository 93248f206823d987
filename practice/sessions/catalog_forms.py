"""What staff type about services and the terms of cancelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from wtforms import (
    BooleanField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.form import BaseForm as AnyForm
from wtforms.validators import DataRequired, InputRequired, StopValidation
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from practice.billing.rules import prices
from practice.billing.rules.prices import Asked, PriceWay
from practice.clients.rules.papers import ROUTE_NAMES, Route
from practice.core.errors import Invalid
from practice.core.money import Money
from practice.people.forms import BaseForm, at_most
from practice.sessions.models import Service
from practice.sessions.rules import offered as bounds
from practice.sessions.rules.for_clients import KIND_WORDS
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, Modality, SessionKind
from practice.sessions.rules.offered import ROLES, STEP_MINUTES, WAYS, Offered
from practice.sessions.rules.policies import (
    LONGEST_GRACE_MINUTES,
    LONGEST_NOTICE_HOURS,
    MOST_TIERS,
    Late,
    Policy,
    Tier,
)

LONGEST_LABEL, LONGEST_ABOUT = 120, 500


class WholeField(StringField):
    """A whole number, typed in plain digits; ``number`` is what was read.

    Empty is ``None`` where ``optional``.
    """

    number: int | None

    def __init__(
        self,
        label: str,
        *,
        least: int,
        most: int,
        step: int = 1,
        optional: bool = False,
        **more: Any,
    ) -> None:
        keys = {"inputmode": "numeric", "autocomplete": "off"} | more.pop("render_kw", {})
        super().__init__(label, render_kw=keys, **more)
        self.least, self.most, self.step, self.optional = least, most, step, optional
        self.number = None

    def pre_validate(self, form: AnyForm) -> None:  # noqa: ARG002  # WTForms hands it over
        text, name = self.data or "", self.label.text
        if not text and self.optional:
            return
        if not text:
            raise StopValidation(f"Enter a number for {name[:1].lower()}{name[1:]}")
        number = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None
        if number is None or not self.least <= number <= self.most:
            raise StopValidation(f"{name} must be between {self.least} and {self.most}")
        if number % self.step:
            raise StopValidation(f"{name} must be in steps of {self.step}")
        self.number = number


class PriceField(StringField):
    """A price of nothing or more, written as ``175`` or ``175.00``; ``minor`` is in cents."""

    minor: int

    def pre_validate(self, form: AnyForm) -> None:  # noqa: ARG002  # WTForms hands it over
        found = re.fullmatch(r"([0-9]{1,5})(?:\.([0-9]{2}))?", self.data or "")
        if found is None:
            raise StopValidation("Enter a price like 175.00, or 0 for a free session")
        self.minor = int(found[1]) * 100 + int(found[2] or 0)


class PartField(StringField):
    """A part of a price: ``100.00`` or ``25%``; empty is all of it. ``part`` is what was read."""

    part: Asked | None = None

    def pre_validate(self, form: AnyForm) -> None:  # noqa: ARG002  # WTForms hands it over
        text = (self.data or "").strip()
        if not text:
            self.part = None
        elif found := re.fullmatch(r"([0-9]{1,5})(?:\.([0-9]{2}))?", text):
            self.part = Asked(PriceWay.AMOUNT, int(found[1]) * 100 + int(found[2] or 0))
        elif (found := re.fullmatch(r"([0-9]{1,3}) ?%", text)) and int(found[1]) <= 100:
            self.part = Asked(PriceWay.PERCENT, int(found[1]))
        else:
            raise StopValidation("Enter an amount like 100.00, or a percentage from 0% to 100%")

    def show(self, asked: Asked | None) -> None:
        """Fill the field with what is asked."""
        if asked is None:
            self.data = ""
        elif asked.way is PriceWay.PERCENT:
            self.data = f"{asked.value}%"
        else:
            self.data = f"{asked.value // 100}.{asked.value % 100:02d}"


class BoxesField(SelectMultipleField):
    """Some of several boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: AnyForm) -> None:
        if self.data and not set(self.data) <= set(self.choices or ()):
            raise StopValidation("Choose from what is listed")
        super().pre_validate(form)


def _minutes(label: str, *, least: int, most: int) -> WholeField:
    return WholeField(label, least=least, most=most, step=STEP_MINUTES)


class ServiceForm(BaseForm):
    """One service. ``version`` is the one that the form shows; kind and route are for new ones."""

    kind = SelectField(
        "Kind of session",
        choices={"": "Choose"} | {kind.value: KIND_WORDS[kind] for kind in SessionKind},
        validators=[DataRequired("Choose the kind of session")],
    )
    route = SelectField(
        "Route of the medicine",
        choices={"": "None"} | {route.value: ROUTE_NAMES[route] for route in Route},
    )
    label = StringField(
        "Name",
        [InputRequired("Enter a name, like Preparation session, 60 min"), at_most(LONGEST_LABEL)],
    )
    about = TextAreaField(
        "What it is for",
        [at_most(LONGEST_ABOUT)],
        render_kw={"rows": 3},
    )
    minutes = _minutes(
        "Length in minutes", least=bounds.SHORTEST_MINUTES, most=bounds.LONGEST_MINUTES
    )
    buffer_before = _minutes(
        "Set-up before, in minutes", least=0, most=bounds.LONGEST_BUFFER_MINUTES
    )
    buffer_after = _minutes(
        "Turnover after, in minutes", least=0, most=bounds.LONGEST_BUFFER_MINUTES
    )
    notice_hours = WholeField("Notice in hours", least=0, most=bounds.LONGEST_NOTICE_HOURS)
    price = PriceField("Price in dollars", render_kw={"inputmode": "decimal"})
    paid = RadioField(
        "How it is paid",
        choices={
            "online": "Online, when it is booked (where cards are set up)",
            "visit": "At the visit",
        },
        default="online",
        validators=[InputRequired("Choose how it is paid")],
    )
    deposit = PartField("Due when booking")
    first_deposit = PartField("For a first visit")
    billed_by_practice = BooleanField("The practice bills for it", default=True)
    modalities = BoxesField(
        "Where it is given", choices={way.value: words for way, words in WAYS.items()}
    )
    roles = BoxesField("Who is needed", choices=ROLES)
    needs_room = BooleanField("In person it needs the room")
    code = StringField("Code in calendars")
    position = WholeField("Place in the list", least=1, most=bounds.MOST_POSITION)
    version = IntegerField(widget=HiddenInput())

    def show(self, service: Service) -> None:
        """Fill the form with a service, whose kind and route are settled."""
        data = {
            "kind": service.kind.value,
            "route": service.route.value if service.route else "",
            "label": service.label,
            "about": service.about,
            "minutes": str(service.minutes),
            "buffer_before": str(service.buffer_before_minutes),
            "buffer_after": str(service.buffer_after_minutes),
            "notice_hours": str(service.notice_hours),
            "price": f"{service.price.minor // 100}.{service.price.minor % 100:02d}",
            "paid": "visit" if service.pay_at_visit else "online",
            "billed_by_practice": service.billed_by_practice,
            "modalities": list(service.modalities),
            "roles": list(service.needs_roles),
            "needs_room": service.needs_room,
            "code": service.code,
            "position": str(service.position),
            "version": service.version,
        }
        for name, value in data.items():
            self[name].data = value
        asked = service.asked
        self.deposit.show(asked)
        self.first_deposit.show(asked.first if asked else None)

    def settle(self, service: Service) -> None:
        """Take kind and route from the service itself: they are not the form's to change."""
        self.kind.data = service.kind.value
        self.route.data = service.route.value if service.route else ""

    def validate_code(self, field: StringField) -> None:
        field.data = (field.data or "").upper()
        if not bounds.CODE.fullmatch(field.data):
            raise StopValidation("Enter one to three letters or digits, like P")

    def validate_modalities(self, field: BoxesField) -> None:
        if not field.data:
            raise StopValidation("Choose in person, video, or both")

    def validate_roles(self, field: BoxesField) -> None:
        if not field.data:
            raise StopValidation("Choose who holds the session")

    def validate_first_deposit(self, field: PartField) -> None:
        if field.part is not None and self.deposit.part is None:
            raise StopValidation("Say what is due when booking otherwise, too")

    def validate_route(self, field: SelectField) -> None:
        gives_medicine = self.kind.data in {kind.value for kind in GIVES_MEDICINE}
        if gives_medicine and not field.data:
            raise StopValidation("Choose the route that the prescriber’s go-ahead has to name")
        if not gives_medicine:
            field.data = ""

    def offered(self, currency: str) -> Offered:
        """Return what was typed, once it is checked."""
        return Offered(
            kind=SessionKind(self.kind.data),
            label=self.label.data or "",
            about=self.about.data or "",
            code=self.code.data or "",
            minutes=self.minutes.number or 0,
            buffer_before_minutes=self.buffer_before.number or 0,
            buffer_after_minutes=self.buffer_after.number or 0,
            price=Money(self.price.minor, currency),
            modalities=tuple(way for way in WAYS if way.value in (self.modalities.data or ())),
            needs_room=bool(self.needs_room.data) and Modality.IN_PERSON in self._ways,
            needs_roles=tuple(role for role in ROLES if role in (self.roles.data or ())),
            route=Route(self.route.data) if self.route.data else None,
            notice_hours=self.notice_hours.number or 0,
            billed_by_practice=bool(self.billed_by_practice.data),
            pay_at_visit=self.paid.data == "visit",
            deposit=self._asked,
            position=self.position.number or 1,
        )

    @property
    def _asked(self) -> dict[str, Any]:
        asked = self.deposit.part
        return prices.as_terms(replace(asked, first=self.first_deposit.part) if asked else None)

    @property
    def _ways(self) -> set[Modality]:
        return {way for way in WAYS if way.value in (self.modalities.data or ())}


def _hours(step: int) -> WholeField:
    label = f"Step {step}, hours of notice"
    return WholeField(label, least=0, most=LONGEST_NOTICE_HOURS, optional=True)


def _percent(step: int) -> WholeField:
    return WholeField(f"Step {step}, percent of the price", least=0, most=100, optional=True)


class PolicyForm(BaseForm):
    """The terms of cancelling, as rows of notice and fee, and the services that they are for."""

    hours_0, percent_0 = _hours(1), _percent(1)
    hours_1, percent_1 = _hours(2), _percent(2)
    hours_2, percent_2 = _hours(3), _percent(3)
    hours_3, percent_3 = _hours(4), _percent(4)
    hours_4, percent_4 = _hours(5), _percent(5)
    no_show = WholeField("Fee for a session that is missed, in percent", least=0, most=100)
    grace = WholeField(
        "How many minutes late is still in time", least=0, most=LONGEST_GRACE_MINUTES
    )
    late = RadioField(
        "Later than that",
        choices={
            Late.CANNOT_START.value: "The session cannot start and counts as cancelled",
            Late.IS_SHORTENED.value: "The session is shorter and ends on time",
        },
        validators=[InputRequired("Choose what happens to somebody who comes late")],
    )
    services = BoxesField("Which sessions these terms are for")

    @property
    def rows(self) -> list[tuple[WholeField, WholeField]]:
        return [(self[f"hours_{n}"], self[f"percent_{n}"]) for n in range(MOST_TIERS)]

    def offer(self, services: Iterable[Service]) -> None:
        self.services.choices = {str(each.id): each.label for each in services}

    def show(self, policy: Policy, service_ids: Iterable[UUID]) -> None:
        """Fill the form with terms, and the services that have them."""
        for (hours, percent), tier in zip(self.rows, policy.tiers, strict=False):
            hours.data, percent.data = str(tier.notice_hours), str(tier.percent)
        self.no_show.data = str(policy.no_show_percent)
        self.grace.data = str(policy.late_grace_minutes)
        self.late.data = policy.late.value
        self.services.data = [str(each) for each in service_ids]

    def validate_services(self, field: BoxesField) -> None:
        if not field.data:
            raise StopValidation("Choose at least one kind of session")

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        for hours, percent in self.rows:
            if (hours.number is None) != (percent.number is None):
                empty = hours if hours.number is None else percent
                empty.errors = ["Fill in both, or leave both empty"]
                return False
        try:
            self.policy()
        except Invalid as wrong:
            self.rows[0][0].errors = [wrong.message]
            return False
        return True

    def policy(self) -> Policy:
        """Return the terms that were typed. Rows may stand in any order; empty ones are nothing.

        Raises:
            Invalid: if they contradict themselves.
        """
        tiers = [
            Tier(hours.number, percent.number)
            for hours, percent in self.rows
            if hours.number is not None and percent.number is not None
        ]
        return Policy(
            tiers=tuple(sorted(tiers, key=lambda tier: -tier.notice_hours)),
            no_show_percent=self.no_show.number or 0,
            late_grace_minutes=self.grace.number or 0,
            late=Late(self.late.data),
        )

    def chosen(self, services: Sequence[Service]) -> list[Service]:
        """Return the services that were ticked."""
        ticked = set(self.services.data or ())
        return [each for each in services if str(each.id) in ticked]
