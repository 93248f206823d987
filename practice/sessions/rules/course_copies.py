"""What becomes of one client's copy of a course when a step is left out, or after a lapse.

A copy is a document as templates have it: see ``rules.courses``. Steps keep their places in it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from practice.calendar.rules import zones
from practice.sessions.rules.lifecycle import GIVES_MEDICINE
from practice.sessions.rules.planner.plan import Placed
from practice.sessions.rules.windows import Anchor, Unit

Document = dict[str, Any]
HOUR = timedelta(hours=1)
LONGEST_HOURS = 24 * 60
LONGEST_DAYS = 366


def goes_with(document: Mapping[str, Any], key: str, dropped: Collection[str] = ()) -> list[str]:
    """Return the steps that are left out along with one: the integration of a dosing."""
    steps = {each["key"]: each for each in document["steps"]}
    if steps[key]["kind"] not in GIVES_MEDICINE:
        return []
    return [
        each["key"]
        for each in document["steps"]
        if each["kind"] == "integration"
        and each["key"] not in dropped
        and {after["step"] for after in each["after"]} == {key}
    ]


def without(document: Mapping[str, Any], gone: Collection[str]) -> Document:
    """Return a copy whose windows no longer count from steps that are left out.

    What counted from a step counts from the one of its kind before it, with the same window; what
    counted from a first dosing keeps that dosing's own windows; any other such window falls away.
    """
    steps = document["steps"]
    after = {each["key"]: list(each["after"]) for each in steps}
    lost = {*gone}
    for each in steps:
        key = each["key"]
        if key not in lost:
            continue
        before = _before(steps, key, lost)
        for other in steps:
            if other["key"] not in lost:
                after[other["key"]] = _counted_anew(
                    after[other["key"]], key, before, after[key] if _doses(each) else []
                )
    return {
        **document,
        "steps": [
            each if each["key"] in lost else {**each, "after": after[each["key"]]} for each in steps
        ],
        "span": _span(document, lost),
    }


def after_lapse(
    document: Mapping[str, Any], held: Mapping[str, Placed], *, now: datetime, zone: str
) -> Document:
    """Return a copy in which what was late counts anew: its windows reach as far from now on.

    Least gaps stay. Only windows from steps that were held to steps that were not are widened, and
    the limit of the whole by as many days as the longest of them.
    """
    today = zones.local_date(now, zone)
    longest, steps = 0, []
    for each in document["steps"]:
        windows = []
        for window in each["after"]:
            anchor = held.get(window["step"]) if each["key"] not in held else None
            late = _late(window, anchor, now, today, zone) if anchor is not None else 0
            windows.append(_later(window, late))
            longest = max(longest, _in_days(window, late))
        steps.append({**each, "after": windows})
    span = document.get("span")
    if span and longest:
        span = {**span, "max": span["max"] + longest, "hard_max": span["hard_max"] + longest}
    return {**document, "steps": steps, "span": span}


def _before(steps: Collection[Mapping[str, Any]], key: str, gone: Collection[str]) -> str | None:
    """Return the step of the same kind before one, of those that stay."""
    found = None
    kind = next(each["kind"] for each in steps if each["key"] == key)
    for each in steps:
        if each["key"] == key:
            return found
        same = each["kind"] == kind or {each["kind"], kind} <= GIVES_MEDICINE
        if same and each["key"] not in gone:
            found = each["key"]
    return found


def _doses(step: Mapping[str, Any]) -> bool:
    return step["kind"] in GIVES_MEDICINE


def _counted_anew(
    windows: list[dict[str, Any]], key: str, before: str | None, own: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for window in windows:
        if window["step"] != key:
            found.append(window)
        elif before is not None:
            found.append({**window, "step": before})
        else:
            found += own
    seen: set[str] = set()
    return [w for w in found if not (w["step"] in seen or seen.add(w["step"]))]  # type: ignore[func-returns-value]


def _span(document: Mapping[str, Any], gone: Collection[str]) -> dict[str, Any] | None:
    span = document.get("span")
    if not span or not {span["from"], span["to"]} & {*gone}:
        return dict(span) if span else None
    left = [e["key"] for e in document["steps"] if _doses(e) and e["key"] not in gone]
    first = left[0] if span["from"] in gone and left else span["from"]
    last = left[-1] if span["to"] in gone and left else span["to"]
    return {**span, "from": first, "to": last} if len(left) > 1 else None


def _late(window: Mapping[str, Any], anchor: Placed, now: datetime, today: date, zone: str) -> int:
    """Return how many units lie between an anchor and now."""
    moment = anchor.starts_at if window["anchor"] == Anchor.START else anchor.ends_at
    if window["unit"] == Unit.HOURS:
        return max(int((now - moment) / HOUR), 0)
    on = anchor.on if anchor.is_external else zones.local_date(moment, zone)
    return max((today - on).days, 0)


def _later(window: Mapping[str, Any], late: int) -> dict[str, Any]:
    longest = LONGEST_HOURS if window["unit"] == Unit.HOURS else LONGEST_DAYS
    bounds = {name: min(window[name] + late, longest) for name in ("max", "hard_max")}
    return {**window, **bounds}


def _in_days(window: Mapping[str, Any], late: int) -> int:
    return late if window["unit"] == Unit.DAYS else -(-late // 24)
