from itertools import combinations

import pytest

from practice.people.rules import MAY, SEES_CLIENTS, Permission, Role, may

P = Permission


def test_every_role_has_its_line_in_the_table() -> None:
    assert MAY.keys() == set(Role)


@pytest.mark.parametrize("permission", Permission)
def test_every_permission_is_held_by_somebody_besides_the_owner_or_is_the_owners_alone(
    permission: Permission,
) -> None:
    holders = {role for role in Role if permission in MAY[role]}

    assert Role.OWNER in holders
    assert (holders == {Role.OWNER}) == (permission is P.PRACTICE_MANAGE)


def test_everybody_on_staff_may_work() -> None:
    assert {role for role in Role if P.WORK in MAY[role]} == set(Role)


def test_who_keeps_the_books_sees_nobody_in_care() -> None:
    assert MAY[Role.BOOKKEEPER] == {P.WORK, P.MONEY_VIEW, P.MONEY_TAKE, P.INVOICE_EXPORT}


def test_the_front_desk_books_and_takes_money_but_reads_no_papers() -> None:
    closed = {
        P.CARE_VIEW,
        P.CARE_EDIT,
        P.CONSENT_RECORD,
        P.CLEARANCE_RECORD,
        P.CLEARANCE_SUSPEND,
        P.CHECKS_RECORD,
        P.GATE_PASS,
        P.WINDOW_OVERRIDE,
        P.INVOICE_EXPORT,
        P.PRACTICE_MANAGE,
        P.HOURS_OWN,
        P.COURSE_TEMPLATE_VIEW,
        P.COURSE_TEMPLATE_EDIT,
        P.COURSE_CHANGE,
    }

    assert MAY[Role.FRONT_DESK] == set(Permission) - closed


def test_a_clearance_is_put_on_file_by_the_prescriber_or_from_the_prescribers_document() -> None:
    recording = {role for role in Role if P.CLEARANCE_RECORD in MAY[role]}

    assert recording == {Role.OWNER, Role.THERAPIST, Role.PRESCRIBER}


def test_who_changes_something_may_also_see_it() -> None:
    sees = {
        P.APPOINTMENT_BOOK: P.CALENDAR_VIEW,
        P.APPOINTMENT_RUN: P.CALENDAR_VIEW,
        P.FEED_SUBSCRIBE: P.CALENDAR_VIEW,
        P.CLIENT_EDIT: P.CLIENT_VIEW,
        P.WINDOW_OVERRIDE: P.APPOINTMENT_BOOK,
        P.COURSE_TEMPLATE_EDIT: P.COURSE_TEMPLATE_VIEW,
        P.COURSE_CHANGE: P.CLIENT_VIEW,
        P.CARE_VIEW: P.CLIENT_VIEW,
        P.CARE_EDIT: P.CARE_VIEW,
        P.CONSENT_RECORD: P.CARE_VIEW,
        P.CLEARANCE_RECORD: P.CARE_VIEW,
        P.MONEY_TAKE: P.MONEY_VIEW,
        P.INVOICE_EXPORT: P.MONEY_VIEW,
    }

    blind = {
        (role, doing)
        for role in Role
        for doing, seeing in sees.items()
        if doing in MAY[role] and seeing not in MAY[role]
    }

    assert blind == set()


@pytest.mark.parametrize("pair", list(combinations(Role, 2)))
def test_several_roles_allow_what_any_of_them_allows(pair: tuple[Role, Role]) -> None:
    allowed = {permission for permission in Permission if may(pair, permission)}

    assert allowed == MAY[pair[0]] | MAY[pair[1]]


def test_without_a_role_nothing_is_allowed() -> None:
    assert not any(may([], permission) for permission in Permission)


def test_who_has_time_in_the_calendar_sees_it() -> None:
    assert all(P.CALENDAR_VIEW in MAY[role] for role in SEES_CLIENTS)
