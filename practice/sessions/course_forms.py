"""What staff type about a course: all of it on one page, however many steps it has.

The names of the fields are the ways through the document, so that a fault finds its field:
``steps-3-after-0-min``. Numbers stay texts here; ``rules.course_writing`` reads them, and
``rules.course_checks`` says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length
from wtforms.widgets import HiddenInput

from practice.clients.rules.papers import ROUTE_NAMES, Route
from practice.people.forms import BaseForm, at_most
from practice.people.rules import has_hidden
from practice.sessions.catalog_forms import BoxesField
from practice.sessions.rules.course_checks import in_names
from practice.sessions.rules.course_differences import gate_name
from practice.sessions.rules.course_editing import (
    MOST_INSTALLMENTS,
    MOST_REVIEWS,
    MOST_WINDOWS,
)
from practice.sessions.rules.course_faults import MOST_STEPS, At, Fault
from practice.sessions.rules.course_words import step_names
from practice.sessions.rules.course_writing import BOOKED, TAKES_PLACE, Known

LONGEST_TITLE, LONGEST_REASON, LONGEST_TEXT, LONGEST_NAME = 120, 300, 200, 100


class NumberField(StringField):
    """A whole number as it was typed."""

    def __init__(self, label: str, **more: Any) -> None:
        keys = {"inputmode": "numeric", "autocomplete": "off", "size": "4"}
        super().__init__(label, render_kw=keys, **more)


class OneOfField(SelectField):
    """One of several, where also what is not among them any more is shown."""

    def __init__(self, label: str, **more: Any) -> None:
        super().__init__(label, validate_choice=False, **more)
        self.type = "SelectField"  # templates know by it that it is never empty

    def offer(self, choices: Mapping[str, str], *, gone: str) -> None:
        """Say what there is; a value that is none of it is shown as ``gone``."""
        has = {**choices}
        if self.data and self.data not in has:
            has = {self.data: gone, **has}
        self.choices = has


class ManyField(BoxesField):
    """Some of several boxes. What is none of them is for the checks to say."""

    def pre_validate(self, form: Any) -> None:
        pass


class BoundsForm(Form):
    """How far apart two sessions lie: recommended, and at most."""

    min = NumberField("At least")
    max = NumberField("At most")
    hard_min = NumberField("Never less than")
    hard_max = NumberField("Never more than")
    unit = OneOfField("In", choices={"days": "days", "hours": "hours"})


class WindowForm(BoundsForm):
    """One window of a step."""

    step = OneOfField("After")
    anchor = OneOfField("From its", choices={"end": "end", "start": "start"})


class StepForm(Form):
    """One step. Its key names it for good; kind follows from the service."""

    key = HiddenField()
    kind = HiddenField()
    service = OneOfField("Service")
    external = BooleanField("A visit to somebody outside: a date that you write down")
    after = FieldList(FormField(WindowForm), max_entries=MOST_WINDOWS)
    gates = ManyField("What has to be there first")


class SpanForm(Form):
    """How long the course may take from one of its steps to another."""

    limited = BooleanField("The course has to fit into so many days")
    first = OneOfField("From")
    last = OneOfField("To")
    max = NumberField("Recommended, in days")
    hard_max = NumberField("Never more, in days")


class ReviewForm(Form):
    """A point at which somebody decides."""

    after = OneOfField("After")
    by = OneOfField(
        "Who decides",
        choices={"prescriber": "Prescriber", "practitioner": "Practitioner"},
    )
    may = StringField("What they may decide", render_kw={"autocomplete": "off"})


class InstallmentForm(Form):
    """A part of the price."""

    pct = NumberField("Percent")
    when = OneOfField("Due", choices={BOOKED: "when booked", TAKES_PLACE: "on the day"})
    step = OneOfField("Session")


class BoostersForm(Form):
    """Single sessions after the course."""

    offered = BooleanField("Boosters are suggested after the course")
    service = OneOfField("Booster")
    integration_service = OneOfField("Integration after it")
    from_last_dosing = FormField(BoundsForm)
    integration_window = FormField(BoundsForm)
    prep_refresh_if_days_since_last_dosing_over = NumberField("Fresh preparation after, in days")
    prescriber_followup_every_days = NumberField("Prescriber follow-up every, in days")
    clearance_renewal_days = NumberField("Clearance renewed every, in days")
    typical_plan_days_after_dose_6 = StringField(
        "Usual days after the last dosing", render_kw={"autocomplete": "off"}
    )
    gates = ManyField("What has to be there first")


class CourseForm(BaseForm):
    """A whole course. ``version`` is the one that the form shows."""

    title = StringField(
        "Name",
        [
            InputRequired("Enter a name, like Low-dose lozenge course, six sessions"),
            at_most(LONGEST_TITLE),
        ],
    )
    route = OneOfField(
        "Route of the medicine", choices={each.value: ROUTE_NAMES[each] for each in Route}
    )
    package = StringField(
        "Price of the whole course in dollars",
        [Length(max=20, message="Enter a price like 3875.00")],
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )
    steps = FieldList(FormField(StepForm), max_entries=MOST_STEPS)
    span = FormField(SpanForm)
    review_points = FieldList(FormField(ReviewForm), max_entries=MOST_REVIEWS)
    boosters = FormField(BoostersForm)
    installments = FieldList(FormField(InstallmentForm), max_entries=MOST_INSTALLMENTS)
    add_service = OneOfField("New step")
    add_behind = OneOfField("Where")
    version = IntegerField(widget=HiddenInput())

    def tidied(self, given: MultiDict[str, str]) -> MultiDict[str, str]:
        """Leave out names of rows that no page of ours sends: they are counted in plain digits."""
        known = [
            (k, v) for k, v in given.items(multi=True) if k.isascii() and len(k) < LONGEST_NAME
        ]
        return super().tidied(MultiDict(known))

    def typed(self) -> dict[str, Any]:
        """Return all that was typed, in the shape that ``rules.course_writing`` reads."""
        data = {
            name: value
            for name, value in self.data.items()
            if name not in ("csrf_token", "version")
        }
        return {name: _without_none(value) for name, value in data.items()}

    def offer(self, services: Mapping[str, Known], gates: Mapping[str, str]) -> None:
        """Put what there is into the lists: services, gates, and the steps themselves."""
        names = step_names([each.form.data for each in self.steps])
        labels = {slug: each.label for slug, each in services.items() if each.is_offered}
        gone = {slug: each.label for slug, each in services.items() if not each.is_offered}
        boxes = {key: f"{gate_name(key)}: {meaning}" for key, meaning in gates.items()}
        for n, step in enumerate(self.steps):
            step.form.service.offer(
                labels, gone=f"{gone.get(step.form.service.data, 'Unknown')}, no longer offered"
            )
            step.form.gates.choices = boxes
            before = dict(list(names.items())[:n])
            for window in step.form.after:
                told = names.get(window.form.step.data)
                window.form.step.offer(
                    before, gone=f"{told}, which comes later" if told else "A step that is gone"
                )
        points = [
            *(row.form.after for row in self.review_points),
            *(row.form.step for row in self.installments),
            self.span.form.first,
            self.span.form.last,
        ]
        for point in points:
            point.offer(names, gone="A step that is gone")
        boosters = self.boosters.form
        boosters.gates.choices = boxes
        for field in (boosters.service, boosters.integration_service):
            field.offer(labels, gone="Unknown, no longer offered")
        self.add_service.choices = labels
        behind = {key: f"After {name[:1].lower()}{name[1:]}" for key, name in names.items()}
        self.add_behind.choices = {"": "At the end"} | behind

    def names(self) -> list[str]:
        """Return what each step is called, in order."""
        steps = [each.form.data for each in self.steps]
        found = step_names([{"key": str(n), "kind": s["kind"]} for n, s in enumerate(steps)])
        return list(found.values())

    def blame(self, faults: Iterable[Fault], document: Mapping[str, Any]) -> None:
        """Put each fault beside its field; what has none is said of the whole form."""
        for fault in faults:
            words, field = in_names(fault, document), self._field(fault.at)
            if field is None:
                self.form_errors.append(words)
            elif words not in field.errors:
                field.errors = [*field.errors, words]

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, each with the id of its field, or none, for the summary."""
        found = [("", str(words)) for words in self.form_errors]
        return found + [(_id(field), str(field.errors[0])) for field in _flat(self) if field.errors]

    def overtaken(self, words: str, version: int) -> None:
        """Say that somebody else was quicker; what is saved next is seen from their version."""
        self.form_errors.append(words)
        self.version.data, self.version.raw_data = version, None  # else the one that was sent

    @staticmethod
    def is_wrong(part: FormField[Any]) -> bool:
        """Say whether something is wrong somewhere in a part, however deep."""
        return any(field.errors for field in _flat(part.form))

    def _field(self, at: At) -> Field | None:
        name = "-".join(RENAMED.get(str(part), str(part)) for part in at if part != "pricing")
        return next((each for each in _flat(self) if each.name == (name or None)), None)

    def validate(self, extra_validators: Any = None) -> bool:
        """Look at what the form itself can judge; texts of rows as those of the whole."""
        good = super().validate(extra_validators)
        for field in _flat(self):
            if isinstance(field, StringField) and "-" in field.name:
                words = _unfit(field.data or "")
                if words:
                    field.errors, good = [words], False
        return good


class ChangeCourseForm(CourseForm):
    """One client's own course, and why it is to differ."""

    reason = TextAreaField(
        "Why this client’s course is to be different",
        [InputRequired("Say why, in a few words"), at_most(LONGEST_REASON)],
        render_kw={"rows": 3},
    )


RENAMED = {"from": "first", "to": "last", "due": "step", "package_cents": "package"}
"""What the form calls otherwise than the document."""


def _unfit(text: str) -> str:
    if has_hidden(text):
        return "Leave out characters that cannot be seen"
    return f"Use at most {LONGEST_TEXT} characters" if len(text) > LONGEST_TEXT else ""


def _flat(form: Any) -> list[Field]:
    """Return all fields that somebody fills in, in the order of the page."""
    found: list[Field] = []
    for field in form:
        if isinstance(field, FieldList):
            for row in field:
                found += _flat(row.form)
        elif isinstance(field, FormField):
            found += _flat(field.form)
        else:
            found.append(field)
    return found


def _id(field: Field) -> str:
    return f"{field.id}-0" if isinstance(field, ManyField) else str(field.id)


def _without_none(value: Any) -> Any:
    """Return what was typed with empty texts for what was not sent at all."""
    if isinstance(value, dict):
        return {name: _without_none(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_none(each) for each in value]
    return "" if value is None else value
