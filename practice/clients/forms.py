"""What staff type about a client."""

from __future__ import annotations

from datetime import date
from typing import Any

from wtforms import BooleanField, HiddenField, IntegerField, RadioField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional, ValidationError

from practice.clients.rules.diagnoses import code_of
from practice.clients.rules.papers import (
    LONGEST_DETAIL,
    LONGEST_INTERVAL_DAYS,
    ROUTE_NAMES,
    RULES,
    PaperFacts,
    PaperKind,
    Route,
    what_is_wrong,
)
from practice.clients.rules.treatments import HELPED_WORDS, Helped
from practice.clients.service import Care, EmergencyContact, Tried
from practice.core.errors import Invalid
from practice.people.forms import (
    BaseForm,
    BirthDateField,
    DayField,
    EmailField,
    NameField,
    PhoneField,
    at_most,
)
from practice.people.rules import ClientDetails

SOMEBODY_ELSE = {"autocomplete": "off"}  # a browser would offer the details of who is typing
LONGEST_STORY = 4000
OUTCOMES = ("good", "bad")


class ClientForm(BaseForm):
    """How a client is reached. ``seen`` tells what was on file when the form was opened."""

    first_name = NameField("First name", missing="Enter the first name", render_kw=SOMEBODY_ELSE)
    last_name = NameField("Last name", missing="Enter the last name", render_kw=SOMEBODY_ELSE)
    email = EmailField("Email", missing="Enter an email address", render_kw=SOMEBODY_ELSE)
    phone = PhoneField("Mobile number", missing="Enter a mobile number", render_kw=SOMEBODY_ELSE)
    birth_on = BirthDateField("Birth date", whose="The client's")
    address = TextAreaField(
        "Home address",
        [Length(max=400, message="The address must be 400 characters or fewer")],
        render_kw=SOMEBODY_ELSE | {"rows": 3},
    )
    seen = HiddenField()

    def details(self) -> ClientDetails:
        return ClientDetails(
            first_name=self.first_name.data or "",
            last_name=self.last_name.data or "",
            email=self.email.data or "",
            phone=self.phone.data or "",
            birth_on=self.birth_on.data,
            address=self.address.data or "",
        )


class EmergencyForm(BaseForm):
    """Whom to call in an emergency. All empty: nobody is named."""

    name = NameField("Name", longest=120, render_kw=SOMEBODY_ELSE)
    relation = StringField(
        "Relation",
        [Length(max=80, message="The relation must be 80 characters or fewer")],
        render_kw=SOMEBODY_ELSE,
    )
    phone = PhoneField("Phone number", missing=None, render_kw=SOMEBODY_ELSE)
    seen = HiddenField()

    def validate_name(self, field: StringField) -> None:
        if not field.data and (self.relation.data or self.phone.data):
            raise ValidationError("Enter who it is")

    def validate_phone(self, field: StringField) -> None:
        if not field.data and self.name.data:
            raise ValidationError("Enter the number to call")

    def contact(self) -> EmergencyContact | None:
        if not self.name.data:
            return None
        return EmergencyContact(self.name.data, self.relation.data or "", self.phone.data or "")


class CareForm(BaseForm):
    """Why a client comes. Sealed, and seen by clinicians alone."""

    reason = TextAreaField(
        "Reason for care",
        [at_most(LONGEST_STORY)],
    )
    tried_before = TextAreaField(
        "Treatments tried before",
        [at_most(LONGEST_STORY)],
    )
    seen = HiddenField()

    def care(self) -> Care:
        return Care(self.reason.data or None, self.tried_before.data or None)


class DiagnosisForm(BaseForm):
    """A diagnosis by its code."""

    code = StringField(
        "Code",
        [InputRequired("Enter a code, like F33.1"), Length(max=10, message="A code is shorter")],
        render_kw=SOMEBODY_ELSE | {"list": "codes", "autocapitalize": "characters"},
    )
    dated_on = DayField("Diagnosed on", [InputRequired("Enter the date of the diagnosis")])
    is_primary = BooleanField("It is the primary diagnosis")

    def validate_code(self, field: StringField) -> None:
        try:
            field.data = code_of(field.data or "")
        except Invalid as wrong:
            raise ValidationError(wrong.message) from None


class MemberForm(BaseForm):
    """A client's number at their insurer."""

    member_id = StringField(
        "Member ID",
        [at_most(40)],
        render_kw=SOMEBODY_ELSE,
    )


class TreatmentForm(BaseForm):
    """One treatment that was tried before. Sealed, as the reason for care is."""

    what = StringField(
        "What was tried",
        [InputRequired("Enter what was tried"), at_most(200)],
        render_kw=SOMEBODY_ELSE,
    )
    when = StringField(
        "When",
        [at_most(120)],
        render_kw=SOMEBODY_ELSE,
    )
    helped = RadioField(
        "Did it help?",
        choices={each.value: words for each, words in HELPED_WORDS.items()},
        validators=[InputRequired("Choose whether it helped")],
    )
    effect = TextAreaField(
        "What it did", [Length(max=1000, message="Use at most 1,000 characters")]
    )

    def tried(self) -> Tried:
        return Tried(
            self.what.data or "",
            self.when.data or None,
            Helped(self.helped.data),
            self.effect.data or None,
        )


class InvitationsForm(BaseForm):
    """Whether a client's mails reach into their calendar: chosen, or left to the practice."""

    wants = RadioField(
        "Invitations by mail",
        choices={
            "practice": "As the practice does",
            "yes": "Put appointments into their calendar",
            "no": "Leave their calendar alone",
        },
        validators=[InputRequired("Choose whether they are invited")],
    )

    @property
    def wanted(self) -> bool | None:
        return INVITED[self.wants.data]


INVITED = {"practice": None, "yes": True, "no": False}


class PaperForm(BaseForm):
    """One paper of ``kind``, with what papers of its kind say beside their dates.

    ``session_on`` is the local date of the one session that it is for.
    """

    route = RadioField(
        "Route",
        choices={route.value: ROUTE_NAMES[route] for route in Route},
        validators=[InputRequired("Choose the route that the clearance is for")],
    )
    result = RadioField(
        "Outcome",
        validators=[InputRequired("Choose the outcome"), AnyOf(OUTCOMES, "Choose the outcome")],
        validate_choice=False,
    )
    person = NameField("Name", missing="Enter who takes the client home", render_kw=SOMEBODY_ELSE)
    phone = PhoneField("Phone number", missing="Enter their number", render_kw=SOMEBODY_ELSE)
    dated_on = DayField(
        "Date on the paper", [InputRequired("Enter the date that stands on the paper")]
    )
    valid_until = DayField("Valid until", [Optional()])
    labs_every_days = IntegerField(
        "Liver panel, at most so many days old",
        [
            Optional(),
            NumberRange(
                1,
                LONGEST_INTERVAL_DAYS,
                message=f"Enter a number of days between 1 and {LONGEST_INTERVAL_DAYS}",
            ),
        ],
        render_kw={"inputmode": "numeric"},
    )
    detail = StringField(
        "Note",
        [at_most(LONGEST_DETAIL)],
        render_kw=SOMEBODY_ELSE,
    )

    def __init__(self, kind: PaperKind, *, today: date, session_on: date | None = None) -> None:
        super().__init__()
        self.kind, self.today, self.session_on = kind, today, session_on
        self.rule = rule = RULES[kind]
        is_clearance = kind is PaperKind.MEDICAL_CLEARANCE
        for name, wanted in {
            "route": is_clearance,
            "labs_every_days": is_clearance,
            "result": rule.results is not None,
            "person": rule.names_person,
            "phone": rule.names_person,
            "valid_until": session_on is None and kind is not PaperKind.RISK_FLAG,
        }.items():
            if not wanted:
                del self[name]
        if rule.results is not None:
            self.result.choices = list(zip(OUTCOMES, rule.results, strict=True))
        if rule.about:
            self.detail.label.text = rule.about

    @property
    def day(self) -> date:
        """The day that was typed; before anything was, the day that the form shows."""
        return self.dated_on.data or self.today

    @property
    def until(self) -> date | None:
        return self.valid_until.data if "valid_until" in self else None

    def facts(self) -> PaperFacts:
        """What it says beside its kind and dates."""
        return PaperFacts(
            route=Route(self.route.data) if "route" in self else None,
            is_good=self.result.data == OUTCOMES[0] if "result" in self else True,
            labs_every_days=self.labs_every_days.data if "labs_every_days" in self else None,
            detail=self.detail.data or None,
            person=self.person.data if "person" in self else None,
            phone=self.phone.data if "phone" in self else None,
        )

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        wrong = what_is_wrong(
            self.kind,
            dated_on=self.day,
            valid_until=self.until,
            today=self.today,
            facts=self.facts(),
            session_on=self.session_on,
        )
        if wrong:
            self[wrong.field].errors = [wrong.words]
        return wrong is None
