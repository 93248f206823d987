import ast
from collections.abc import Iterator
from pathlib import Path

import practice
from practice.audit.rules import IN_WORDS
from practice.billing.rules.books import DisputeState
from practice.billing.rules.payments import PaymentState
from practice.people import rules
from practice.sessions.rules.for_staff import LEADS_TO

SHOWN = (
    *("appointment:", "card:", "care:", "client:", "fee:", "emergency_contact:"),
    *("account:", "books:", "dispute:", "feed:", "paper:", "payment:", "package:", "promo:", "sale:"),
    *("diagnosis:", "estimate:", "member_id:", "statement:", "superbill:"),
    *("invitation:", "practice:", "resource:", "service:", "user:"),
    *("course:", "course_template:", "gate:", "opening_balance:", "sessions:", "treatment:"),
)
ROOMS = ("billing", "calendar", "clients", "moving", "people", "sessions")
SPELLED_BY_STATE = {
    *(f"appointment:{state}" for state in LEADS_TO.values()),
    *(f"dispute:{state}" for state in DisputeState),
    *(f"payment:{state}" for state in (PaymentState.EXPIRED, PaymentState.FAILED)),
}


def texts_of(room: str) -> Iterator[str]:
    """Yield every text that stands in a room's code, but for its permissions."""
    for file in Path(practice.__file__).parent.joinpath(room).rglob("*.py"):
        if file != Path(rules.__file__):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_every_deed_that_a_history_shows_has_its_words_and_no_other_has() -> None:
    spelled = {
        text
        for room in ROOMS
        for text in texts_of(room)
        if text.startswith(SHOWN) and text not in SHOWN and " " not in text
    }

    assert spelled | SPELLED_BY_STATE == IN_WORDS.keys()
