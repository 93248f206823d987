"""The courses that a practice offers, as its staff change them on one page."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.calendar.models import Resource
from practice.core.db import db, read_again, transaction
from practice.core.errors import Conflict
from practice.sessions.models import CourseTemplateRow, CourseTemplateVersion
from practice.sessions.queries.course_templates import (
    known_services,
    not_taken_over,
    offered_templates,
    read_template,
    versions_of,
)
from practice.sessions.rules import courses, templates
from practice.sessions.rules.offered import Difference
from practice.sessions.service import course_templates as service
from tests.factories import OWNER
from tests.integration.sessions.course_editor.conftest import (
    fields,
    page_of,
    post,
    problems,
    template,
)
from tests.integration.sessions.pages.conftest import nothing_changes, text_of

SLUGS = ["sl-psycholytic-6", "im-induction-6", "iv-induction-6"]
NAMES = {"1": "Evaluation", "2": "Preparation 1", "4": "Dosing 1", "6": "Dosing 2"}
Answers = dict[str, list[str]]


def said(name: str, words: str) -> str:
    """Return what is said beside a field: with the name of its step, if it is of one."""
    if not name.startswith("steps-"):
        return words
    words = words if words.startswith("Intramuscular") else f"{words[:1].lower()}{words[1:]}"
    return f"{NAMES[name.split('-')[1]]}: {words}"


def set_to(name: str, *values: str) -> Callable[[Answers], None]:
    """Return what types something else into one field."""

    def change(answers: Answers) -> None:
        assert name in answers or name.endswith("gates")
        answers[name] = list(values)

    return change


def test_a_new_practice_offers_all_shipped_courses(therapist: Resource) -> None:
    rows = offered_templates()

    assert {row.slug: row.document for row in rows} == {
        slug: templates.course(slug) for slug in SLUGS
    }
    assert {row.slug: read_template(row) for row in rows} == courses.shipped()


def test_a_practice_from_before_takes_over_a_shipped_course_once(browser: FlaskClient) -> None:
    with transaction():
        db.session.execute(sa.delete(CourseTemplateRow))
    assert text_of(browser.get("/settings/courses")).count("Take over") == 3

    answer = post(browser, "/settings/courses/take-over", {"slug": ["im-induction-6"]})

    assert (answer.status_code, answer.location) == (303, page_of("im-induction-6"))
    assert [each.slug for each in not_taken_over()] == ["sl-psycholytic-6", "iv-induction-6"]
    again = post(browser, "/settings/courses/take-over", {"slug": ["im-induction-6"]})
    unknown = post(browser, "/settings/courses/take-over", {"slug": ["moon"]})
    assert (again.status_code, unknown.status_code) == (409, 404)


@pytest.mark.parametrize("slug", SLUGS)
def test_what_the_page_shows_is_what_it_saves(browser: FlaskClient, slug: str) -> None:
    answers = fields(browser.get(page_of(slug)))

    with nothing_changes():
        answer = post(browser, page_of(slug), answers)

    assert (answer.status_code, answer.location) == (303, page_of(slug))


def test_a_change_is_kept_as_a_version_that_reads_in_words(browser: FlaskClient) -> None:
    answers = fields(browser.get(page_of()))
    set_to("steps-6-after-0-max", "21")(answers)
    set_to("package", "3900")(answers)

    answer = post(browser, page_of(), answers)

    assert answer.status_code == 303
    row = template()
    assert (row.version, row.document["version"]) == (2, 2)
    (kept,) = db.session.scalars(sa.select(CourseTemplateVersion))
    assert (kept.number, kept.document) == (1, templates.course("sl-psycholytic-6"))
    (version,) = versions_of(row, known_services())
    assert version.differences[1] == Difference("Price", "$3,875.00", "$3,900.00")
    assert version.differences[0].name == "Dosing 2, when"
    assert "Price $3,875.00 $3,900.00 Practitioner 1" in text_of(browser.get(page_of()))


def test_a_page_that_is_stale_saves_nothing_and_keeps_what_was_typed(browser: FlaskClient) -> None:
    answers = fields(browser.get(page_of()))
    post(browser, page_of(), answers | {"package": ["4000.00"]})

    answer = post(browser, page_of(), answers | {"title": ["Six quiet sessions"]})

    assert answer.status_code == 409
    assert "Somebody else has just changed this" in answer.text
    assert fields(answer) == answers | {"title": ["Six quiet sessions"], "version": ["2"]}
    assert template().title == "Low-dose lozenge course, six sessions"


# Every fault has its field -----------------------------------------------------------------------

FAULTS: dict[str, tuple[Callable[[Answers], None], str, str]] = {
    "a circle": (
        set_to("steps-2-after-0-step", "dose_1"),
        "steps-2-after-0-step",
        "This goes round in a circle: Preparation 1 → Dosing 1 → Preparation 2 → Preparation 1",
    ),
    "a later step": (
        set_to("steps-1-after-0-step", "prep_2"),
        "steps-1-after-0-step",
        "That step comes later in the course",
    ),
    "a step that is gone": (
        set_to("steps-2-after-0-step", "call"),
        "steps-2-after-0-step",
        "There is no such step",
    ),
    "min above max": (
        set_to("steps-2-after-0-min", "22"),
        "steps-2-after-0-min",
        "The recommended minimum, 22, is above the maximum, 21",
    ),
    "limits inside what is recommended": (
        set_to("steps-2-after-0-hard_max", "20"),
        "steps-2-after-0-hard_max",
        "The limits, 0 to 20, lie inside what is recommended, 1 to 21",
    ),
    "limits crossed": (
        set_to("steps-2-after-0-hard_min", "99"),
        "steps-2-after-0-hard_min",
        "The lower limit, 99, is above the upper limit, 45",
    ),
    "no number": (
        set_to("steps-2-after-0-max", "three weeks"),
        "steps-2-after-0-max",
        "The recommended maximum is a whole number from 0",
    ),
    "a very long wait": (
        set_to("steps-2-after-0-hard_max", "900"),
        "steps-2-after-0-hard_max",
        "900 days is more than a course can wait",
    ),
    "an odd unit": (
        set_to("steps-2-after-0-unit", "weeks"),
        "steps-2-after-0-unit",
        "A window is counted in days or in hours",
    ),
    "an odd anchor": (
        set_to("steps-2-after-0-anchor", "middle"),
        "steps-2-after-0-anchor",
        "A window counts from the start or the end of the earlier step",
    ),
    "hours to a visit outside": (
        set_to("steps-1-after-0-unit", "hours"),
        "steps-1-after-0-unit",
        "A visit outside is a date, so its windows are counted in days",
    ),
    "an unknown service": (
        set_to("steps-2-service", "prep_300"),
        "steps-2-service",
        "There is no service called prep_300",
    ),
    "an unknown gate": (
        set_to("steps-2-gates", "moon_is_full"),
        "steps-2-gates",
        "There is no gate called moon_is_full",
    ),
    "a dosing without clearance": (
        set_to("steps-4-gates", "consent_ketamine"),
        "steps-4-gates",
        "Every session with medicine asks for the medical clearance",
    ),
    "another route": (
        set_to("steps-6-service", "dosing_im"),
        "steps-6-service",
        "Intramuscular session, 3 h is given by another route than this course, SL",
    ),
    "no such route": (set_to("route", "TEA"), "route", "There is no route TEA"),
    "no title": (
        set_to("title", ""),
        "title",
        "Enter a name, like Low-dose lozenge course, six sessions",
    ),
    "a span backwards": (
        set_to("span-first", "integration_6"),
        "span-last",
        "Dosing 6 does not come after Integration 6",
    ),
    "a span that is too narrow": (
        set_to("span-hard_max", "80"),
        "span-hard_max",
        "The limit, 80, lies inside what is recommended, 90",
    ),
    "a review of nothing": (
        set_to("review_points-0-may", " , "),
        "review_points-0-may",
        "It says who decides, and on what",
    ),
    "two reviews at once": (
        set_to("review_points-1-after", "dose_2"),
        "review_points-1-after",
        "There is another one after that step",
    ),
    "a review by somebody else": (
        set_to("review_points-1-by", "neighbor"),
        "review_points-1-by",
        "A review is by the prescriber or the practitioner",
    ),
    "a booster window": (
        set_to("boosters-from_last_dosing-min", "300"),
        "boosters-from_last_dosing-min",
        "The recommended minimum, 300, is above the maximum, 60",
    ),
    "a booster without consent": (
        set_to("boosters-gates", "medical_clearance"),
        "boosters-gates",
        "Every session with medicine asks for the consent to ketamine",
    ),
    "a booster of talk": (
        set_to("boosters-service", "prep_60"),
        "boosters-service",
        "Preparation session, 60 min gives no medicine",
    ),
    "a price that is none": (
        set_to("package", "a lot"),
        "package",
        "The price is an amount like 3875.00",
    ),
    "installments": (
        set_to("installments-1-pct", "40"),
        "installments-0-pct",
        "They do not add up to 100 percent",
    ),
    "an installment at no step": (
        set_to("installments-1-step", "dose_9"),
        "installments-1-step",
        "“at dose_9” names no step of the course",
    ),
    "characters that cannot be seen": (
        set_to("review_points-0-may", "con\u202etinue"),
        "review_points-0-may",
        "Leave out characters that cannot be seen",
    ),
}


@pytest.mark.database("sqlite")
def test_a_fault_is_refused_beside_its_field_with_nothing_lost(browser: FlaskClient) -> None:
    whole, url = fields(browser.get(page_of())), page_of()
    sent: dict[str, Answers] = {}
    for fault, (change, _, _) in FAULTS.items():
        sent[fault] = dict(whole)
        change(sent[fault])

    with nothing_changes():
        answers = {fault: post(browser, url, given) for fault, given in sent.items()}

    assert {answer.status_code for answer in answers.values()} == {422}
    for fault, (_, name, words) in FAULTS.items():
        page, beside = answers[fault], said(name, words)
        assert problems(page)[name] == beside
        assert f'href="#{name}{"-0" * name.endswith("gates")}">{beside}</a>' in page.text
        assert "<title>Error: " in page.text
        kept, was = fields(page), sent[fault]
        never_listed = {each for each in was if each not in kept or not shows(kept, was, each)}
        assert never_listed <= {name} & NEVER_LISTED


NEVER_LISTED = {
    "route",
    "steps-2-after-0-unit",
    "steps-2-after-0-anchor",
    "steps-2-gates",
    "review_points-1-by",
}
"""Where something was sent that no list on the page has."""


def shows(kept: Answers, was: Answers, name: str) -> bool:
    return [each.strip() for each in was[name]] == kept[name]


# The buttons -------------------------------------------------------------------------------------


def test_buttons_change_the_form_and_nothing_else(browser: FlaskClient) -> None:
    answers = fields(browser.get(page_of())) | {"title": ["Typed, not saved"]}

    with nothing_changes():
        moved = post(browser, page_of(), answers | {"do": ["steps-3-up"]})
        longer = post(browser, page_of(), answers | {"do": ["more-dosings"]})
        added = post(
            browser,
            page_of(),
            answers | {"do": ["add-step"], "add_service": ["prep_60"], "add_behind": ["prep_1"]},
        )

    assert [each.status_code for each in (moved, longer, added)] == [200, 200, 200]
    for page in (moved, longer, added):
        assert fields(page)["title"] == ["Typed, not saved"]
    assert [fields(moved)[f"steps-{n}-key"] for n in (2, 3)] == [["prep_2"], ["prep_1"]]
    assert "Preparation 1 → " not in moved.text
    assert "Preparation 1: that step comes later in the course" in text_of(moved)
    assert fields(longer)["steps-17-key"] == ["dose_7"]
    assert fields(longer)["span-last"] == ["dose_7"]
    assert fields(added)["steps-3-key"] == ["prep_3"]
    assert 'id="step-prep_3" open' in added.text


def test_more_dosings_wait_until_the_course_can_be_read(browser: FlaskClient) -> None:
    answers = fields(browser.get(page_of())) | {"steps-4-after-0-max": ["soon"]}

    answer = post(browser, page_of(), answers | {"do": ["more-dosings"]})

    assert answer.status_code == 422
    assert list(problems(answer)) == ["steps-4-after-0-max"]
    assert fields(answer)["steps-4-after-0-max"] == ["soon"]


def test_the_drawing_follows_what_is_typed_and_comes_alone_to_a_script(
    browser: FlaskClient,
) -> None:
    answers = fields(browser.get(page_of())) | {"steps-4-after-0-min": ["8"], "look": ["1"]}
    answers["steps-6-after-0-min"] = ["x"]

    with nothing_changes():
        page = post(browser, page_of(), answers)
        browser.environ_base["HTTP_SEC_FETCH_DEST"] = "empty"
        alone = post(browser, page_of(), answers)

    for each in (page, alone):
        assert each.status_code == 200
        assert "Dosing 1, Day 11:" in text_of(each)
        assert "Dosing 2: the recommended minimum is a whole number from 0" in text_of(each)
    assert "<form" in page.text
    assert "<form" not in alone.text


@pytest.mark.parametrize(
    "name",
    ["steps-²-key", "steps-１-key", f"steps-{'9' * 5000}-key", "steps--1-key", "steps-x"],
    ids=["power", "wide", "long", "negative", "letter"],
)
@pytest.mark.database("sqlite")
def test_names_that_no_page_of_ours_sends_are_nothing(browser: FlaskClient, name: str) -> None:
    answers = fields(browser.get(page_of()))

    with nothing_changes():
        answer = post(browser, page_of(), answers | {name: ["1"]})

    assert answer.status_code == 303


@pytest.mark.database("sqlite")
def test_a_form_with_next_to_nothing_is_refused(browser: FlaskClient) -> None:
    with nothing_changes():
        answers = [
            post(browser, page_of(), given)
            for given in ({}, {"do": ["add-step"]}, {"look": ["1"]}, {"steps-0-key": [""]})
        ]

    assert [each.status_code for each in answers] == [422, 200, 200, 422]


# Copies, and what is offered no longer -----------------------------------------------------------


def test_a_copy_has_a_name_of_its_own(browser: FlaskClient) -> None:
    answer = post(browser, f"{page_of()}/copy", {})

    made = template("copy-of-low-dose-lozenge-course-six-sessions")
    assert answer.location == f"/settings/courses/{made.id}"
    assert made.document == templates.course("sl-psycholytic-6") | {
        "slug": made.slug,
        "title": "Copy of Low-dose lozenge course, six sessions",
    }


def test_a_retired_course_is_not_offered_until_it_is_brought_back(browser: FlaskClient) -> None:
    post(browser, f"{page_of()}/retire", {})
    read_again()
    assert [each.slug for each in offered_templates()] == SLUGS[1:]
    assert "No longer offered" in text_of(browser.get("/settings/courses"))

    post(browser, f"{page_of()}/bring-back", {})
    read_again()
    assert [each.slug for each in offered_templates()] == SLUGS


def test_a_prescriber_looks_and_changes_nothing(prescriber: FlaskClient) -> None:
    page = prescriber.get(page_of())

    assert "10 to 18 days after dosing 1 (at least 7, at most 28)" in text_of(page)
    assert "Dosing 1, asks for Consent treatment; Consent ketamine;" in text_of(page)
    assert "<form class" not in page.text
    with nothing_changes():
        assert post(prescriber, page_of(), {}).status_code == 403


def test_of_two_who_change_a_course_at_once_one_is_told(therapist: Resource) -> None:
    row = template()
    wider = row.document | {"title": "Wider"}
    with transaction():
        service.change(row.id, wider, seen=1, by=OWNER)

    with pytest.raises(Conflict), transaction():
        service.change(row.id, row.document | {"title": "Narrower"}, seen=1, by=OWNER)

    assert template().title == "Wider"
