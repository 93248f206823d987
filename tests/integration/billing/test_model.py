"""Whatever happens, in whatever order, ends as the model says, with books that are whole."""

import os
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.billing.conftest import SECRET
from tests.integration.billing.programs import Program, Where
from tests.stripe_sandbox import Sandbox

SOAK = "SANCTUARY_SOAK"
"""How many programs are run, for long: see ``make soak``."""


def test_every_program_ends_as_the_model_says(
    request: pytest.FixtureRequest,
    app: Flask,
    served: str,
    sandbox: Sandbox,
    clock_file: Path,
) -> None:
    programs = int(os.environ.get(SOAK, "0"))
    hook = f"{served}/billing/webhooks/stripe"
    where = Where(
        app,
        request.node.callspec.params["database_url"],
        sandbox,
        clock_file,
        lambda: sandbox.set_webhook(hook, SECRET),
    )

    class Here(Program):
        def __init__(self) -> None:
            super().__init__(where)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=programs or 3,
            stateful_step_count=50 if programs else 20,
            derandomize=not programs,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )
