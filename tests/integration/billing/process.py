"""The application in a process of its own, so that it can be killed, or be there four times.

``python -m tests.integration.billing.process PRACTICE (start|sync|charge|refund) ID``, or
``reconcile``.
"""

import os
import sys
from collections.abc import Callable
from uuid import UUID

from config import Config
from practice.app import create_app
from practice.billing import ports
from practice.billing.service import card_on_file, checkout, refunds
from practice.core.db import practice_scope
from tests.integration.billing.conftest import Shelf

WORK: dict[str, Callable[[UUID], object]] = {
    "start": checkout.start,
    "sync": checkout.sync,
    "charge": card_on_file.carry_out,
    "refund": refunds.carry_out,
}


def main() -> None:
    app = create_app(Config.from_env(os.environ))
    shelf = Shelf()
    ports.paid.bind(shelf.paid)
    ports.checkout_ended.bind(shelf.checkout_ended)
    if sys.argv[1:] == ["reconcile"]:
        ran = app.test_cli_runner().invoke(args=["reconcile"], catch_exceptions=False)
        print(ran.output)
        sys.exit(ran.exit_code)
    practice_id, what, subject_id = sys.argv[1:]
    with app.app_context(), practice_scope(UUID(practice_id)):
        WORK[what](UUID(subject_id))


if __name__ == "__main__":
    main()
