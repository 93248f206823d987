"""What a package lacks is said beside the field that can mend it."""

from uuid import uuid4

import pytest
from flask import Flask

from practice.core.money import Money
from practice.sessions.models import Service
from practice.sessions.package_forms import package_form

TALK = Service(practice_id=uuid4(), slug="talk", label="Talk", price=Money(17_500, "USD"))
AT_ONCE = {"title": "Six talks", "price": "900.00", "count_talk": "6"}


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({}, {}),
        ({"count_talk": "0"}, {"count_talk": ["Enter how many of at least one kind of session"]}),
        (
            {"percent_0": "60", "percent_1": "30"},
            {"percent_0": ["The parts have to make 100 percent: these make 90"]},
        ),
        (
            {"percent_0": "100", "days_1": "30"},
            {"percent_1": ["Enter the percent of this part"]},
        ),
    ],
)
def test_a_package_that_lacks_something_says_where(
    typed: dict[str, str], wrong: dict[str, list[str]]
) -> None:
    app = Flask(__name__)
    app.config["WTF_CSRF_ENABLED"] = False
    answers = AT_ONCE | typed | {"rule": "at_list", "expiry_rule": "forfeited"}

    with app.test_request_context(method="POST", data=answers | {"late_rule": "unit_used"}):
        form = package_form([TALK])
        form.validate()

    assert form.errors == wrong
