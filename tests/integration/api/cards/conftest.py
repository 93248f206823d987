"""The API of a practice that takes cards, over a line to the payment sandbox."""

from tests.integration.billing.conftest import later, sandbox
from tests.integration.sessions.pages.cards.conftest import config, line, time

__all__ = ["config", "later", "line", "sandbox", "time"]
