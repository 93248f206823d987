"""Course templates as they are typed, and as they are kept: the two ways are inverse.

What is typed has the shape of the editor's form: numbers are texts, a length of time is a text, so
that nothing is lost while it is wrong. A document has the shape of an entry of ``templates`` in the
shipped file. What the form does not show stays as the document had it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from practice.clients.rules.papers import Route
from practice.sessions.rules.course_faults import BOUNDS, DAYS_IN_WORDS, is_count
from practice.sessions.rules.courses import Boosters, CourseTemplate
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.windows import StepWindow

DAYS_OF_BOOSTERS = tuple(DAYS_IN_WORDS)
TYPICAL = "typical_plan_days_after_dose_6"
BOOKED, TAKES_PLACE = "booking", "session"
"""When an installment is due: as its step is booked, or as it takes place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a service that a course may name."""

    label: str
    kind: SessionKind
    route: Route | None
    price_cents: int
    is_billed_here: bool
    is_offered: bool = True


# From the document to the form -------------------------------------------------------------------


def typed_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as the form holds it."""
    pricing, span = document.get("pricing") or {}, document.get("span")
    package = pricing.get("package_cents")
    return {
        "title": document["title"],
        "route": document["route"],
        "package": f"{package // 100}.{package % 100:02d}" if is_count(package) else "",
        "steps": [_typed_step(each) for each in document["steps"]],
        "span": {
            "limited": span is not None,
            "first": span["from"] if span else "",
            "last": span["to"] if span else "",
            "max": str(span["max"]) if span else "",
            "hard_max": str(span["hard_max"]) if span else "",
        },
        "review_points": [
            {"after": each["after"], "by": each["by"], "may": ", ".join(each["may"])}
            for each in document.get("review_points", ())
        ],
        "boosters": _typed_boosters(document.get("boosters")),
        "installments": [
            {
                "step": each["due"].rpartition(" ")[2],
                "when": BOOKED if each["due"].startswith("at booking of ") else TAKES_PLACE,
                "pct": str(each["pct"]),
            }
            for each in pricing.get("installments", ())
        ],
    }


def _typed_step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": step["key"],
        "kind": step["kind"],
        "service": step["service"],
        "external": bool(step.get("external")),
        "gates": list(step["gates"]),
        "after": [
            {"step": each["step"], "anchor": each["anchor"], **_typed_bounds(each)}
            for each in step["after"]
        ],
    }


def _typed_bounds(window: Mapping[str, Any]) -> dict[str, str]:
    return {"unit": window["unit"]} | {name: str(window[name]) for name in BOUNDS}


def _typed_boosters(boosters: Mapping[str, Any] | None) -> dict[str, Any]:
    if boosters is None:
        return {"offered": False}
    windows = ("from_last_dosing", "integration_window")
    return {
        "offered": True,
        "service": boosters["service"],
        "integration_service": boosters["integration_service"],
        **{name: _typed_bounds(boosters[name]) for name in windows},
        **{name: str(boosters[name]) for name in DAYS_OF_BOOSTERS},
        TYPICAL: ", ".join(map(str, boosters.get(TYPICAL, ()))),
        "gates": list(boosters["gates"]),
    }


# From the form to the document -------------------------------------------------------------------


def document_of(
    typed: Mapping[str, Any], *, onto: Mapping[str, Any], services: Mapping[str, Known]
) -> dict[str, Any]:
    """Return what was typed as a document. It may be faulty: ``course_checks`` says how.

    Args:
        typed: all that the form holds.
        onto: the document that was changed: what the form does not show comes from there.
        services: what is known of the services, by slug. They say what kind a step is of.
    """
    document = {key: value for key, value in onto.items() if key not in ("span", "boosters")}
    counted = Counter[str]()
    asked = {each["key"]: each["gates"] for each in onto["steps"]}
    steps = [
        _step(each, services, counted) | {"gates": _in_order(each["gates"], asked.get(each["key"]))}
        for each in typed["steps"]
    ]
    document |= {
        "title": typed["title"],
        "route": typed["route"],
        "steps": steps,
        "review_points": [
            {"after": each["after"], "by": each["by"], "may": _parts(each["may"])}
            for each in typed["review_points"]
        ],
        "pricing": _pricing(typed, onto.get("pricing") or {}, steps, services),
    }
    span = typed["span"]
    if span["limited"]:
        bounds = {name: _number(span[name]) for name in ("max", "hard_max")}
        document["span"] = {"from": span["first"], "to": span["last"], "unit": "days", **bounds}
    if typed["boosters"]["offered"]:
        before = (onto.get("boosters") or {}).get("gates")
        document["boosters"] = _boosters(typed["boosters"], before)
    return document


def _step(
    typed: Mapping[str, Any], services: Mapping[str, Known], counted: Counter[str]
) -> dict[str, Any]:
    known = services.get(typed["service"])
    kind = known.kind.value if known else typed["kind"]
    counted[kind] += 1
    step = {
        "key": typed["key"],
        "kind": kind,
        "service": typed["service"],
        "number": counted[kind],
        "after": [
            {"step": each["step"], "anchor": each["anchor"], **_bounds(each)}
            for each in typed["after"]
        ],
    }
    return step | ({"external": True} if typed["external"] else {})


def _bounds(typed: Mapping[str, Any]) -> dict[str, Any]:
    return {"unit": typed["unit"]} | {name: _number(typed[name]) for name in BOUNDS}


def _boosters(typed: Mapping[str, Any], gates: Sequence[str] | None) -> dict[str, Any]:
    typical = [_number(each) for each in _parts(typed[TYPICAL])]
    return {
        "service": typed["service"],
        "integration_service": typed["integration_service"],
        "from_last_dosing": _bounds(typed["from_last_dosing"]),
        "integration_window": _bounds(typed["integration_window"]),
        **{name: _number(typed[name]) for name in DAYS_OF_BOOSTERS},
        **({TYPICAL: typical} if typical else {}),
        "gates": _in_order(typed["gates"], gates),
    }


def _in_order(gates: Sequence[str], before: Sequence[str] | None) -> list[str]:
    """Return gates in the order they had, new ones last: boxes have an order of their own."""
    kept = [gate for gate in before or () if gate in gates]
    return [*kept, *(gate for gate in gates if gate not in kept)]


def _pricing(
    typed: Mapping[str, Any],
    before: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    services: Mapping[str, Known],
) -> dict[str, Any]:
    """Return the price, and what it covers: the sessions that the practice itself bills."""
    known = [(each["service"], services[each["service"]]) for each in steps if _is(each, services)]
    included = Counter(slug for slug, each in known if each.is_billed_here)
    total = sum(services[slug].price_cents * count for slug, count in included.items())
    listed = {each.get("service") for each in before.get("not_included", ())}
    elsewhere = {slug: each for slug, each in known if not each.is_billed_here}
    pricing = {
        **{key: value for key, value in before.items() if key not in PRICED},
        "includes": dict(included),
        "list_total_cents": total,
        "not_included": [
            *before.get("not_included", ()),
            *(
                {"service": slug, "cents": each.price_cents}
                for slug, each in elsewhere.items()
                if slug not in listed
            ),
        ],
    }
    if typed["package"]:
        package = pricing["package_cents"] = _cents(typed["package"])
        if isinstance(package, int):
            pricing["discount_cents"] = max(total - package, 0)
    if typed["installments"]:
        pricing["installments"] = [
            {
                "due": f"at {'booking of ' * (each['when'] == BOOKED)}{each['step']}",
                "pct": _number(each["pct"]),
            }
            for each in typed["installments"]
        ]
    return pricing


PRICED = ("package_cents", "discount_cents", "installments")


def _is(step: Mapping[str, Any], services: Mapping[str, Known]) -> bool:
    return step["service"] in services


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _number(text: str) -> int | str:
    """Read a whole number; what is none stays a text, which is a fault."""
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else text


def _cents(text: str) -> int | str:
    found = re.fullmatch(r"\$?([0-9]{1,3}(?:,[0-9]{3})*|[0-9]{1,6})(?:\.([0-9]{2}))?", text)
    return int(found[1].replace(",", "")) * 100 + int(found[2] or 0) if found else text


def price_cents(document: Mapping[str, Any]) -> int:
    """Return what a course costs: its package, or else all that it includes."""
    pricing = document.get("pricing") or {}
    found = pricing.get("package_cents", pricing.get("list_total_cents", 0))
    return found if is_count(found) else 0


# From the types to the document ------------------------------------------------------------------


def written(course: CourseTemplate, *, onto: Mapping[str, Any]) -> dict[str, Any]:
    """Return a course as a document: what ``courses.read`` reads is written so again.

    ``onto`` is the document that it was read from: what the types do not hold comes from there.
    """
    pricing = {
        key: value
        for key, value in (onto.get("pricing") or {}).items()
        if key not in ("package_cents", "installments")
    }
    if course.package_cents is not None:
        pricing["package_cents"] = course.package_cents
    if course.installments:
        pricing["installments"] = [
            {"due": f"at {'booking of ' * each.at_booking}{each.step}", "pct": each.percent}
            for each in course.installments
        ]
    document = {key: value for key, value in onto.items() if key not in ("span", "boosters")}
    document |= {
        "slug": course.slug,
        "version": course.version,
        "title": course.title,
        "route": course.route,
        "steps": [
            {
                "key": each.key,
                "kind": each.kind.value,
                "service": each.service,
                "number": each.number,
                "after": [
                    {"step": after.step, **_window(after.window), "anchor": after.window.anchor}
                    for after in each.after
                ],
                "gates": list(each.gates),
                **({"external": True} if each.is_external else {}),
            }
            for each in course.steps
        ],
        "review_points": [
            {"after": each.after, "by": each.by, "may": list(each.may)}
            for each in course.review_points
        ],
        "pricing": pricing,
    }
    if course.span:
        span = course.span
        bounds = {"max": span.max, "hard_max": span.hard_max}
        document["span"] = {"from": span.first, "to": span.last, "unit": "days", **bounds}
    if course.boosters:
        document["boosters"] = _written_boosters(course.boosters)
    return document


def _window(window: StepWindow) -> dict[str, Any]:
    values = asdict(window)
    return {"unit": window.unit.value} | {name: values[name] for name in BOUNDS}


def _written_boosters(boosters: Boosters) -> dict[str, Any]:
    days = (boosters.prep_after_days, boosters.followup_every_days, boosters.clearance_days)
    return {
        "service": boosters.service,
        "integration_service": boosters.integration_service,
        "from_last_dosing": _window(boosters.from_last_dosing),
        "integration_window": _window(boosters.integration_window),
        **dict(zip(DAYS_OF_BOOSTERS, days, strict=True)),
        **({TYPICAL: list(boosters.typical_days)} if boosters.typical_days else {}),
        "gates": list(boosters.gates),
    }
