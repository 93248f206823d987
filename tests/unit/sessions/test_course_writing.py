"""What the editor writes and what is read are inverse, and what its buttons do loses nothing."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from practice.sessions.rules import courses, templates
from practice.sessions.rules.course_checks import checks
from practice.sessions.rules.course_differences import course_differences
from practice.sessions.rules.course_editing import do
from practice.sessions.rules.course_writing import document_of, price_cents, typed_of, written
from practice.sessions.rules.offered import Difference
from tests.unit.sessions.made_courses import GATES, KINDS, SERVICES, documents

SLUGS = ["sl-psycholytic-6", "im-induction-6", "iv-induction-6"]
LABELS = {slug: each.label for slug, each in SERVICES.items()}


def typed(slug: str = "sl-psycholytic-6", **more: Any) -> dict[str, Any]:
    return typed_of(deepcopy(templates.course(slug))) | more


def keys(form: dict[str, Any]) -> list[str]:
    return [each["key"] for each in form["steps"]]


# There and back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", SLUGS)
def test_a_shipped_template_goes_through_the_form_unchanged(slug: str) -> None:
    document = templates.course(slug)

    assert document_of(typed_of(document), onto=document, services=SERVICES) == document
    assert written(courses.shipped()[slug], onto=document) == document


@given(document=documents())
def test_what_the_editor_writes_and_what_is_read_are_inverse(document: dict[str, Any]) -> None:
    course = courses.read(document, services=KINDS, gates=GATES)

    through_the_form = document_of(typed_of(document), onto=document, services=SERVICES)

    assert courses.read(through_the_form, services=KINDS, gates=GATES) == course
    assert written(course, onto=document) == document
    again = document_of(typed_of(through_the_form), onto=through_the_form, services=SERVICES)
    assert again == through_the_form


def test_a_price_covers_what_the_practice_bills_itself() -> None:
    document = templates.course("sl-psycholytic-6")
    form = typed_of(document) | {"package": ""}

    alone = document_of(form, onto=document, services=SERVICES)
    dearer = document_of(form | {"package": "$4,100.00"}, onto=document, services=SERVICES)

    assert (price_cents(document), price_cents(alone), price_cents(dearer)) == (
        387_500,
        407_500,
        410_000,
    )
    assert dearer["pricing"]["discount_cents"] == 0


@pytest.mark.parametrize("wrong", ["1e3", "-1", "１", "3.5", "", "soon", "1" * 30])
def test_a_number_that_is_none_stays_as_it_was_typed_and_is_a_fault(wrong: str) -> None:
    form = typed()
    form["steps"][4]["after"][0]["max"] = wrong

    document = document_of(form, onto=templates.course("sl-psycholytic-6"), services=SERVICES)

    found = checks(document, services=SERVICES, gates=GATES)
    assert [fault.at for fault in found] == [("steps", 4, "after", 0, "max")]
    assert typed_of(document) == form


# What the buttons do -----------------------------------------------------------------------------


def test_a_step_goes_up_and_down_and_away() -> None:
    form = typed()

    assert keys(do(form, "steps-1-up", SERVICES)[0])[:3] == ["medical_eval", "intake", "prep_1"]
    assert keys(do(form, "steps-0-down", SERVICES)[0])[:3] == ["medical_eval", "intake", "prep_1"]
    assert keys(do(form, "steps-0-up", SERVICES)[0]) == keys(form)
    assert keys(do(form, "steps-16-down", SERVICES)[0]) == keys(form)
    assert keys(do(form, "steps-0-remove", SERVICES)[0]) == keys(form)[1:]


def test_an_added_step_asks_for_what_others_of_its_kind_ask_for() -> None:
    form = typed(add_service="dosing_sl", add_behind="integration_2")

    added, key = do(form, "add-step", SERVICES)

    step = added["steps"][8]
    assert (key, keys(added)[7:10]) == (
        "dose_7",
        ["integration_2", "dose_7", "med_followup_1"],
    )
    assert step["gates"] == form["steps"][4]["gates"]
    assert [each["step"] for each in step["after"]] == ["integration_2"]
    assert (
        checks(
            document_of(added, onto=templates.course("sl-psycholytic-6"), services=SERVICES),
            services=SERVICES,
            gates=GATES,
        )
        == []
    )


def test_windows_reviews_and_installments_are_added_and_removed() -> None:
    form = typed()

    assert len(do(form, "steps-6-window", SERVICES)[0]["steps"][6]["after"]) == 3
    assert len(do(form, "steps-6-after-1-remove", SERVICES)[0]["steps"][6]["after"]) == 1
    assert len(do(form, "add-review", SERVICES)[0]["review_points"]) == 3
    assert len(do(form, "review_points-0-remove", SERVICES)[0]["review_points"]) == 1
    assert len(do(form, "add-installment", SERVICES)[0]["installments"]) == 3
    assert len(do(form, "installments-1-remove", SERVICES)[0]["installments"]) == 1


@pytest.mark.parametrize(
    "deed",
    [
        "",
        "steps-99-up",
        "steps-0-fly",
        "steps-6-after-9-remove",
        "steps--1-up",
        "steps-999-window",
        "add-step",
        "review_points-7-down",
        "steps-１-up",
    ],
)
def test_a_deed_that_there_is_none_of_leaves_everything(deed: str) -> None:
    form = typed(add_service="no-such-service", add_behind="")

    assert do(form, deed, SERVICES)[0] == form


# What has to be so besides -----------------------------------------------------------------------


def faults_of(form: dict[str, Any], slug: str = "sl-psycholytic-6") -> list[tuple[Any, ...]]:
    document = document_of(form, onto=templates.course(slug), services=SERVICES)
    return [(f.at, f.words) for f in checks(document, services=SERVICES, gates=GATES)]


@pytest.mark.parametrize("gate", ["consent_ketamine", "medical_clearance"])
def test_nobody_takes_consent_or_clearance_off_a_dosing(gate: str) -> None:
    form = typed()
    form["steps"][6]["gates"].remove(gate)
    form["boosters"]["gates"].remove(gate)

    assert [at for at, _ in faults_of(form)] == [("steps", 6, "gates"), ("boosters", "gates")]


def test_a_dosing_by_another_route_than_the_course_is_refused_unless_it_is_settled() -> None:
    document = document_of(
        typed(route="IM"), onto=templates.course("sl-psycholytic-6"), services=SERVICES
    )
    dosings = [n for n, step in enumerate(document["steps"]) if step["kind"] == "dosing"]
    settled = [document["steps"][n]["key"] for n in dosings[:2]]

    found = checks(document, services=SERVICES, gates=GATES, settled=settled)

    assert [f.at for f in found] == [
        *(("steps", n, "service") for n in dosings[2:]),
        ("boosters", "service"),
    ]


def test_an_intramuscular_course_may_give_infusions_where_its_template_says_so() -> None:
    form = typed("im-induction-6")
    form["steps"][4]["service"] = "dosing_iv"

    assert faults_of(form, "im-induction-6") == []


# Versions in words -------------------------------------------------------------------------------


def test_versions_differ_in_words() -> None:
    document = templates.course("sl-psycholytic-6")
    form = typed_of(document)
    form["steps"][6]["after"][0]["max"] = "21"
    form["steps"][1]["gates"] = []
    form["package"] = "3900.00"
    form["installments"][0]["step"] = "dose_2"
    del form["review_points"][1]

    after = document_of(form, onto=document, services=SERVICES)

    assert course_differences(document, after, labels=LABELS) == [
        Difference("Evaluation, asks for", "Roi prescriber", "nothing"),
        Difference(
            "Dosing 2, when",
            "10 to 18 days after dosing 1 (at least 7, at most 28); "
            "1 to 17 days after integration 1 (at least 0, at most 27)",
            "10 to 21 days after dosing 1 (at least 7, at most 28); "
            "1 to 17 days after integration 1 (at least 0, at most 27)",
        ),
        Difference(
            "Reviews",
            "after Dosing 2 by the prescriber: continue, change dose, stop; "
            "after Dosing 6 by the practitioner: finish, boosters, another course",
            "after Dosing 2 by the prescriber: continue, change dose, stop",
        ),
        Difference("Price", "$3,875.00", "$3,900.00"),
        Difference(
            "Installments",
            "50 % at booking of Dosing 1; 50 % at Dosing 3",
            "50 % at booking of Dosing 2; 50 % at Dosing 3",
        ),
    ]


@given(document=documents())
def test_a_course_does_not_differ_from_itself(document: dict[str, Any]) -> None:
    assert course_differences(document, deepcopy(document), labels=LABELS) == []
