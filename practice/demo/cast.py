"""Who is in the demo: two practices, their staff, and their clients.

Everybody is made up: addresses end in ``.example``, and numbers with 555-01 belong to nobody.
Days count from the day on which the demo is made.
"""

from __future__ import annotations

from dataclasses import dataclass

from practice.billing.rules.payments import PaymentMethod
from practice.clients.service import EmergencyContact
from practice.demo.ways import (
    AFTER_A_CALL,
    BOOSTERS,
    INJECTIONS,
    INTAKE,
    LOOKED_AFTER,
    LOZENGES,
    WAITS,
    Clearance,
    Pays,
    Story,
    Stranger,
    Turn,
)
from practice.people.rules import Role
from practice.people.service import PracticeFacts
from practice.sessions.rules.templates import shipped

PASSPHRASE = "quiet water, warm light"  # noqa: S105  everybody may know it
LABEL = "(demo)"
"""Stands in the name of every practice and member of staff that is made up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who works there. Without ``days`` they have no time in the calendar."""

    name: str
    email: str
    roles: tuple[Role, ...]
    days: tuple[str, ...] = ()
    start: str = "09:00"
    end: str = "18:00"
    video_link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A practice with everybody in it. The first member of staff is its owner."""

    facts: PracticeFacts
    sanctuary_address: str
    arrival_notes: str
    staff: tuple[Member, ...]
    stories: tuple[Story, ...]
    strangers: tuple[Stranger, ...]


def _of_the_templates(*mailboxes: str) -> tuple[Member, ...]:
    """Return the staff that the course templates bring, with these mailboxes in their order."""
    given = shipped()["practice_defaults"]["staff"]
    return tuple(
        Member(
            name=one["name"],
            email=f"{mailbox}@tidewater.example",
            roles=tuple(map(Role, one["roles"])),
            video_link=f"https://video.tidewater.example/{mailbox}",
            **one["hours"] | {"days": tuple(one["hours"]["days"])},
        )
        for mailbox, one in zip(mailboxes, given, strict=True)
    )


TIDEWATER = House(
    facts=PracticeFacts(
        name=f"Tidewater Sanctuary {LABEL}",
        slug="tidewater",
        time_zone="America/New_York",
        locality="Hampton Roads, VA",
        email="hello@tidewater.example",
        phone="+17575550100",
        neutral_name="Tidewater",
        about="A small practice in a quiet home near the water. One client at a time, and time "
        "enough for each: before, during and after.",
        business_name="Tidewater Sanctuary LLC (demo)",
        business_address="P.O. Box 1180\nNorfolk, VA 23501",
        tax_id="00-0000000",
    ),
    sanctuary_address="4 Heron Landing\nNorfolk, VA 23503",
    arrival_notes="Park in the driveway, on the left. Come to the blue door at the side; it is "
    "open for you, so there is no need to ring.",
    staff=(
        *_of_the_templates("morgan", "ada", "sam"),
        Member(
            name=f"Riley Chen {LABEL}", email="riley@tidewater.example", roles=(Role.FRONT_DESK,)
        ),
        Member(
            name=f"Dana Ortiz {LABEL}", email="dana@tidewater.example", roles=(Role.BOOKKEEPER,)
        ),
    ),
    stories=(
        Story(
            first_name="Nadia", last_name="Brooks", born="1984-02-11",
            phone="+17575550111", lives="18 Willow Oak Way\nNorfolk, VA 23505",
            reason="Low mood for two winters.",
            tried_before="Two medicines, each for some months; talking, which helped.",
            contact=EmergencyContact("Peter Brooks", "husband", "+17575550161"),
            came=-89, hour=9,
        ),
        Story(
            first_name="Theo", last_name="Marchetti", born="1991-09-30",
            phone="+17575550112", lives="702 Bayview Court, Apt 3\nVirginia Beach, VA 23451",
            reason="Worry that does not let go, worse since a new job.",
            contact=EmergencyContact("Lucia Marchetti", "mother", "+17575550162"),
            came=-84, hour=13, method=PaymentMethod.CHECK, clearance=Clearance.WITHDRAWN,
        ),
        Story(
            first_name="Rosa", last_name="Lindgren", born="1969-06-02",
            phone="+17575550113", lives="5 Cedar Point Road\nChesapeake, VA 23320",
            reason="Had a course elsewhere last year; comes for single sessions.",
            contact=EmergencyContact("Ingrid Lindgren", "sister", "+17575550163"),
            came=-80, hour=11, way=BOOSTERS, method=PaymentMethod.HSA_CARD, courtesy=2,
        ),
        Story(
            first_name="Priya", last_name="Raman", born="1988-12-19",
            phone="+17575550114", lives="31 Ghent Square\nNorfolk, VA 23507",
            reason="Memories of an accident; sleeps badly.",
            contact=EmergencyContact("Arun Raman", "brother", "+17575550164"),
            came=-74, hour=10, way=LOZENGES[:4], turns={7: Turn.MOVED},
        ),
        Story(
            first_name="Walter", last_name="Lindqvist", born="1957-04-25",
            phone="+17575550115", lives="90 Harbor View Drive\nPortsmouth, VA 23703",
            reason="Grief after a long illness in the family.",
            contact=EmergencyContact("Anne Lindqvist", "daughter", "+17575550165"),
            came=-66, hour=11, pays=Pays.AHEAD, method=PaymentMethod.TRANSFER,
            turns={7: Turn.CANCELLED},
        ),
        Story(
            first_name="Imani", last_name="Okonkwo", born="1995-01-08",
            phone="+17575550116", lives="244 Granby Park\nNorfolk, VA 23505",
            reason="Low mood since school; talking helps, but not enough.",
            contact=EmergencyContact("Grace Okonkwo", "mother", "+17575550166"),
            came=-58, hour=14, way=AFTER_A_CALL, method=PaymentMethod.CASH,
            turns={8: Turn.MISSED},
        ),
        Story(
            first_name="Graham", last_name="Tulloch", born="1979-07-14",
            phone="+17575550117", lives="12 Lynnhaven Lane\nVirginia Beach, VA 23452",
            reason="Panic in crowds and on bridges.",
            contact=EmergencyContact("Moira Tulloch", "wife", "+17575550167"),
            came=-53, hour=15, way=LOOKED_AFTER, by_video=True,
            pays_next_online=True, keeps_card=True,
        ),
        Story(
            first_name="Carmen", last_name="Villareal", born="1973-11-03",
            phone="+17575550118", lives="67 Olde Towne Street\nPortsmouth, VA 23704",
            reason="Years of low mood; sent by her own prescriber.",
            contact=EmergencyContact("Hector Villareal", "husband", "+17575550168"),
            came=-43, hour=10, way=INJECTIONS,
        ),
        Story(
            first_name="Jonas", last_name="Feld", born="1990-03-27",
            phone="+17575550119", lives="8 Larchmont Crescent\nNorfolk, VA 23508",
            reason="A hard year at work; no joy in anything.",
            contact=EmergencyContact("Mara Feld", "sister", "+17575550169"),
            came=-37, hour=9, pays_next_online=True,
        ),
        Story(
            first_name="Yuki", last_name="Tanabe", born="1986-10-21",
            phone="+17575550120", lives="150 Great Neck Terrace\nVirginia Beach, VA 23454",
            reason="Old fears that came back after a birth.",
            contact=EmergencyContact("Ken Tanabe", "husband", "+17575550170"),
            came=-30, hour=13, clearance=Clearance.LATE,
        ),
        Story(
            first_name="Delphine", last_name="Achard", born="1982-05-16",
            phone="+17575550121", lives="29 Riverside Mews\nHampton, VA 23669",
            reason="Burned out; wants to feel things again.",
            contact=EmergencyContact("Luc Achard", "brother", "+17575550171"),
            came=-24, hour=16, pays=Pays.NEXT_TIME, by_video=True, own_percent=60,
        ),
        Story(
            first_name="Hugh", last_name="Penrose", born="1965-08-09",
            phone="+17575550122", lives="3 Chapel Row\nSuffolk, VA 23434",
            reason="Asked for a first talk.",
            contact=EmergencyContact("Joan Penrose", "wife", "+17575550172"),
            came=-19, hour=15, way=INTAKE, turns={1: Turn.MISSED},
        ),
        Story(
            first_name="Marcus", last_name="Hale", born="1993-02-28",
            phone="+17575550123", lives="410 Colley Avenue, Apt 12\nNorfolk, VA 23507",
            reason="Low mood and worry.",
            tried_before="Three medicines, one after the other.",
            contact=EmergencyContact("Tamara Hale", "wife", "+17575550173"),
            came=-18, hour=10, way=WAITS, clearance=Clearance.MISSING,
        ),
        Story(
            first_name="Owen", last_name="Castellanos", born="1977-12-05",
            phone="+17575550124", lives="55 Shore Drive\nVirginia Beach, VA 23455",
            reason="Came home from service; cannot settle.",
            contact=EmergencyContact("Elena Castellanos", "wife", "+17575550174"),
            came=-5, hour=14, pays=Pays.NEXT_TIME,
        ),
        Story(
            first_name="Beatrice", last_name="Whitaker", born="1961-09-12",
            phone="+17575550125", lives="21 Magnolia Walk\nNewport News, VA 23601",
            reason="Read about it, and wants to talk it over.",
            contact=EmergencyContact("Claire Whitaker", "daughter", "+17575550175"),
            came=4, hour=11, way=INTAKE,
        ),
        Story(
            first_name="June", last_name="Castellano", born="1982-03-29",
            phone="+17575550131", lives="48 Larchmont Crescent\nNorfolk, VA 23508",
            reason="Worn out for years; wants to feel something again.",
            contact=EmergencyContact("Dario Castellano", "brother", "+17575550181"),
            came=-24, hour=9, course="sl-psycholytic-6",
        ),
        Story(
            first_name="Owen", last_name="Pryce", born="1990-08-17",
            phone="+17575550132", lives="9 Colley Mews\nNorfolk, VA 23507",
            reason="Fear of being among people.",
            contact=EmergencyContact("Megan Pryce", "wife", "+17575550182"),
            came=2, waits_days=28, hour=13, course="sl-psycholytic-6",
        ),
        Story(
            first_name="Thea", last_name="Sorrell", born="1976-10-05",
            phone="+17575550133", lives="320 Riverside Walk\nPortsmouth, VA 23702",
            reason="Low mood after a long illness.",
            contact=EmergencyContact("Ben Sorrell", "son", "+17575550183"),
            came=5, hour=10, course="im-induction-6", is_booked=False,
        ),
    ),
    strangers=(
        Stranger(
            first_name="Lena", last_name="Fairchild", email="lena.fairchild@mail.example",
            phone="+17575550131", service="intake", days=6, hour=10, by_video=False,
        ),
        Stranger(
            first_name="N.", last_name="Brooks", email="nadia.brooks@mail.example",
            phone="+17575550111", service="consult", days=2, hour=12,
        ),
        Stranger(
            first_name="Silas", last_name="Mercer", email="silas.mercer@mail.example",
            phone="+17575550132", service="intake", days=9, hour=16, changes_their_mind=True,
        ),
    ),
)  # fmt: skip

HARBOR = House(
    facts=PracticeFacts(
        name=f"Harbor House {LABEL}",
        slug="harbor",
        time_zone="America/Denver",
        locality="Fort Collins, CO",
        email="hello@harbor.example",
        phone="+19705550100",
        neutral_name="Harbor House",
        about="Two rooms of a house under old cottonwoods, for people who want to take their time.",
        business_name="Harbor House Care LLC (demo)",
        business_address="P.O. Box 77\nFort Collins, CO 80522",
        tax_id="00-0000001",
    ),
    sanctuary_address="1310 Cottonwood Lane\nFort Collins, CO 80524",
    arrival_notes="Park on the gravel. The door is at the back, behind the lilac.",
    staff=(
        Member(
            name=f"Jo Albright {LABEL}",
            email="jo@harbor.example",
            roles=(Role.OWNER, Role.THERAPIST),
            days=("mon", "tue", "wed", "thu", "fri"),
            video_link="https://video.harbor.example/jo",
        ),
        Member(name=f"Kit Sandoval {LABEL}", email="kit@harbor.example", roles=(Role.FRONT_DESK,)),
    ),
    stories=(
        Story(
            first_name="Ellis", last_name="Vanterpool", born="1987-01-22",
            phone="+19705550111", lives="88 Remington Street\nFort Collins, CO 80521",
            reason="Low mood since moving here.",
            contact=EmergencyContact("Noor Vanterpool", "wife", "+19705550161"),
            came=-40, hour=10,
        ),
        Story(
            first_name="June", last_name="Abernathy", born="1970-05-31",
            phone="+19705550112", lives="2 Spring Creek Road\nFort Collins, CO 80525",
            reason="Grief.",
            contact=EmergencyContact("Tom Abernathy", "son", "+19705550162"),
            came=-16, hour=14, method=PaymentMethod.CHECK,
        ),
        Story(
            first_name="Rafael", last_name="Quint", born="1998-08-18",
            phone="+19705550113", lives="640 Laurel Street, Apt 2\nFort Collins, CO 80521",
            reason="Worry before every examination.",
            contact=EmergencyContact("Ines Quint", "mother", "+19705550163"),
            came=3, hour=11, way=INTAKE,
        ),
    ),
    strangers=(),
)  # fmt: skip

HOUSES = (TIDEWATER, HARBOR)
