"""Random courses without fault, and what is known of the shipped services."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from practice.clients.rules.papers import Route
from practice.sessions.rules import templates
from practice.sessions.rules.course_writing import Known
from practice.sessions.rules.lifecycle import SessionKind

SERVICES = {
    each["slug"]: Known(
        label=each["label"],
        kind=SessionKind(each["kind"]),
        route=Route(each["route"]) if "route" in each else None,
        price_cents=each["price_cents"],
        is_billed_here=each["billed_by"] == "practice",
    )
    for each in templates.shipped()["services"]
}
GATES = [gate["key"] for gate in templates.shipped()["gates"]]
KINDS = {slug: each.kind for slug, each in SERVICES.items()}


@st.composite
def bounds(draw: st.DrawFn, *, in_days: bool) -> dict[str, Any]:
    unit = "days" if in_days else draw(st.sampled_from(["days", "hours"]))
    hard_min, least, most, hard_max = sorted(
        draw(st.lists(st.integers(0, 366), min_size=4, max_size=4))
    )
    return {"unit": unit, "min": least, "max": most, "hard_min": hard_min, "hard_max": hard_max}


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A template as the editor keeps it: of any length, with all or none of what it may have."""
    steps: list[dict[str, Any]] = []
    counted: dict[str, int] = {}
    for n in range(draw(st.integers(1, 8))):
        slug = draw(st.sampled_from(sorted(SERVICES)))
        kind = SERVICES[slug].kind.value
        counted[kind] = counted.get(kind, 0) + 1
        is_external = draw(st.booleans())
        windows = []
        for earlier in draw(st.lists(st.sampled_from(steps), max_size=3)) if steps else []:
            in_days = is_external or "external" in earlier
            anchor = draw(st.sampled_from(["start", "end"]))
            bound = draw(bounds(in_days=in_days))
            windows.append({"step": earlier["key"], "anchor": anchor, **bound})
        steps.append(
            {
                "key": f"step_{n}",
                "kind": kind,
                "service": slug,
                "number": counted[kind],
                "after": windows,
                "gates": draw(st.lists(st.sampled_from(GATES), unique=True)),
                **({"external": True} if is_external else {}),
            }
        )
    keys = [each["key"] for each in steps]
    document: dict[str, Any] = {
        "slug": "made",
        "version": 1,
        "title": "A course",
        "route": "SL",
        "setting": "kept although no form shows it",
        "steps": steps,
        "review_points": [
            {"after": key, "by": draw(st.sampled_from(["prescriber", "practitioner"])), "may": may}
            for key in draw(st.lists(st.sampled_from(keys), unique=True, max_size=3))
            if (may := draw(st.lists(st.sampled_from(["continue", "stop"]), min_size=1)))
        ],
        "pricing": {},
    }
    if len(keys) > 1 and draw(st.booleans()):
        most = draw(st.integers(0, 90))
        document["span"] = {"from": keys[0], "to": keys[-1], "unit": "days", "max": most}
        document["span"]["hard_max"] = most + draw(st.integers(0, 60))
    if draw(st.booleans()):
        document["pricing"]["package_cents"] = draw(st.integers(0, 10**8 - 1))
    if draw(st.booleans()):
        first = draw(st.integers(0, 100))
        due = st.sampled_from([f"at {'booking of ' * b}{key}" for key in keys for b in (0, 1)])
        document["pricing"]["installments"] = [
            {"due": draw(due), "pct": first},
            {"due": draw(due), "pct": 100 - first},
        ]
    if draw(st.booleans()):
        days = st.integers(0, 400)
        document["boosters"] = {
            "service": "booster_sl",
            "integration_service": "integration_60",
            "from_last_dosing": draw(bounds(in_days=True)),
            "integration_window": draw(bounds(in_days=False)),
            "prep_refresh_if_days_since_last_dosing_over": draw(days),
            "prescriber_followup_every_days": draw(days),
            "clearance_renewal_days": draw(days),
            "gates": draw(st.lists(st.sampled_from(GATES), unique=True)),
            **(
                {"typical_plan_days_after_dose_6": typical}
                if (typical := draw(st.lists(days, max_size=3)))
                else {}
            ),
        }
    return document
