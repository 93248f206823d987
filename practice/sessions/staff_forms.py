"""What staff type about sessions, and what the addresses of their pages ask for."""

from __future__ import annotations

import re
from uuid import UUID

from wtforms import HiddenField, IntegerField, RadioField, TextAreaField
from wtforms.form import BaseForm as AnyForm
from wtforms.validators import InputRequired, Optional, StopValidation
from wtforms.widgets import HiddenInput

from practice.billing.forms import METHODS, AmountField, PriceField
from practice.billing.service.fees import LONGEST_WHY as LONGEST_WAIVER
from practice.calendar.forms import WholeField
from practice.clients.rules.papers import LONGEST_DETAIL
from practice.core.errors import Invalid, NotFound
from practice.people.forms import BaseForm, at_most
from practice.people.public_face import read_origins
from practice.people.seen import SeenForm
from practice.sessions.forms import InstantField
from practice.sessions.service.booking import LONGEST_REASON
from practice.sessions.service.requests import LONGEST_WHY

__all__ = ["AmountField", "PriceField"]  # others take them from here

MOST_IN_A_SERIES = 26
LONGEST_NOTE = 4000

LONGEST_WORDS = 4000


class TimeForm(BaseForm):
    """A time that was chosen; comes by the address, since choosing changes nothing."""

    class Meta(BaseForm.Meta):
        csrf = False

    start = InstantField("Time")


class BookForm(BaseForm):
    """The last look before a session is booked or moved.

    ``sequence`` tells which version of a session is moved. ``reason`` is asked for outside the
    limits of a course alone. ``pays`` is what the page said that it asks for, in cents.
    """

    sequence = IntegerField(widget=HiddenInput())
    pays = IntegerField(widget=HiddenInput(), validators=[Optional()])
    reason = TextAreaField(
        "Why is this right for this client?",
        [at_most(LONGEST_REASON)],
        render_kw={"rows": 3},
    )


class SeriesForm(BaseForm):
    """How often a session comes again; comes by the address, since looking changes nothing."""

    class Meta(BaseForm.Meta):
        csrf = False

    times = WholeField("How many sessions", least=2, most=MOST_IN_A_SERIES, default=6)
    every = WholeField("Every how many weeks", least=1, most=12, default=1)


class AnswerForm(BookForm):
    """Saying yes to what a client asked for: at which time."""

    start = InstantField("Time")


class DeclineForm(BaseForm):
    """Saying no, with words for the client."""

    why = TextAreaField(
        "What do we tell the client?",
        [InputRequired("Write what the client should know"), at_most(LONGEST_WHY)],
        render_kw={"rows": 3},
    )


class PassForm(BaseForm):
    """Why a gate is passed without its proof. Kept for ever."""

    reason = TextAreaField(
        "Why is it right to go on without it?",
        [InputRequired("Write down why"), at_most(LONGEST_REASON)],
        render_kw={"rows": 3},
    )


class WaiveForm(BaseForm):
    """Why a fee is waived. It stands on the credit note, if there is one."""

    reason = TextAreaField(
        "Why is it waived?",
        [InputRequired("Write down why"), at_most(LONGEST_WAIVER)],
        render_kw={"rows": 3},
    )


class HoldForm(BaseForm):
    """Why a session is stopped on its day. It goes on the chart."""

    reason = TextAreaField(
        "Why is it held?",
        [InputRequired("Write down why"), at_most(LONGEST_DETAIL)],
        render_kw={"rows": 3},
    )


class NoteForm(BaseForm):
    """What everybody who runs the day should know. ``seen`` is the note that the page showed."""

    text = TextAreaField(
        "Note to this session",
        [at_most(LONGEST_NOTE)],
        render_kw={"rows": 4},
    )
    seen = HiddenField()


class CancelForm(BaseForm):
    """The last look before a session is cancelled."""

    sequence = IntegerField(validators=[InputRequired()], widget=HiddenInput())


class PaymentForm(BaseForm):
    """Money handed over at the visit. ``payment_id`` makes a second click harmless."""

    amount = AmountField("Amount in dollars", render_kw={"inputmode": "decimal"})
    method = RadioField(
        "How it was paid",
        choices={method.value: words for method, words in METHODS.items()},
        validators=[InputRequired("Choose how it was paid")],
    )
    payment_id = HiddenField()

    def checked_id(self) -> UUID:
        return read_uuid(self.payment_id.data or "")


class OriginsField(TextAreaField):
    """Websites, one a line; ``origins`` is how browsers name them."""

    origins: list[str]

    def pre_validate(self, form: AnyForm) -> None:  # noqa: ARG002  # WTForms hands it over
        try:
            self.origins = read_origins(self.data or "")
        except Invalid as wrong:
            raise StopValidation(wrong.message) from None


class OriginsForm(SeenForm):
    """Which websites may show the booking button's page in a frame."""

    origins = OriginsField("Websites that may show it", render_kw={"rows": 4})


class OwnWordsForm(SeenForm):
    """What the practice says itself to people who wonder whether this is right for them."""

    words = TextAreaField(
        "Your own words",
        [at_most(LONGEST_WORDS)],
        render_kw={"rows": 12},
    )


def read_uuid(text: str) -> UUID:
    """Read an id from an address or a hidden field.

    Raises:
        NotFound: for anything that is none, as for an id of nothing.
    """
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        raise NotFound("There is nothing at this address.")
    return UUID(text)
