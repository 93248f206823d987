"""The page on which a whole course is typed, for templates and for one client's own copy.

Every button sends the whole form, so that nothing that was typed is lost, and the page works
without scripts. With them the drawing follows the typing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import render_template, request

from practice.sessions.course_forms import CourseForm
from practice.sessions.queries.course_templates import known_gates, known_services
from practice.sessions.rules import course_editing, courses
from practice.sessions.rules.course_checks import checks, in_names
from practice.sessions.rules.course_drawing import Drawing, draw
from practice.sessions.rules.course_writing import Known, document_of, typed_of, written
from practice.sessions.service.course_templates import FaultyCourse

F = TypeVar("F", bound=CourseForm)
MORE_DOSINGS = "more-dosings"


@dataclass(frozen=True, slots=True)
class Editor:
    """What the editor of one course works with.

    ``before`` is the document as it is kept; ``settled`` are the keys of steps that are booked or
    held, which stay what they are.
    """

    before: Mapping[str, Any]
    services: Mapping[str, Known]
    gates: Mapping[str, str]
    settled: Collection[str] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any], *, settled: Collection[str] = ()) -> Editor:
        """Return the editor of a document, with the services that the practice has."""
        return cls(document, known_services(), known_gates(), settled)

    def document(self, form: CourseForm) -> dict[str, Any]:
        """Return the document that was typed. It may be faulty."""
        return document_of(form.typed(), onto=self.before, services=self.services)

    def faults(self, document: Mapping[str, Any]) -> list[Any]:
        return checks(document, services=self.services, gates=self.gates, settled=self.settled)

    def drawing(self, document: Mapping[str, Any]) -> Drawing:
        labels = {slug: each.label for slug, each in self.services.items()}
        return draw(document, labels=labels)


def pressed(form: F, editor: Editor) -> tuple[F, str] | None:
    """Do what a button inside the form says; ``None`` if none of those was pressed.

    Returns:
        the form as it is then, and the key of the step to open.
    """
    deed = request.form.get("do", "")
    if not deed:
        return None
    if deed == MORE_DOSINGS:
        return _with_one_more_dosing(form, editor)
    typed, key = course_editing.do(form.typed(), deed, editor.services)
    return refilled(form, typed), key


def refilled(form: F, typed: Mapping[str, Any]) -> F:
    """Return a form of the same kind that holds what was typed."""
    more = {name: form[name].data for name in ("version", "reason") if name in form}
    return type(form)(formdata=None, data={**typed, **more})


def filled(kind: type[F], document: Mapping[str, Any], version: int) -> F:
    """Return a form that shows a document as it is kept."""
    return kind(formdata=None, data={**typed_of(document), "version": version})


def _with_one_more_dosing(form: F, editor: Editor) -> tuple[F, str]:
    """Add a dosing like the last one, if the course can be read as it stands."""
    document = editor.document(form)
    found = editor.faults(document)
    if found or not any(step["kind"] == "dosing" for step in document["steps"]):
        form.blame(found, document)
        return form, ""
    kinds = {slug: each.kind for slug, each in editor.services.items()}
    longer = courses.with_more_dosings(
        courses.read(document, services=kinds, gates=editor.gates), 1
    )
    added = {each["key"] for each in document["steps"]}
    key = next(each.key for each in longer.steps if each.key not in added)
    return refilled(form, typed_of(written(longer, onto=document))), key


def wants_to_look() -> bool:
    """Say whether only the drawing was asked for."""
    return "look" in request.form


def page(template: str, form: CourseForm, editor: Editor, *, opened: str = "", **more: Any) -> str:
    """Draw the page of the editor; only the drawing itself where a script asks for it alone."""
    form.offer(editor.services, editor.gates)
    document = editor.document(form)
    found = editor.faults(document)
    alone = wants_to_look() and request.headers.get("Sec-Fetch-Dest") == "empty"
    return render_template(
        "sessions/courses/preview.html" if alone else template,
        form=form,
        drawing=editor.drawing(document),
        faults=list(dict.fromkeys(in_names(each, document) for each in found)),
        names=form.names(),
        keys=[each.form.key.data for each in form.steps],
        labels={slug: each.label for slug, each in editor.services.items()},
        settled=editor.settled,
        opened=opened,
        **more,
    )


def refuse(form: CourseForm, editor: Editor, refused: FaultyCourse) -> None:
    """Put what was refused beside the fields that it is about."""
    form.blame(refused.faults, editor.document(form))
