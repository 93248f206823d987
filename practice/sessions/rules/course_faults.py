"""What can be wrong with a course template, and where."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.windows import Anchor, Unit

BOUNDS = ("hard_min", "min", "max", "hard_max")
LONGEST_DAYS = 366
LONGEST_HOURS = 24 * 60
MOST_STEPS = 120


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong. ``place`` names it, as in ``dose_2, after dose_1``."""

    place: str
    words: str

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
            yield Fault("the course", f"it has no {name}")
    if not _is_count(raw.get("version")) or raw["version"] < 1:
        yield Fault("the course", "its version is a number from 1")
    steps = raw.get("steps")
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
        yield Fault("the course", f"it has 1 to {MOST_STEPS} steps")
        return
    shapeless = [n for n, step in enumerate(steps, 1) if not _has_shape(step)]
    if shapeless:
        yield from (Fault(f"step {n}", "it has no key, kind or service") for n in shapeless)
        return

    keys = [step["key"] for step in steps]
    anchors = {
        step["key"]: [after.get("step") for after in step["after"] if isinstance(after, Mapping)]
        for step in steps
    }
    for n, step in enumerate(steps):
        key = step["key"]
        if key in keys[:n]:
            yield Fault(key, "there are two steps of this key")
        yield from _kind_and_service(step, services)
        yield from _known_gates(key, step.get("gates"), gates)
        for after in step["after"]:
            yield from _window_after(key, after, frozenset(keys[:n]), anchors, steps)
    yield from _span(raw.get("span"), keys)
    yield from _review_points(raw.get("review_points", []), keys)
    yield from _boosters(raw.get("boosters"), services, gates)
    yield from _installments(raw.get("pricing"), keys)


def _has_shape(step: object) -> bool:
    return (
        isinstance(step, Mapping)
        and all(isinstance(step.get(name), str) and step[name] for name in ("key", "kind"))
        and isinstance(step.get("service"), str)
        and isinstance(step.get("after"), list)
        and _is_count(step.get("number"))
    )


def _kind_and_service(
    step: Mapping[str, Any], services: Mapping[str, SessionKind]
) -> Iterator[Fault]:
    key, kind, service = step["key"], step["kind"], step["service"]
    if kind not in [*SessionKind]:
        yield Fault(key, f"there is no kind of session called {kind}")
    if service not in services:
        yield Fault(key, f"there is no service called {service}")
    elif services[service] != kind:
        yield Fault(key, f"{service} is a service for {services[service]}, not for {kind}")


def _known_gates(place: str, wanted: object, gates: frozenset[str]) -> Iterator[Fault]:
    if not isinstance(wanted, list):
        yield Fault(place, "its gates are a list")
        return
    yield from (Fault(place, f"there is no gate called {g}") for g in wanted if g not in gates)


def _window_after(
    key: str,
    after: object,
    earlier: frozenset[str],
    anchors: Mapping[str, list[Any]],
    steps: list[Mapping[str, Any]],
) -> Iterator[Fault]:
    if not isinstance(after, Mapping) or not isinstance(after.get("step"), str):
        yield Fault(key, "a window says after which step")
        return
    anchor, place = after["step"], f"{key}, after {after['step']}"
    if anchor not in anchors:
        yield Fault(place, "there is no such step")
    elif anchor == key or (circle := _circle(key, anchor, anchors)):
        way = [key] if anchor == key else circle
        if earlier.isdisjoint(way):  # said once, of its first step
            yield Fault(place, f"this goes round in a circle: {' → '.join([*way, key])}")
    elif anchor not in earlier:
        yield Fault(place, "that step comes later in the course")
    if after.get("anchor") not in [*Anchor]:
        yield Fault(place, "a window counts from the start or the end of the earlier step")
    yield from window_faults(place, after)
    outside = {step["key"] for step in steps if step.get("external")}
    if after.get("unit") == Unit.HOURS and {key, anchor} & outside:
        yield Fault(place, "a visit outside is a date, so its windows are counted in days")


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


def window_faults(place: str, window: object) -> Iterator[Fault]:
    """Tell what is wrong with the bounds of one window."""
    if not isinstance(window, Mapping) or window.get("unit") not in [*Unit]:
        yield Fault(place, "a window is counted in days or in hours")
        return
    if not all(_is_count(window.get(name)) for name in BOUNDS):
        yield Fault(place, f"{', '.join(BOUNDS)} are whole numbers from 0")
        return
    hard_min, least, most, hard_max = (window[name] for name in BOUNDS)
    longest = LONGEST_DAYS if window["unit"] == Unit.DAYS else LONGEST_HOURS
    if least > most:
        yield Fault(place, f"the recommended minimum, {least}, is above the maximum, {most}")
    elif hard_min > hard_max:
        yield Fault(place, f"the lower limit, {hard_min}, is above the upper limit, {hard_max}")
    elif hard_min > least or hard_max < most:
        yield Fault(
            place,
            f"the limits, {hard_min} to {hard_max}, lie inside what is recommended, "
            f"{least} to {most}",
        )
    if hard_max > longest:
        yield Fault(place, f"{hard_max} {window['unit']} is more than a course can wait")


def _span(span: object, keys: list[str]) -> Iterator[Fault]:
    if span is None:
        return
    place = "the span"
    if not isinstance(span, Mapping) or span.get("unit") != Unit.DAYS:
        yield Fault(place, "it is counted in days")
        return
    ends = [str(span.get(name)) for name in ("from", "to")]
    unknown = [each for each in ends if each not in keys]
    yield from (Fault(place, f"there is no step called {each}") for each in unknown)
    if not unknown and keys.index(ends[0]) >= keys.index(ends[1]):
        yield Fault(place, f"{ends[1]} does not come after {ends[0]}")
    if not all(_is_count(span.get(name)) for name in ("max", "hard_max")):
        yield Fault(place, "max and hard_max are whole numbers from 0")
    elif span["hard_max"] < span["max"]:
        yield Fault(
            place, f"the limit, {span['hard_max']}, lies inside what is recommended, {span['max']}"
        )


def _review_points(points: object, keys: list[str]) -> Iterator[Fault]:
    if not isinstance(points, list):
        yield Fault("the review points", "they are a list")
        return
    for point in points:
        if not isinstance(point, Mapping) or point.get("after") not in keys:
            yield Fault("a review point", "it comes after a step of the course")
        elif not point.get("by") or not isinstance(point.get("may"), list) or not point["may"]:
            yield Fault(f"the review after {point['after']}", "it says who decides, and on what")


def _boosters(
    boosters: object, services: Mapping[str, SessionKind], gates: frozenset[str]
) -> Iterator[Fault]:
    if boosters is None:
        return
    place = "the boosters"
    if not isinstance(boosters, Mapping):
        yield Fault(place, "they are described by their service and windows")
        return
    for name in ("service", "integration_service"):
        if boosters.get(name) not in services:
            yield Fault(place, f"there is no service called {boosters.get(name)}")
    for name in ("from_last_dosing", "integration_window"):
        yield from window_faults(f"{place}, {name}", boosters.get(name))
    for name in (
        "prep_refresh_if_days_since_last_dosing_over",
        "prescriber_followup_every_days",
        "clearance_renewal_days",
    ):
        if not _is_count(boosters.get(name)):
            yield Fault(place, f"{name} is a whole number of days")
    yield from _known_gates(place, boosters.get("gates"), gates)


def _installments(pricing: object, keys: list[str]) -> Iterator[Fault]:
    parts = pricing.get("installments", []) if isinstance(pricing, Mapping) else []
    if not parts:
        return
    for part in parts:
        due = str(part.get("due"))
        if due.removeprefix("at booking of ").removeprefix("at ") not in keys:
            yield Fault("the installments", f"“{due}” names no step of the course")
    if sum(part.get("pct", 0) for part in parts) != 100:
        yield Fault("the installments", "they do not add up to 100 percent")


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0
