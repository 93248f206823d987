"""What would miss a service that is no longer offered: courses that name it, and gates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from practice.sessions.rules.course_writing import Known
from practice.sessions.rules.gates.asking import gates_asked
from practice.sessions.rules.gates.model import Gate
from practice.sessions.rules.lifecycle import FIRST_VISIT, SessionKind

K = SessionKind

PROVED_BY: Mapping[Gate, tuple[SessionKind, str, str]] = {
    Gate.INTAKE_DONE: (K.INTAKE, "an intake", "held first"),
    Gate.MEDICAL_CLEARANCE: (K.MEDICAL_EVAL, "a medical evaluation", "held first"),
    Gate.PREP_DONE: (K.PREP, "preparation", "held first"),
    Gate.PRIOR_INTEGRATION_DONE: (
        K.INTEGRATION,
        "integration",
        "held after each and before the next",
    ),
    Gate.MED_FOLLOWUP_DONE: (K.MED_FOLLOWUP, "a prescriber follow-up", "held along the way"),
}
"""By which kind of session a gate passes, what that is called, and when it is asked for."""


def missed_without(
    leaving: Collection[str],
    services: Mapping[str, Known],
    documents: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Say what of all that stays on offer needs the services that are to leave, a sentence each.

    Args:
        leaving: slugs of services that would no longer be offered.
        services: all of the practice's, by slug.
        documents: of the courses that are offered.
    """
    staying = {
        slug: each for slug, each in services.items() if each.is_offered and slug not in leaving
    }
    words = [
        f"“{document['title']}” has {_listed([services[slug].label for slug in named])} among its "
        "steps. No such step could be booked any more."
        for document in documents
        if (named := [slug for slug in services if slug in leaving and slug in _named(document)])
    ]
    kinds = {each.kind for each in staying.values()}
    left = {services[slug].kind for slug in leaving if slug in services} - kinds
    for gate, (kind, what, when) in PROVED_BY.items():
        asking = [
            each.label for slug, each in staying.items() if gate in _asked(slug, each, documents)
        ]
        if kind in left and asking:
            words.append(
                f"{_listed(asking)} {'asks' if len(asking) == 1 else 'ask'} for {what}, {when}. "
                "You would offer none any more."
            )
    if left & FIRST_VISIT and not kinds & FIRST_VISIT:
        words.append("New clients begin with a call or an intake. They could book neither.")
    return words


def _named(document: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the gates that a course asks for at the steps of each service that it names."""
    found: dict[str, set[str]] = {}
    for step in document["steps"]:
        found.setdefault(step["service"], set()).update(step.get("gates", ()))
    boosters = document.get("boosters")
    if boosters:
        found.setdefault(boosters["service"], set()).update(boosters.get("gates", ()))
        found.setdefault(boosters["integration_service"], set())
    return found


def _asked(slug: str, service: Known, documents: Sequence[Mapping[str, Any]]) -> set[str]:
    gates = {gate.value for gate in gates_asked(service.kind, service.route)}
    return gates.union(*(_named(each).get(slug, set()) for each in documents))


def _listed(labels: Sequence[str]) -> str:
    """Name two, and say how many more there are.

    >>> _listed(["Intake", "Preparation", "Integration", "Booster"])
    '“Intake”, “Preparation” and 2 more'
    """
    named = [f"“{label}”" for label in labels]
    if len(named) > 3:
        named = [*named[:2], f"{len(named) - 2} more"]
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
