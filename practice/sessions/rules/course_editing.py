"""What the buttons of the editor do to a course that is being typed.

Everything works on what ``course_writing.typed_of`` makes, and loses nothing that was typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from practice.sessions.rules import templates
from practice.sessions.rules.course_faults import MOST_STEPS
from practice.sessions.rules.course_writing import TAKES_PLACE, Known
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.windows import Anchor, Unit

K = SessionKind
Typed = dict[str, Any]

STEMS: dict[SessionKind, str] = {
    K.CONSULT: "consult",
    K.INTAKE: "intake",
    K.MEDICAL_EVAL: "medical_eval",
    K.MED_FOLLOWUP: "med_followup",
    K.PREP: "prep",
    K.DOSING: "dose",
    K.INTEGRATION: "integration",
    K.BOOSTER: "booster",
}
AT_THE_END = ""
MOST_WINDOWS, MOST_REVIEWS, MOST_INSTALLMENTS = 12, 60, 24
DAYS_APART = {"unit": Unit.DAYS, "min": "1", "max": "14", "hard_min": "1", "hard_max": "30"}
AFTER_A_DOSING = {"unit": Unit.HOURS, "min": "24", "max": "72", "hard_min": "12", "hard_max": "168"}

DEED = re.compile(
    r"(?P<list>steps|review_points|installments)-(?P<n>\d{1,3})-(?P<deed>up|down|remove)"
    r"|steps-(?P<step>\d{1,3})-window"
    r"|steps-(?P<of>\d{1,3})-after-(?P<window>\d{1,3})-remove"
    r"|add-(?P<new>step|review|installment)",
    re.ASCII,
)


def do(typed: Typed, deed: str, services: Mapping[str, Known]) -> tuple[Typed, str]:
    """Do what a button says; return what is typed then, and the key of the step to look at.

    A deed that there is none of, or nothing for, leaves everything as it is.
    """
    found, typed = DEED.fullmatch(deed), deepcopy(typed)
    if found is None:
        return typed, ""
    if found["new"]:
        return typed, ADDS[found["new"]](typed, services)
    if found["list"]:
        rows: list[Typed] = typed[found["list"]]
        return typed, _turn(rows, int(found["n"]), found["deed"])
    n = int(found["step"] or found["of"])
    if n >= len(typed["steps"]):
        return typed, ""
    step = typed["steps"][n]
    if found["step"]:
        if len(step["after"]) < MOST_WINDOWS:
            before = typed["steps"][n - 1]["key"] if n else ""
            step["after"].append({"step": before, "anchor": Anchor.END.value, **DAYS_APART})
    elif int(found["window"]) < len(step["after"]):
        del step["after"][int(found["window"])]
    return typed, step["key"]


def _turn(rows: list[Typed], n: int, deed: str) -> str:
    """Move or remove a row; return its key, if it is a step that is still there."""
    if n >= len(rows):
        return ""
    row = rows.pop(n)
    if deed == "remove":
        return ""
    rows.insert(max(n - 1, 0) if deed == "up" else n + 1, row)
    return str(row.get("key", ""))


def _add_step(typed: Typed, services: Mapping[str, Known]) -> str:
    steps: list[Typed] = typed["steps"]
    slug, behind = typed.get("add_service") or "", typed.get("add_behind") or AT_THE_END
    if slug not in services or len(steps) >= MOST_STEPS:
        return ""
    known, keys = services[slug], [each["key"] for each in steps]
    place = keys.index(behind) + 1 if behind in keys else len(steps)
    before = steps[place - 1] if place else None
    like = next((each for each in steps if each["kind"] == known.kind), None)
    gates = like["gates"] if like else _shipped_gates().get(known.kind, ())
    is_external = not known.is_billed_here
    key = _free_key(STEMS[known.kind], keys)
    windows = []
    if before:
        in_hours = known.kind is K.INTEGRATION and not (is_external or before["external"])
        bounds = AFTER_A_DOSING if in_hours else DAYS_APART
        windows = [{"step": before["key"], "anchor": Anchor.END.value, **bounds}]
    steps.insert(
        place,
        {
            "key": key,
            "kind": known.kind.value,
            "service": slug,
            "external": is_external,
            "gates": list(gates),
            "after": windows,
        },
    )
    return key


def _add_review(typed: Typed, _services: Mapping[str, Known]) -> str:
    if typed["steps"] and len(typed["review_points"]) < MOST_REVIEWS:
        last = typed["steps"][-1]["key"]
        typed["review_points"].append(
            {"after": last, "by": "prescriber", "may": "continue, change dose, stop"}
        )
    return ""


def _add_installment(typed: Typed, _services: Mapping[str, Known]) -> str:
    if typed["steps"] and len(typed["installments"]) < MOST_INSTALLMENTS:
        first = typed["steps"][0]["key"]
        typed["installments"].append({"step": first, "when": TAKES_PLACE, "pct": ""})
    return ""


ADDS = {"step": _add_step, "review": _add_review, "installment": _add_installment}


def _free_key(stem: str, keys: list[str]) -> str:
    number = 1
    while f"{stem}_{number}" in keys:
        number += 1
    return f"{stem}_{number}"


@cache
def _shipped_gates() -> Mapping[str, tuple[str, ...]]:
    """Return what the first shipped step of each kind asks for."""
    found: dict[str, tuple[str, ...]] = {}
    for template in templates.shipped()["templates"]:
        for step in template["steps"]:
            found.setdefault(step["kind"], tuple(step["gates"]))
        found.setdefault(K.BOOSTER, tuple(template["boosters"]["gates"]))
    return found
