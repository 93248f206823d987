"""How one version of a course differs from the next, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from practice.sessions.rules.course_words import range_words, step_names, window_words
from practice.sessions.rules.course_writing import DAYS_OF_BOOSTERS, TYPICAL
from practice.sessions.rules.offered import Difference

NOTHING = "nothing"


def course_differences(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    labels: Mapping[str, str],
) -> list[Difference]:
    """Say what changed from one document to the next, in the order of the editor.

    Args:
        before: the older document; both are without fault.
        after: the newer one.
        labels: what each service is called, by its slug.
    """
    was, now = (course_in_words(each, labels) for each in (before, after))
    return [
        Difference(name, was.get(name, NOTHING), now.get(name, NOTHING))
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    ]


def course_in_words(document: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, str]:
    """Say all that the editor shows of a course without fault, by what it is called there."""
    names = step_names(document["steps"])
    told = {
        "Title": document["title"],
        "Route": document["route"],
        "Steps, in order": ", ".join(names.values()),
    }
    for step in document["steps"]:
        name, slug = names[step["key"]], step["service"]
        where = ", outside" if step.get("external") else ""
        told[name] = f"{labels.get(slug, slug)}{where}"
        told[f"{name}, when"] = _list(window_words(each, names) for each in step["after"])
        told[f"{name}, asks for"] = _list(gate_name(each) for each in step["gates"])
    return told | _whole(document, names) | _boosters(document.get("boosters"), labels)


def _whole(document: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    span, pricing = document.get("span"), document.get("pricing") or {}
    package = pricing.get("package_cents")
    return {
        "From first to last": f"{names.get(span['from'])} to {names.get(span['to'])}: "
        f"{span['max']} days recommended, {span['hard_max']} at most"
        if span
        else "no limit",
        "Reviews": _list(
            f"after {names.get(each['after'], each['after'])} by the {each['by']}: "
            f"{', '.join(each['may'])}"
            for each in document.get("review_points", ())
        ),
        "Price": NOTHING if package is None else f"${package // 100:,}.{package % 100:02d}",
        "Installments": _list(
            f"{each['pct']} % {_due(each['due'], names)}"
            for each in pricing.get("installments", ())
        ),
    }


def _due(due: str, names: Mapping[str, str]) -> str:
    key = due.rpartition(" ")[2]
    return f"{due.removesuffix(key)}{names.get(key, key)}"


def _boosters(boosters: Mapping[str, Any] | None, labels: Mapping[str, str]) -> dict[str, str]:
    if boosters is None:
        return {"Boosters": NOTHING}
    services = [boosters["service"], boosters["integration_service"]]
    first, then = (boosters[name] for name in ("from_last_dosing", "integration_window"))
    prep, followup, clearance = (boosters[name] for name in DAYS_OF_BOOSTERS)
    return {
        "Boosters": " and ".join(labels.get(each, each) for each in services),
        "Boosters, when": f"{_limits(first)} after the last dosing; "
        f"integration {_limits(then)} after it",
        "Boosters, fresh preparation": f"after {prep} days without a dosing",
        "Boosters, prescriber follow-up": f"every {followup} days",
        "Boosters, clearance": f"every {clearance} days",
        "Boosters, usual days": ", ".join(map(str, boosters.get(TYPICAL, ()))) or NOTHING,
        "Boosters, ask for": _list(gate_name(each) for each in boosters["gates"]),
    }


def _limits(window: Mapping[str, Any]) -> str:
    gap = range_words(window["min"], window["max"], window["unit"])
    return f"{gap} ({window['hard_min']} to {window['hard_max']})"


def _list(words: Iterable[str]) -> str:
    return "; ".join(words) or NOTHING


def gate_name(key: str) -> str:
    """Return a gate's name as a page shows it: ``Medical clearance``."""
    return key.replace("_", " ").capitalize()
