"""Whatever is sold, paid, used, given back or ended, in whatever order, the money is whole."""

import os

from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.billing.sales_programs import SalesProgram
from tests.integration.billing.test_model import SOAK


def test_every_program_of_sales_leaves_the_money_whole(app: Flask) -> None:
    programs = int(os.environ.get(SOAK, "0"))

    class Here(SalesProgram):
        def __init__(self) -> None:
            super().__init__(app)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=programs or 4,
            stateful_step_count=60 if programs else 30,
            derandomize=not programs,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if programs else [Phase.generate],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )
