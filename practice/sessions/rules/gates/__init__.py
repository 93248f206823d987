"""The gates of the treatment: what must hold at each stage of a session, and why it does not yet.

Read from the shipped course templates, judged by facts alone. One evaluation gives the checklist
of the session's page, the reason of a disabled button, the refusal and the audit entry.
"""

from practice.sessions.rules.gates.asking import gates_asked, of_step
from practice.sessions.rules.gates.judging import closed_at, evaluate
from practice.sessions.rules.gates.model import (
    GATES,
    OF_COURSES,
    Contact,
    CourseFact,
    Facts,
    Gate,
    GateResult,
    GateRule,
    Override,
    Passer,
    SessionFact,
    Stage,
    Subject,
)
from practice.sessions.rules.gates.stages import A_DAY_BEFORE, kept_until, next_stage
from practice.sessions.rules.gates.words import MET, NAMES, PASSED_BY, RECORDED_AS, STAGE_WORDS

__all__ = [
    "A_DAY_BEFORE",
    "GATES",
    "MET",
    "NAMES",
    "OF_COURSES",
    "PASSED_BY",
    "RECORDED_AS",
    "STAGE_WORDS",
    "Contact",
    "CourseFact",
    "Facts",
    "Gate",
    "GateResult",
    "GateRule",
    "Override",
    "Passer",
    "SessionFact",
    "Stage",
    "Subject",
    "closed_at",
    "evaluate",
    "gates_asked",
    "kept_until",
    "next_stage",
    "of_step",
]
