"""Which gates a session asks for: those of its course's step, or of the step it would be."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from practice.clients.rules.papers import Route
from practice.sessions.rules.gates.model import GATES, OF_COURSES, Gate
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, SessionKind
from practice.sessions.rules.templates import shipped

LIKE: dict[Route, Route] = {Route.RDT: Route.SL, Route.TROCHE: Route.SL, Route.IN: Route.IM}
"""Whose steps count for a route that no shipped course has: the client's own lozenges, or the
practice's stock."""


def gates_asked(
    kind: SessionKind, route: Route | None, step_gates: Iterable[str] | None = None
) -> tuple[Gate, ...]:
    """Return the gates of a session, in the order of the data file.

    ``step_gates`` is what its course's step names, ``None`` where it belongs to no course: then
    the first step of this kind and route in the shipped courses counts. Gates that apply to a
    whole kind of session come with it always.
    """
    named = _of_first_step(kind, route) if step_gates is None else frozenset(step_gates)
    return tuple(
        gate
        for gate, rule in GATES.items()
        if (kind in rule.applies_to if rule.applies_to is not None else gate in named)
    )


def of_step(kind: SessionKind, gates: Iterable[str]) -> tuple[str, ...]:
    """Return what a step of a course asks for: what it names, and of a dosing what courses ask."""
    return (*gates, *(gate.value for gate in OF_COURSES)) if kind in GIVES_MEDICINE else (*gates,)


@cache
def _of_first_step(kind: SessionKind, route: Route | None) -> frozenset[str]:
    """Return what the first step of a kind asks for; what others hold (external) is left out."""
    wanted = LIKE.get(route, route) if route else None
    for template in shipped()["templates"]:
        if wanted is not None and template["route"] != wanted:
            continue
        if kind is SessionKind.BOOSTER:
            return frozenset(template["boosters"]["gates"])
        for step in template["steps"]:
            if step["kind"] == kind and not step.get("external"):
                return frozenset(step["gates"])
    return frozenset()
