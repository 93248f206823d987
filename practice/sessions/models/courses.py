"""Courses: the templates a practice offers, and each client's own copy of one."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship

from practice.core.db import Base, PracticeOwned, enum_by_value
from practice.core.money import Money
from practice.people.models import Client
from practice.sessions.models.booked import Appointment
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.lifecycle import SessionKind


class CourseTemplateRow(PracticeOwned, Base):
    """A course as the practice offers it.

    ``document`` has the shape of an entry of ``templates`` in the shipped file; ``rules.courses``
    reads it, ``rules.course_faults`` says what is wrong with it. ``version`` grows with every
    change, and what was before is kept.
    """

    __tablename__ = "course_templates"
    __table_args__ = (sa.UniqueConstraint("practice_id", "slug"),)

    slug: Mapped[str] = mapped_column(sa.String(60))
    title: Mapped[str] = mapped_column(sa.String(120))
    document: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    position: Mapped[int]
    ended_at: Mapped[datetime | None]


class CourseTemplateVersion(PracticeOwned, Base):
    """What a template was until somebody changed it. The one that holds is the template itself."""

    __tablename__ = "course_template_versions"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "template_id"], ["course_templates.practice_id", "course_templates.id"]
        ),
        sa.UniqueConstraint("practice_id", "template_id", "number"),
    )

    template_id: Mapped[UUID]
    number: Mapped[int]
    until_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]
    document: Mapped[dict[str, Any]]


class Course(PracticeOwned, Base):
    """One client's course: a copy of a template, with the price and terms that were agreed.

    ``wishes`` are what the client asked of its times: see ``rules.course_wishes``. ``offered_at``
    is when staff let the client choose among the plans; ``link_version`` is part of the mail with
    the link, and grows when that is taken back.
    ``version`` grows with every change of the copy, so that a stale page is noticed.
    """

    __tablename__ = "courses"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "template_id"], ["course_templates.practice_id", "course_templates.id"]
        ),
        sa.CheckConstraint("price_minor >= 0", name="price"),
        sa.Index("ix_courses_client", "practice_id", "client_id"),
        sa.Index("ix_courses_state", "practice_id", "state"),
    )

    client_id: Mapped[UUID]
    template_id: Mapped[UUID]
    template_version: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(120))
    document: Mapped[dict[str, Any]]
    state: Mapped[CourseState] = mapped_column(enum_by_value(CourseState))
    price: Mapped[Money] = composite(
        mapped_column("price_minor"), mapped_column("currency", sa.String(3))
    )
    terms: Mapped[dict[str, Any]]
    wishes: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    offered_at: Mapped[datetime | None]
    link_version: Mapped[int] = mapped_column(default=1)
    booked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(sa.String(300))

    client: Mapped[Client] = relationship(lazy="raise_on_sql", viewonly=True)
    steps: Mapped[list["CourseStepRow"]] = relationship(
        lazy="raise_on_sql", viewonly=True, order_by="CourseStepRow.position"
    )


class CourseStepRow(PracticeOwned, Base):
    """Where one step of a client's course stands.

    It is booked (``appointment_id``), or has a date at somebody outside (``planned_on``, and
    ``held_on`` once somebody wrote down that it took place), or is still to be booked between two
    local dates (``window_from_on`` to ``window_until_on``), because neither the calendar nor the
    clearance reached that far. ``reachable_at`` is when a job first found it could be booked.
    ``dropped_at``: left out for this client.
    """

    __tablename__ = "course_steps"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "course_id"], ["courses.practice_id", "courses.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "appointment_id"], ["appointments.practice_id", "appointments.id"]
        ),
        sa.UniqueConstraint("practice_id", "course_id", "key"),
        sa.UniqueConstraint("practice_id", "appointment_id"),
        sa.CheckConstraint(
            "(window_from_on IS NULL) = (window_until_on IS NULL)", name="whole_window"
        ),
    )

    course_id: Mapped[UUID]
    key: Mapped[str] = mapped_column(sa.String(60))
    position: Mapped[int]
    kind: Mapped[SessionKind] = mapped_column(enum_by_value(SessionKind))
    is_external: Mapped[bool] = mapped_column(default=False)
    appointment_id: Mapped[UUID | None]
    planned_on: Mapped[date | None]
    held_on: Mapped[date | None]
    window_from_on: Mapped[date | None]
    window_until_on: Mapped[date | None]
    reachable_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]

    appointment: Mapped[Appointment | None] = relationship(lazy="raise_on_sql", viewonly=True)


class CourseChange(PracticeOwned, Base):
    """Something that was decided about a course, with its reason. Never changed, never removed.

    ``deed`` is one of ``rules.course_deeds``; ``facts`` complete its sentence.
    """

    __tablename__ = "course_changes"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "course_id"], ["courses.practice_id", "courses.id"]
        ),
        sa.Index("ix_course_changes_course", "practice_id", "course_id", "made_at"),
    )

    course_id: Mapped[UUID]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    deed: Mapped[str] = mapped_column(sa.String(40))
    reason: Mapped[str | None] = mapped_column(sa.String(300))
    facts: Mapped[dict[str, Any]]


class CourseReview(PracticeOwned, Base):
    """What somebody decided at a review point: continue, change, stop and the like.

    One decision a point: it stands before the next dosing can be confirmed.
    """

    __tablename__ = "course_reviews"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "course_id"], ["courses.practice_id", "courses.id"]
        ),
        sa.ForeignKeyConstraint(["practice_id", "decided_by"], ["users.practice_id", "users.id"]),
        sa.UniqueConstraint("practice_id", "course_id", "after_key"),
    )

    course_id: Mapped[UUID]
    after_key: Mapped[str] = mapped_column(sa.String(60))
    decision: Mapped[str] = mapped_column(sa.String(60))
    reason: Mapped[str] = mapped_column(sa.String(300))
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID]
