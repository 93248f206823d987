"""Services, appointments, and the notes to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, composite, foreign, mapped_column, relationship

from practice.billing.rules import prices
from practice.billing.rules.prices import Asked
from practice.calendar.models import BookingRules
from practice.clients.rules.papers import Route
from practice.core.crypto import Sealed
from practice.core.db import Base, PracticeOwned, enum_by_value
from practice.core.money import Money
from practice.people.models import Client
from practice.sessions.rules.lifecycle import AppointmentState, Modality, SessionKind
from practice.sessions.rules.needs import Shape
from practice.sessions.rules.policies import Policy, from_terms
from practice.sessions.rules.windows import Session


class Service(PracticeOwned, Base):
    """Something the practice offers: a kind of session, its length, price and needs.

    ``code`` is the short neutral code that a calendar may show. ``needs_roles`` names one
    person each. ``notice_hours`` is how far ahead a client must book. ``deposit`` is what has to
    be paid to book it, where that is not all. What ``needs_approval`` is
    asked for by clients, and booked when a person says yes. ``cancellation`` holds the terms of
    cancelling; ``version`` grows with every change, and what was before is kept.
    """

    __tablename__ = "services"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "slug"),
        sa.CheckConstraint("minutes > 0", name="has_length"),
        sa.CheckConstraint("buffer_before_minutes >= 0", name="buffer_before"),
        sa.CheckConstraint("buffer_after_minutes >= 0", name="buffer_after"),
        sa.CheckConstraint("price_minor >= 0", name="price"),
    )

    slug: Mapped[str] = mapped_column(sa.String(60))
    kind: Mapped[SessionKind] = mapped_column(enum_by_value(SessionKind))
    label: Mapped[str] = mapped_column(sa.String(120))
    about: Mapped[str] = mapped_column(sa.String(500), default="")
    code: Mapped[str] = mapped_column(sa.String(3))
    minutes: Mapped[int]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    price: Mapped[Money] = composite(
        mapped_column("price_minor"), mapped_column("currency", sa.String(3))
    )
    modalities: Mapped[list[str]]
    needs_room: Mapped[bool]
    needs_roles: Mapped[list[str]]
    route: Mapped[Route | None] = mapped_column(enum_by_value(Route))
    notice_hours: Mapped[int]
    billed_by_practice: Mapped[bool]
    pay_at_visit: Mapped[bool] = mapped_column(default=False)
    deposit: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    needs_approval: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    cancellation: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    position: Mapped[int]
    ended_at: Mapped[datetime | None]

    rules: Mapped[BookingRules] = relationship(
        primaryjoin=lambda: foreign(Service.practice_id) == BookingRules.practice_id,
        viewonly=True,  # read with the service; again only where a transaction is tried again
    )

    @property
    def modality_set(self) -> frozenset[Modality]:
        return frozenset(map(Modality, self.modalities))

    @property
    def policy(self) -> Policy:
        return from_terms(self.cancellation)

    @property
    def asked(self) -> Asked | None:
        return prices.from_terms(self.deposit)

    @property
    def due_at_booking(self) -> Money:
        """What somebody who has never been here pays to book it, if it is not paid at the visit."""
        asked = self.asked
        minor = asked.minor(self.price.minor, is_first=True) if asked else self.price.minor
        return Money(minor, self.price.currency)

    @property
    def shape(self) -> Shape:
        return Shape(
            minutes=self.minutes,
            buffer_before_minutes=self.buffer_before_minutes,
            buffer_after_minutes=self.buffer_after_minutes,
            roles=tuple(self.needs_roles),
            needs_room=self.needs_room,
        )


class ServiceVersion(PracticeOwned, Base):
    """What a service was until somebody changed it. ``terms`` are its fields, as JSON.

    ``number`` is the version that ended at ``until_at``; the one that holds is the service itself.
    """

    __tablename__ = "service_versions"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"], ["services.practice_id", "services.id"]
        ),
        sa.UniqueConstraint("practice_id", "service_id", "number"),
    )

    service_id: Mapped[UUID]
    number: Mapped[int]
    until_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]
    terms: Mapped[dict[str, Any]]


class Appointment(PracticeOwned, Base):
    """A client's time in the practice. The resources it takes are its claims.

    What was agreed (label, price, length, kind, terms of cancelling) is copied onto it when it is
    made. ``client_id`` is empty only while a visitor who picked a time has not said who they are.
    ``asks_minor`` is what has to be paid to book it, where that is not all of the price;
    ``price_why`` is why that is not the list price. ``sale_id`` is the package or course that it
    is a part of, under the name ``sale_what``: then nothing is to be paid for it alone.
    A hold is a tentative one with ``hold_ends_at``. ``sequence`` grows with every change that a
    calendar shows, ``relabelled`` with every one that is none of the session's own (a title, the
    address that may be known now); ``uid`` stays for life.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"], ["services.practice_id", "services.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "host_id"], ["resources.practice_id", "resources.id"]
        ),
        sa.UniqueConstraint("practice_id", "uid"),
        sa.UniqueConstraint("practice_id", "form_token"),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.CheckConstraint(
            "client_id IS NOT NULL OR state IN ('tentative', 'released', 'cancelled')",
            name="has_client",
        ),
        sa.Index("ix_appointments_starts", "practice_id", "starts_at"),
        sa.Index("ix_appointments_client", "practice_id", "client_id", "starts_at"),
        sa.Index("ix_appointments_hold", "practice_id", "hold_ends_at"),
    )

    client_id: Mapped[UUID | None]
    service_id: Mapped[UUID]
    host_id: Mapped[UUID]  # the person who holds the session
    kind: Mapped[SessionKind] = mapped_column(enum_by_value(SessionKind))
    label: Mapped[str] = mapped_column(sa.String(120))
    price: Mapped[Money] = composite(
        mapped_column("price_minor"), mapped_column("currency", sa.String(3))
    )
    modality: Mapped[Modality] = mapped_column(enum_by_value(Modality))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    cancellation: Mapped[dict[str, Any]]
    pay_at_visit: Mapped[bool] = mapped_column(default=False)
    asks_minor: Mapped[int | None]
    price_why: Mapped[str | None] = mapped_column(sa.String(240))
    sale_id: Mapped[UUID | None]
    sale_what: Mapped[str | None] = mapped_column(sa.String(60))
    time_zone: Mapped[str] = mapped_column(sa.String(60))  # as booked, so that wall time is known
    state: Mapped[AppointmentState] = mapped_column(enum_by_value(AppointmentState))
    hold_ends_at: Mapped[datetime | None]
    hold_renewals: Mapped[int] = mapped_column(default=0)
    hold_browser: Mapped[str | None] = mapped_column(sa.String(64))
    hold_address: Mapped[str | None] = mapped_column(sa.String(64))
    form_token: Mapped[str | None] = mapped_column(sa.String(64))
    link_version: Mapped[int] = mapped_column(default=1)
    uid: Mapped[str] = mapped_column(sa.String(80))
    sequence: Mapped[int] = mapped_column(default=0)
    relabelled: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    arrived_at: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    rest_is_credit: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    off_why: Mapped[str | None] = mapped_column(sa.String(40))  # why it was called off or missed
    override_reason: Mapped[str | None] = mapped_column(sa.String(300))
    declined_why_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)

    declined_why = Sealed("declined_why_sealed")

    client: Mapped[Client | None] = relationship(
        lazy="raise_on_sql", overlaps="service", viewonly=True
    )
    service: Mapped[Service] = relationship(lazy="raise_on_sql", viewonly=True)

    @property
    def policy(self) -> Policy:
        return from_terms(self.cancellation)

    @property
    def to_pay(self) -> Money:
        """What is to be paid for this session alone: nothing for a part of a package."""
        return self.price if self.sale_id is None else Money(0, self.price.currency)

    @property
    def due_at_booking(self) -> Money:
        """What has to be paid before it is confirmed, if it is not paid at the visit."""
        to_pay = self.to_pay
        if self.asks_minor is None or not to_pay:
            return to_pay
        return Money(min(self.asks_minor, to_pay.minor), to_pay.currency)

    @property
    def placed(self) -> Session:
        """Return what windows look at."""
        return Session(self.id, self.kind, self.starts_at, self.ends_at)


class SessionChange(PracticeOwned, Base):
    """The last deed on a session that may be taken back, for as long as it may be.

    One row a session: the next change takes its place. ``sequence`` is the session's right after
    it, so that whatever happened since is noticed. Sessions of a course that moved together share
    ``ripple_id``: they are taken back together.
    """

    __tablename__ = "session_changes"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "appointment_id"], ["appointments.practice_id", "appointments.id"]
        ),
        sa.UniqueConstraint("practice_id", "appointment_id"),
    )

    appointment_id: Mapped[UUID]
    deed: Mapped[str] = mapped_column(sa.String(20))  # book, move, cancel or miss
    by_kind: Mapped[str] = mapped_column(sa.String(20))  # who may take it back: client or staff
    was_at: Mapped[datetime]
    was_state: Mapped[str] = mapped_column(sa.String(40))
    was_reason: Mapped[str | None] = mapped_column(sa.String(300))
    sequence: Mapped[int]
    made_at: Mapped[datetime]
    ripple_id: Mapped[UUID | None]


class SessionNote(PracticeOwned, Base):
    """What staff should know about a session: the newest counts, the others are its history.

    Never changed. No psychotherapy note: everybody who runs the day reads it.
    """

    __tablename__ = "session_notes"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "appointment_id"], ["appointments.practice_id", "appointments.id"]
        ),
        sa.ForeignKeyConstraint(["practice_id", "written_by"], ["users.practice_id", "users.id"]),
        sa.Index("ix_session_notes_appointment", "practice_id", "appointment_id", "written_at"),
    )

    appointment_id: Mapped[UUID]
    text_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    written_at: Mapped[datetime]
    written_by: Mapped[UUID]

    text = Sealed("text_sealed")


class GateOverride(PracticeOwned, Base):
    """A gate that somebody passed for one session without its proof, and why. Kept for ever.

    Rows are only added: one that ``ends`` another says that it holds no longer.
    """

    __tablename__ = "gate_overrides"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "appointment_id"], ["appointments.practice_id", "appointments.id"]
        ),
        sa.ForeignKeyConstraint(["practice_id", "made_by"], ["users.practice_id", "users.id"]),
        sa.ForeignKeyConstraint(
            ["practice_id", "ends"], ["gate_overrides.practice_id", "gate_overrides.id"]
        ),
        sa.UniqueConstraint("practice_id", "ends"),
        sa.Index("ix_gate_overrides_appointment", "practice_id", "appointment_id"),
    )

    appointment_id: Mapped[UUID]
    gate: Mapped[str] = mapped_column(sa.String(40))
    stage: Mapped[str] = mapped_column(sa.String(20))
    reason_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    made_by: Mapped[UUID]
    made_at: Mapped[datetime]
    ends: Mapped[UUID | None]

    reason = Sealed("reason_sealed")


class BroughtSession(PracticeOwned, Base):
    """A session that a client had elsewhere, before this practice kept its book here.

    A dated fact for windows and gates: it takes no time, costs nothing and tells nobody. One
    without a start says how many sessions of its kind were ``left_over`` when it was written.
    """

    __tablename__ = "brought_sessions"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.CheckConstraint("(starts_at IS NULL) = (ends_at IS NULL)", name="whole_or_none"),
        sa.CheckConstraint("(starts_at IS NULL) <> (left_over IS NULL)", name="held_or_left"),
        sa.Index("ix_brought_sessions_client", "practice_id", "client_id"),
    )

    client_id: Mapped[UUID]
    kind: Mapped[SessionKind] = mapped_column(enum_by_value(SessionKind))
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    left_over: Mapped[int | None]
    recorded_at: Mapped[datetime]
