"""What the steps of a course and its windows are called, for staff and for clients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.windows import Anchor, Unit

K = SessionKind

STEP_NAMES: dict[str, str] = {
    K.CONSULT: "Call",
    K.INTAKE: "Intake",
    K.MEDICAL_EVAL: "Evaluation",
    K.MED_FOLLOWUP: "Follow-up",
    K.PREP: "Preparation",
    K.DOSING: "Dosing",
    K.INTEGRATION: "Integration",
    K.BOOSTER: "Booster",
}
CLIENT_NAMES: dict[str, str] = STEP_NAMES | {
    K.MEDICAL_EVAL: "Medical evaluation",
    K.MED_FOLLOWUP: "Prescriber follow-up",
    K.DOSING: "Medicine session",
}
"""Nothing a client reads says more of a session than this."""


def step_names(
    steps: Iterable[Mapping[str, Any]], *, names: Mapping[str, str] = STEP_NAMES
) -> dict[str, str]:
    """Return what each step of a course is called, by its key: ``Dosing 3``.

    A kind that the course has once goes without a number.
    """
    listed = [(str(each.get("key", "")), str(each.get("kind", ""))) for each in steps]
    counted, seen, found = Counter(kind for _, kind in listed), Counter[str](), {}
    for key, kind in listed:
        seen[kind] += 1
        number = f" {seen[kind]}" if counted[kind] > 1 else ""
        found[key] = f"{names.get(kind, 'Session')}{number}"
    return found


def range_words(least: object, most: object, unit: object) -> str:
    """Say a range: ``1 day``, ``3 hours``, ``10 to 18 days``."""
    one = str(unit).removesuffix("s")
    if least == most:
        return f"{least} {one if least == 1 else unit}"
    return f"{least} to {most} {unit}"


def window_words(window: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Say a window: ``10 to 18 days after the start of dosing 1 (at least 7, at most 28)``.

    Days are dates, for which start and end are mostly one: only of hours it is said which.
    """
    anchor = names.get(str(window.get("step")), "a step that is not there")
    anchor = anchor[:1].lower() + anchor[1:]
    in_hours = window.get("unit") == Unit.HOURS
    moment = f"the {Anchor(window['anchor'])} of {anchor}" if in_hours else anchor
    gap = range_words(window.get("min"), window.get("max"), window.get("unit"))
    limits = f"at least {window.get('hard_min')}, at most {window.get('hard_max')}"
    return f"{gap} after {moment} ({limits})"
