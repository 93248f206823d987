"""What can be wrong with a course template, and where.

A place is said twice: in words, for whoever reads a message, and as the way through the document,
for the page that puts the message beside a field.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.windows import Anchor, Unit

BOUNDS = ("hard_min", "min", "max", "hard_max")
IN_WORDS = {
    "hard_min": "the lower limit",
    "min": "the recommended minimum",
    "max": "the recommended maximum",
    "hard_max": "the upper limit",
}
DAYS_IN_WORDS = {
    "prep_refresh_if_days_since_last_dosing_over": "the time until a fresh preparation",
    "prescriber_followup_every_days": "the time between prescriber follow-ups",
    "clearance_renewal_days": "the time until a new clearance",
}
LONGEST_DAYS = 366
LONGEST_HOURS = 24 * 60
MOST_STEPS = 120

At = tuple[str | int, ...]
"""The way to something in a document: ``("steps", 3, "after", 0, "min")``."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong.

    ``place`` names it, as in ``dose_2, after dose_1``; ``at`` leads to it.
    """

    place: str
    words: str
    at: At = ()

    def __str__(self) -> str:
        return f"{self.place}: {self.words}."


def faults(
    raw: Mapping[str, Any], *, services: Mapping[str, SessionKind], gates: Collection[str]
) -> list[Fault]:
    """List what is wrong with a template, in the order in which it is written.

    Args:
        raw: one entry of ``templates``; of any shape, for it may come from a form or a file.
        services: the kind of each service that there is, by its slug.
        gates: the keys of the gates that there are.
    """
    return list(_faults(raw, services, frozenset(gates)))


def _faults(
    raw: Mapping[str, Any], services: Mapping[str, SessionKind], gates: frozenset[str]
) -> Iterator[Fault]:
    for name in ("slug", "title", "route"):
        if not isinstance(raw.get(name), str) or not raw[name].strip():
            yield Fault("the course", f"it has no {name}", (name,))
    if not is_count(raw.get("version")) or raw["version"] < 1:
        yield Fault("the course", "its version is a number from 1", ("version",))
    steps = raw.get("steps")
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
        yield Fault("the course", f"it has 1 to {MOST_STEPS} steps", ("steps",))
        return
    shapeless = [n for n, step in enumerate(steps) if not _has_shape(step)]
    if shapeless:
        for n in shapeless:
            yield Fault(f"step {n + 1}", "it has no key, kind or service", ("steps", n, "service"))
        return

    keys = [step["key"] for step in steps]
    anchors = {
        step["key"]: [after.get("step") for after in step["after"] if isinstance(after, Mapping)]
        for step in steps
    }
    for n, step in enumerate(steps):
        key, at = step["key"], ("steps", n)
        if key in keys[:n]:
            yield Fault(key, "there are two steps of this key", (*at, "service"))
        yield from _kind_and_service(step, at, services)
        yield from _known_gates(key, (*at, "gates"), step.get("gates"), gates)
        for m, after in enumerate(step["after"]):
            way = (*at, "after", m)
            yield from _window_after(key, way, after, anchors, steps)
    yield from _span(raw.get("span"), keys)
    yield from _review_points(raw.get("review_points", []), keys)
    yield from _boosters(raw.get("boosters"), services, gates)
    yield from _pricing(raw.get("pricing"), keys)


def _has_shape(step: object) -> bool:
    return (
        isinstance(step, Mapping)
        and all(isinstance(step.get(name), str) and step[name] for name in ("key", "kind"))
        and isinstance(step.get("service"), str)
        and isinstance(step.get("after"), list)
        and is_count(step.get("number"))
    )


def _kind_and_service(
    step: Mapping[str, Any], at: At, services: Mapping[str, SessionKind]
) -> Iterator[Fault]:
    key, kind, service, at = step["key"], step["kind"], step["service"], (*at, "service")
    if kind not in [*SessionKind]:
        yield Fault(key, f"there is no kind of session called {kind}", at)
    if service not in services:
        yield Fault(key, f"there is no service called {service}", at)
    elif services[service] != kind:
        yield Fault(key, f"{service} is a service for {services[service]}, not for {kind}", at)


def _known_gates(place: str, at: At, wanted: object, gates: frozenset[str]) -> Iterator[Fault]:
    if not isinstance(wanted, list):
        yield Fault(place, "its gates are a list", at)
        return
    for gate in wanted:
        if not isinstance(gate, str) or gate not in gates:
            yield Fault(place, f"there is no gate called {gate}", at)


def _window_after(
    key: str,
    at: At,
    after: object,
    anchors: Mapping[str, list[Any]],
    steps: list[Mapping[str, Any]],
) -> Iterator[Fault]:
    if not isinstance(after, Mapping) or not isinstance(after.get("step"), str):
        yield Fault(key, "a window says after which step", (*at, "step"))
        return
    anchor, place, step_at = after["step"], f"{key}, after {after['step']}", (*at, "step")
    earlier = set(list(anchors)[: list(anchors).index(key)])
    if anchor not in anchors:
        yield Fault(place, "there is no such step", step_at)
    elif anchor == key or (circle := _circle(key, anchor, anchors)):
        way = [key] if anchor == key else circle
        if earlier.isdisjoint(way):  # said once, of its first step
            round_it = " → ".join([*way, key])
            yield Fault(place, f"this goes round in a circle: {round_it}", step_at)
    elif anchor not in earlier:
        yield Fault(place, "that step comes later in the course", step_at)
    if after.get("anchor") not in [*Anchor]:
        words = "a window counts from the start or the end of the earlier step"
        yield Fault(place, words, (*at, "anchor"))
    yield from window_faults(place, at, after)
    outside = {step["key"] for step in steps if step.get("external")}
    if after.get("unit") == Unit.HOURS and {key, anchor} & outside:
        words = "a visit outside is a date, so its windows are counted in days"
        yield Fault(place, words, (*at, "unit"))


def _circle(key: str, anchor: str, anchors: Mapping[str, list[Any]]) -> list[str]:
    """Return the way from a step through one of its anchors back to it, or nothing."""
    ways, seen = [[key, anchor]], {anchor}
    while ways:
        way = ways.pop()
        for following in anchors.get(way[-1], []):
            if following == key:
                return way
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


def window_faults(place: str, at: At, window: object) -> Iterator[Fault]:
    """Tell what is wrong with the bounds of one window."""
    if not isinstance(window, Mapping) or window.get("unit") not in [*Unit]:
        yield Fault(place, "a window is counted in days or in hours", (*at, "unit"))
        return
    unreadable = [name for name in BOUNDS if not is_count(window.get(name))]
    for name in unreadable:
        yield Fault(place, f"{IN_WORDS[name]} is a whole number from 0", (*at, name))
    if unreadable:
        return
    hard_min, least, most, hard_max = (window[name] for name in BOUNDS)
    longest = LONGEST_DAYS if window["unit"] == Unit.DAYS else LONGEST_HOURS
    if least > most:
        words = f"the recommended minimum, {least}, is above the maximum, {most}"
        yield Fault(place, words, (*at, "min"))
    elif hard_min > hard_max:
        words = f"the lower limit, {hard_min}, is above the upper limit, {hard_max}"
        yield Fault(place, words, (*at, "hard_min"))
    elif hard_min > least or hard_max < most:
        yield Fault(
            place,
            f"the limits, {hard_min} to {hard_max}, lie inside what is recommended, "
            f"{least} to {most}",
            (*at, "hard_min" if hard_min > least else "hard_max"),
        )
    if hard_max > longest:
        words = f"{hard_max} {window['unit']} is more than a course can wait"
        yield Fault(place, words, (*at, "hard_max"))


def _span(span: object, keys: list[str]) -> Iterator[Fault]:
    if span is None:
        return
    place = "the span"
    if not isinstance(span, Mapping) or span.get("unit") != Unit.DAYS:
        yield Fault(place, "it is counted in days", ("span",))
        return
    ends = {name: str(span.get(name)) for name in ("from", "to")}
    unknown = {name: key for name, key in ends.items() if key not in keys}
    for name, key in unknown.items():
        yield Fault(place, f"there is no step called {key}", ("span", name))
    if not unknown and keys.index(ends["from"]) >= keys.index(ends["to"]):
        yield Fault(place, f"{ends['to']} does not come after {ends['from']}", ("span", "to"))
    unreadable = [name for name in ("max", "hard_max") if not is_count(span.get(name))]
    for name in unreadable:
        yield Fault(place, f"{IN_WORDS[name]} is a whole number from 0", ("span", name))
    if not unreadable and span["hard_max"] < span["max"]:
        words = f"the limit, {span['hard_max']}, lies inside what is recommended, {span['max']}"
        yield Fault(place, words, ("span", "hard_max"))


def _review_points(points: object, keys: list[str]) -> Iterator[Fault]:
    if not isinstance(points, list):
        yield Fault("the review points", "they are a list", ("review_points",))
        return
    for n, point in enumerate(points):
        at = ("review_points", n)
        if not isinstance(point, Mapping) or point.get("after") not in keys:
            yield Fault("a review point", "it comes after a step of the course", (*at, "after"))
        elif point["after"] in [
            each.get("after") for each in points[:n] if isinstance(each, Mapping)
        ]:
            words = "there is another one after that step"
            yield Fault(f"the review after {point['after']}", words, (*at, "after"))
        elif not point.get("by") or not isinstance(point.get("may"), list) or not point["may"]:
            words = "it says who decides, and on what"
            yield Fault(f"the review after {point['after']}", words, (*at, "may"))


def _boosters(
    boosters: object, services: Mapping[str, SessionKind], gates: frozenset[str]
) -> Iterator[Fault]:
    if boosters is None:
        return
    place, at = "the boosters", ("boosters",)
    if not isinstance(boosters, Mapping):
        yield Fault(place, "they are described by their service and windows", at)
        return
    for name in ("service", "integration_service"):
        if boosters.get(name) not in services:
            words = f"there is no service called {boosters.get(name)}"
            yield Fault(place, words, (*at, name))
    for name in ("from_last_dosing", "integration_window"):
        yield from window_faults(f"{place}, {name}", (*at, name), boosters.get(name))
    for name, words in DAYS_IN_WORDS.items():
        if not is_count(boosters.get(name)):
            yield Fault(place, f"{words} is a whole number of days", (*at, name))
    typical = boosters.get("typical_plan_days_after_dose_6", [])
    if not isinstance(typical, list) or not all(is_count(each) for each in typical):
        words = "usual days are whole numbers, like 21, 49, 91"
        yield Fault(place, words, (*at, "typical_plan_days_after_dose_6"))
    yield from _known_gates(place, (*at, "gates"), boosters.get("gates"), gates)


def _pricing(pricing: object, keys: list[str]) -> Iterator[Fault]:
    if not isinstance(pricing, Mapping):
        return
    if "package_cents" in pricing and not is_count(pricing["package_cents"]):
        words = "the price is an amount like 3875.00"
        yield Fault("the price", words, ("pricing", "package_cents"))
    place, at = "the installments", ("pricing", "installments")
    parts = pricing.get("installments") or []
    for n, part in enumerate(parts):
        due = str(part.get("due"))
        if due.removeprefix("at booking of ").removeprefix("at ") not in keys:
            yield Fault(place, f"“{due}” names no step of the course", (*at, n, "due"))
    unreadable = [n for n, part in enumerate(parts) if not is_count(part.get("pct"))]
    if unreadable:
        yield Fault(place, "percents are whole numbers from 0", (*at, unreadable[0], "pct"))
    elif parts and sum(part["pct"] for part in parts) != 100:
        yield Fault(place, "they do not add up to 100 percent", (*at, 0, "pct"))


def is_count(number: object) -> TypeGuard[int]:
    """Say whether something is a whole number from 0."""
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0
