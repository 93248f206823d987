"""The slow answer: every choice of starts, on real instants and dates, rule by rule.

Nothing of the planner's own code is used here: no bitmaps, no links, no bounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.planner.problem import Problem, Tie
from practice.sessions.rules.windows import Anchor, Unit

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

Times = Mapping[str, datetime]


class Slow:
    """One problem, with the starts of each step written out."""

    def __init__(self, problem: Problem, choices: Mapping[str, list[datetime]]) -> None:
        self.problem = problem
        self.place = ZoneInfo(problem.axis.zone)
        self.steps = {each.key: each for each in problem.steps}
        self.choices = {
            key: [at for at in found if self.on(at) == self.on(self.end(key, at) - MINUTE)]
            if not self.steps[key].fact
            else found
            for key, found in choices.items()
        }

    def __repr__(self) -> str:
        """Tell all of a case that failed, its starts as people read them."""
        lines = [
            f"{replace(step, starts=0)} "
            f"{[at.astimezone(self.place).isoformat() for at in self.choices[key]]}"
            for key, step in self.steps.items()
        ]
        problem = self.problem
        rules = (problem.ties, problem.spans, problem.orders, problem.caps, problem.gap_minutes)
        return "\n".join(["", *lines, *map(repr, rules)])

    def on(self, at: datetime) -> date:
        return at.astimezone(self.place).date()

    def end(self, key: str, at: datetime) -> datetime:
        step = self.steps[key]
        return step.fact.ends_at if step.fact else at + step.minutes * MINUTE

    def moment(self, key: str, anchor: Anchor, at: datetime) -> datetime:
        return at if anchor is Anchor.START else self.end(key, at)

    def amount(self, unit: Unit, moment: datetime, later_at: datetime) -> float:
        if unit is Unit.DAYS:
            return (self.on(later_at) - self.on(moment)).days
        return (later_at - moment) / HOUR

    def pair_is_legal(self, one: str, other: str, times: Times) -> bool:
        """Check all that two steps have to do with each other, whichever way round."""
        a, b = self.steps[one], self.steps[other]
        if a.fact and b.fact:
            return True
        if a.is_external or b.is_external:
            return self.windows_hold(one, other, times)
        first, then = (a, b) if times[one] <= times[other] else (b, a)
        start, following = times[first.key], times[then.key]
        lie_apart = first.after_minutes + then.before_minutes
        if first.travels and then.travels:
            lie_apart = max(lie_apart, self.problem.gap_minutes)
        end = self.end(first.key, start)
        if following < end + lie_apart * MINUTE:
            return False
        if first.rest_hours is not None and then.travels:
            morning = datetime.combine(
                self.on(start) + timedelta(days=1), time(7), self.place
            ).astimezone(UTC)
            if following < max(morning, end + first.rest_hours * HOUR):
                return False
        return self.windows_hold(one, other, times)

    def windows_hold(self, one: str, other: str, times: Times) -> bool:
        return (
            all(
                self.tie_holds(tie, times)
                for tie in self.problem.ties
                if {tie.earlier, tie.later} == {one, other}
            )
            and all(
                self.in_order(first, then, times)
                for first, then in self.problem.orders
                if {first, then} == {one, other}
            )
            and all(
                0 <= (self.on(times[span.last]) - self.on(times[span.first])).days <= span.hard_max
                for span in self.problem.spans
                if {span.first, span.last} == {one, other}
            )
        )

    def tie_holds(self, tie: Tie, times: Times) -> bool:
        start, following = times[tie.earlier], times[tie.later]
        moment = self.moment(tie.earlier, tie.window.anchor, start)
        amount = self.amount(tie.window.unit, moment, following)
        gave, after = self.steps[tie.earlier], self.steps[tie.later]
        same_date = (
            gave.rest_hours is not None
            and after.kind is SessionKind.INTEGRATION
            and self.on(start) == self.on(following)
        )
        in_limits = tie.window.hard_min <= amount <= tie.window.hard_max
        return self.in_order(tie.earlier, tie.later, times) and in_limits and not same_date

    def in_order(self, first: str, then: str, times: Times) -> bool:
        if self.steps[first].is_external or self.steps[then].is_external:
            return self.on(times[first]) <= self.on(times[then])
        return times[first] < times[then]

    def caps_hold(self, times: Times) -> bool:
        for cap in self.problem.caps:
            lie = [self.on(at) for key, at in times.items() if key in cap.steps]
            if cap.weekly:
                lie = [on - timedelta(days=on.weekday()) for on in lie]
            facts = {
                on - timedelta(days=on.weekday() if cap.weekly else 0)
                for on in (
                    self.on(times[k]) for k in cap.steps & times.keys() if self.steps[k].fact
                )
            }
            for on, count in Counter(lie).items():
                mine = any(
                    not self.steps[k].fact
                    and self.on(times[k])
                    - timedelta(days=self.on(times[k]).weekday() if cap.weekly else 0)
                    == on
                    for k in cap.steps & times.keys()
                )
                if count > cap.room.get(on, cap.most) and (mine or on not in facts):
                    return False
        return True

    def plans(self) -> Iterator[dict[str, datetime]]:
        """Yield every legal choice, earliest vector first."""

        def go(done: dict[str, datetime], rest: list[str]) -> Iterator[dict[str, datetime]]:
            if not rest:
                yield dict(done)
                return
            key, *others = rest
            for at in sorted(self.choices[key]):
                done[key] = at
                if all(
                    self.pair_is_legal(before, key, done) for before in done if before != key
                ) and self.caps_hold(done):
                    yield from go(done, others)
                del done[key]

        facts = {key: each.fact.starts_at for key, each in self.steps.items() if each.fact}
        yield from go(facts, [key for key in self.steps if key not in facts])

    # What plans cost ------------------------------------------------------------------------------

    def misses(self, times: Times, which: Callable[[int, int, float], bool]) -> int:
        found = 0
        for tie in self.problem.ties:
            if self.steps[tie.earlier].fact and self.steps[tie.later].fact:
                continue
            moment = self.moment(tie.earlier, tie.window.anchor, times[tie.earlier])
            amount = self.amount(tie.window.unit, moment, times[tie.later])
            found += not which(tie.window.min, tie.window.max, amount)
        return found

    def outside(self, times: Times) -> int:
        """W: windows and spans that are not as recommended."""
        spans = sum(
            (self.on(times[span.last]) - self.on(times[span.first])).days > span.max
            for span in self.problem.spans
            if not (self.steps[span.first].fact and self.steps[span.last].fact)
        )
        return spans + self.misses(times, lambda least, most, amount: least <= amount <= most)

    def uncomfortable(self, times: Times) -> int:
        """M: windows outside the middle half of what is recommended."""
        return self.misses(
            times,
            lambda least, most, amount: (
                least + (most - least) / 4 <= amount <= most - (most - least) / 4
            ),
        )

    def vector(self, times: Times) -> tuple[datetime, ...]:
        return tuple(times[key] for key in self.steps if not self.steps[key].fact)

    def best(
        self,
        cost: Callable[[Times], tuple[object, ...]],
        may_be: Callable[[Times], bool] = lambda _: True,
    ) -> dict[str, datetime] | None:
        """Return the cheapest plan, of equal ones the earliest."""
        best, price = None, None
        for times in filter(may_be, self.plans()):
            found = (*cost(times), self.vector(times))
            if price is None or found < price:
                best, price = times, found
        return best

    def off(self, times: Times, pair: tuple[int, time]) -> int:
        """How many dosings do not lie on a weekday at a time on the wall."""
        return sum(
            (local.weekday(), local.time().replace(fold=0)) != pair
            for key, at in times.items()
            if self.steps[key].rest_hours is not None and not self.steps[key].fact
            for local in [at.astimezone(self.place)]
        )


def pairs_of(slow: Slow) -> list[tuple[int, time]]:
    """Every weekday and time on the wall at which a dosing can start, in order."""
    return sorted(
        {
            (local.weekday(), local.time().replace(fold=0))
            for key, found in slow.choices.items()
            if slow.steps[key].rest_hours is not None and not slow.steps[key].fact
            for at in found
            for local in [at.astimezone(slow.place)]
        }
    )
