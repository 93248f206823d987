"""Plan a whole course: complete plans, or the proof that there is none; kept legal when life moves.

Pure: steps with the starts that the calendar allows go in as bitmaps, plans come out. The windows
mean what ``semantics`` in the course templates says.
"""

from practice.sessions.rules.planner.offering import dosing_leaves_integration, offered
from practice.sessions.rules.planner.plan import (
    Character,
    Gap,
    Placed,
    Plan,
    Tentative,
    gaps_between,
)
from practice.sessions.rules.planner.planning import Outcome, plan
from practice.sessions.rules.planner.problem import Cap, Fact, Problem, Relaxed, Span, Step, Tie
from practice.sessions.rules.planner.proof import NoPlan, why_none
from practice.sessions.rules.planner.replan import (
    Keeps,
    Replanned,
    both_answers,
    replan,
    storm,
)
from practice.sessions.rules.planner.search import OutOfTime
from practice.sessions.rules.planner.setting import (
    Given,
    fact_of,
    gaps_of,
    placed_at,
    problem_of,
    relaxed_by,
)

__all__ = [
    "Cap",
    "Character",
    "Fact",
    "Gap",
    "Given",
    "Keeps",
    "NoPlan",
    "OutOfTime",
    "Outcome",
    "Placed",
    "Plan",
    "Problem",
    "Relaxed",
    "Replanned",
    "Span",
    "Step",
    "Tentative",
    "Tie",
    "both_answers",
    "dosing_leaves_integration",
    "fact_of",
    "gaps_between",
    "gaps_of",
    "offered",
    "placed_at",
    "plan",
    "problem_of",
    "relaxed_by",
    "replan",
    "storm",
    "why_none",
]
