"""Why there is no plan: the step, the rules that block it, and the least that would help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from practice.calendar.rules import zones
from practice.sessions.rules.planner.dates import INFINITE
from practice.sessions.rules.planner.model import Model
from practice.sessions.rules.planner.problem import Problem, Span, Tie
from practice.sessions.rules.planner.search import OutOfTime, Search
from practice.sessions.rules.planner.web import Web

WIDENED_BY = (1, 2, 3, 5, 7, 10, 14, 21, 28)
"""By how many days a limit is widened, to see what would help."""

MOST_LOOKS = 20
"""How often the full search may look at its clock, for one question."""


@dataclass(frozen=True, slots=True)
class NoPlan:
    """The proof in words.

    Args:
        step: the key of the first step that cannot be placed, however those before it are.
        rules: what blocks it, each a sentence without its full stop.
        nearest: what would unblock it, each completing "It would be possible if …"; the least
            first, and nothing if no single thing would.
        words: all of it, for the screen.
    """

    step: str
    rules: tuple[str, ...]
    nearest: tuple[str, ...]
    words: str


def is_possible(problem: Problem, *, fully: bool = False) -> bool:
    """Say whether a problem may have a plan: as far as dates tell or, ``fully``, by the search.

    A search that takes too long says yes.
    """
    looks = iter(range(MOST_LOOKS))
    search = Search(Model(Web(problem)), out_of_time=lambda: next(looks, None) is None)
    if search.root() >= INFINITE:
        return False
    if not fully:
        return True
    try:
        return search.solve() is not None
    except OutOfTime:
        return True


def why_none(problem: Problem) -> NoPlan:
    """Put in words why a problem has no plan, given that it has none."""
    fully = is_possible(problem)
    low, high = 0, len(problem.steps)
    while high - low > 1:
        middle = (low + high) // 2
        if is_possible(problem.first_steps(middle), fully=fully):
            low = middle
        else:
            high = middle
    prefix = problem.first_steps(high)
    blocked = prefix.steps[-1]
    core = _least_core(prefix, blocked.key, fully=fully)
    rules = tuple(_in_words(problem, core))
    nearest = tuple(_nearest(prefix, core, fully=fully))
    axis = problem.axis
    within = f"between {zones.day_words(axis.first_on)} and {zones.day_words(axis.last_on)}"
    if rules:
        words = f"There is no time for {blocked.name} {within}: {'; '.join(rules)}."
    else:
        words = f"There is no free time at all for {blocked.name} {within}."
    if nearest:
        words += f" It would be possible if {nearest[0]}."
    return NoPlan(blocked.key, rules, nearest, words)


def _least_core(prefix: Problem, key: str, *, fully: bool) -> Problem:
    """Take rules away as long as what is left still has no plan.

    Only rules near the blocked step are begun with: its own, then those of what it hangs on.
    """
    keys, core = {key}, prefix.only({key})
    while is_possible(core, fully=fully) and len(keys) < len(prefix.steps):
        near = {t.earlier for t in prefix.ties if t.later in keys}
        near |= {first for first, then in prefix.orders if then in keys}
        near |= {s.first for s in prefix.spans if s.last in keys}
        if near <= keys:
            near = {each.key for each in prefix.steps}
        keys |= near
        core = prefix.only(keys)
    if is_possible(core, fully=fully):
        return prefix
    for tie in core.ties:
        less = replace(core, ties=tuple(each for each in core.ties if each != tie))
        if not is_possible(less, fully=fully):
            core = less
    for span in core.spans:
        less = replace(core, spans=tuple(each for each in core.spans if each != span))
        if not is_possible(less, fully=fully):
            core = less
    for cap in core.caps:
        less = replace(core, caps=tuple(each for each in core.caps if each != cap))
        if not is_possible(less, fully=fully):
            core = less
    return core


def _in_words(problem: Problem, core: Problem) -> Iterator[str]:
    for tie in core.ties:
        window = tie.window
        yield (
            f"{problem.step(tie.later).name} has to be {window.hard_min} to {window.hard_max} "
            f"{window.unit} after {problem.step(tie.earlier).name}"
        )
    for span in core.spans:
        first, last = problem.step(span.first).name, problem.step(span.last).name
        yield f"at most {span.hard_max} days may lie from {first} to {last}"
    for cap in core.caps:
        if not cap.steps.isdisjoint(each.key for each in core.steps):
            unit = "week" if cap.weekly else "day"
            yield f"no more than {cap.most} dosings are given in a {unit}"


def _nearest(prefix: Problem, core: Problem, *, fully: bool) -> Iterator[str]:
    """Yield what would unblock the step: the limits that need the least first, then the rest."""
    found = []
    rules: list[Tie | Span] = [*core.ties, *core.spans]
    for rule in rules:
        days = _least_widening(prefix, rule, fully=fully)
        if days is not None:
            found.append((days, _widened_words(prefix, rule, days)))
    yield from (words for _, words in sorted(found, key=lambda each: each[0]))
    for cap in core.caps:
        if is_possible(
            replace(prefix, caps=tuple(each for each in prefix.caps if each != cap)), fully=fully
        ):
            unit = "week" if cap.weekly else "day"
            yield f"more dosings were given in a {unit}"
    concerned = {tie.earlier for tie in core.ties} | {tie.later for tie in core.ties}
    concerned |= {prefix.steps[-1].key}
    seen: set[str] = set()
    for step in prefix.steps:
        for relaxed in step.relaxed if step.key in concerned else ():
            if relaxed.words in seen or relaxed.starts == step.starts:
                continue
            seen.add(relaxed.words)
            if is_possible(_relaxed(prefix, concerned, relaxed.words), fully=fully):
                yield relaxed.words


def _relaxed(problem: Problem, keys: Iterable[str], words: str) -> Problem:
    """Return the problem with one thing otherwise, for all the steps that it concerns."""
    steps = tuple(
        replace(
            each, starts=next((r.starts for r in each.relaxed if r.words == words), each.starts)
        )
        if each.key in keys
        else each
        for each in problem.steps
    )
    return replace(problem, steps=steps)


def _least_widening(prefix: Problem, rule: Tie | Span, *, fully: bool) -> int | None:
    """Return by how many days a limit has to be widened, or ``None`` if four weeks do not help."""

    def helps(days: int) -> bool:
        return is_possible(_widened(prefix, rule, days), fully=fully)

    if not helps(WIDENED_BY[-1]):
        return None
    low, high = -1, len(WIDENED_BY) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if helps(WIDENED_BY[middle]):
            high = middle
        else:
            low = middle
    return WIDENED_BY[high]


def _widened(prefix: Problem, rule: Tie | Span, days: int) -> Problem:
    if isinstance(rule, Span):
        wider = replace(rule, hard_max=rule.hard_max + days)
        return replace(prefix, spans=tuple(wider if s == rule else s for s in prefix.spans))
    window = rule.window
    more = days if window.unit == "days" else 24 * days
    tie = replace(rule, window=replace(window, hard_max=window.hard_max + more))
    return replace(prefix, ties=tuple(tie if t == rule else t for t in prefix.ties))


def _widened_words(prefix: Problem, rule: Tie | Span, days: int) -> str:
    if isinstance(rule, Span):
        first, last = prefix.step(rule.first).name, prefix.step(rule.last).name
        return f"{rule.hard_max + days} days might lie from {first} to {last}"
    window = rule.window
    most = window.hard_max + (days if window.unit == "days" else 24 * days)
    later, earlier = prefix.step(rule.later).name, prefix.step(rule.earlier).name
    return f"{later} might be up to {most} {window.unit} after {earlier}, not {window.hard_max}"
