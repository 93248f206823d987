"""What a course has to be besides well formed, before anybody may be booked by it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from practice.clients.rules.papers import Route
from practice.sessions.rules import courses
from practice.sessions.rules.course_faults import Fault
from practice.sessions.rules.course_words import step_names
from practice.sessions.rules.course_writing import Known
from practice.sessions.rules.lifecycle import GIVES_MEDICINE

NEVER_WITHOUT = {
    "consent_ketamine": "every session with medicine asks for the consent to ketamine",
    "medical_clearance": "every session with medicine asks for the medical clearance",
}
"""The gates that nobody can take off a dosing."""

DECIDE = ("prescriber", "practitioner")
"""Who may be named at a review point."""


def checks(
    document: Mapping[str, Any],
    *,
    services: Mapping[str, Known],
    gates: Collection[str],
    settled: Collection[str] = (),
) -> list[Fault]:
    """List all that is wrong with a course that somebody wants to keep.

    Args:
        document: a template, or a client's copy of one.
        services: what is known of the practice's services, by slug.
        gates: the keys of the gates that there are.
        settled: the keys of steps that are booked or held: what they are of is done.
    """
    kinds = {slug: each.kind for slug, each in services.items()}
    found = courses.review(document, services=kinds, gates=gates)
    if any(not isinstance(step, Mapping) for step in document.get("steps") or ()):
        return found
    found += _of_the_whole(document)
    return [*found, *_of_steps(document, services, settled), *_of_boosters(document, services)]


def _of_the_whole(document: Mapping[str, Any]) -> Iterator[Fault]:
    if document.get("route") not in [*Route]:
        yield Fault("the course", f"there is no route {document.get('route')}", ("route",))
    for n, point in enumerate(document.get("review_points") or ()):
        if point.get("by") not in DECIDE:
            words = f"a review is by the {' or the '.join(DECIDE)}"
            yield Fault("a review point", words, ("review_points", n, "by"))


def _of_steps(
    document: Mapping[str, Any], services: Mapping[str, Known], settled: Collection[str]
) -> Iterator[Fault]:
    routes = {document.get("route"), *document.get("alternate_routes", ())}
    for n, step in enumerate(document.get("steps") or ()):
        at, known = ("steps", n), services.get(step.get("service"))
        key = str(step.get("key"))
        if known and not known.is_offered and key not in settled:
            yield Fault(key, f"{known.label} is no longer offered", (*at, "service"))
        if step.get("kind") not in GIVES_MEDICINE:
            continue
        asked = step.get("gates") or ()
        for gate, words in NEVER_WITHOUT.items():
            if gate not in asked:
                yield Fault(key, words, (*at, "gates"))
        if known and known.route not in routes and key not in settled:
            yield Fault(
                key,
                f"{known.label} is given by another route than this course, {document['route']}",
                (*at, "service"),
            )


def _of_boosters(document: Mapping[str, Any], services: Mapping[str, Known]) -> Iterator[Fault]:
    boosters = document.get("boosters")
    if not isinstance(boosters, Mapping):
        return
    for gate, words in NEVER_WITHOUT.items():
        if gate not in (boosters.get("gates") or ()):
            yield Fault("the boosters", words, ("boosters", "gates"))
    known = services.get(str(boosters.get("service")))
    if known and known.kind not in GIVES_MEDICINE:
        words = f"{known.label} gives no medicine"
        yield Fault("the boosters", words, ("boosters", "service"))
    elif known and known.route not in {
        document.get("route"),
        *document.get("alternate_routes", ()),
    }:
        words = f"{known.label} is given by another route than this course, {document['route']}"
        yield Fault("the boosters", words, ("boosters", "service"))


def in_names(fault: Fault, document: Mapping[str, Any]) -> str:
    """Say what is wrong as a sentence, in the names that the page shows: ``Dosing 2: …``."""
    names = step_names(document.get("steps") or ())
    words = f" {fault.words} "
    for key, name in names.items():
        words = words.replace(f" {key} ", f" {name} ")
    if fault.at[:1] == ("steps",) and fault.place.partition(",")[0] in names:
        return f"{names[fault.place.partition(',')[0]]}: {words.strip()}"
    words = words.strip()
    return f"{words[:1].upper()}{words[1:]}"
