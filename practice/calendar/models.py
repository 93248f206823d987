"""Resources and their hours, claims on their time, and the calendars that leave the house."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from practice.core.crypto import Sealed
from practice.core.db import Base, PracticeOwned, enum_by_value


class ResourceKind(StrEnum):
    PERSON = "person"  # a practitioner, a prescriber, a medical monitor
    ROOM = "room"
    CLIENT = "client"
    HOME = "home"  # one client on site at a time, and a gap so that clients do not meet


class ClaimKind(StrEnum):
    SESSION = "session"
    BLOCK = "block"
    IMPORTED = "imported"


class DetailLevel(StrEnum):
    """How much a practitioner's feed says. The kind of session in words never leaves."""

    BUSY = "busy"
    PLAIN = "plain"
    INITIALS = "initials"
    INITIALS_AND_CODE = "initials_and_code"


class BookingRules(PracticeOwned, Base):
    """How a practice gives its time away: one row a practice.

    Minutes of the day count from local midnight. ``weekdays`` are ISO numbers, Monday 1.
    """

    __tablename__ = "booking_rules"
    __table_args__ = (sa.UniqueConstraint("practice_id"),)

    weekdays: Mapped[list[int]]
    opens_minute: Mapped[int]
    closes_minute: Mapped[int]
    dosing_first_start_minute: Mapped[int]
    dosing_last_start_minute: Mapped[int]
    quiet_from_minute: Mapped[int]
    quiet_to_minute: Mapped[int]
    max_dosings_per_day: Mapped[int]
    max_dosings_per_week: Mapped[int]
    gap_between_clients_minutes: Mapped[int]
    horizon_days: Mapped[int]
    start_step_minutes: Mapped[int]
    hold_minutes: Mapped[int]
    hold_renewals: Mapped[int]
    checkout_minutes: Mapped[int]
    after_checkout_seconds: Mapped[int]
    address_hours_before: Mapped[int]
    invites_clients: Mapped[bool] = mapped_column(default=True)  # by mail, into their calendars
    address_in_calendars: Mapped[bool] = mapped_column(default=False)  # else on their pages alone
    sanctuary_address_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    arrival_notes_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)

    sanctuary_address = Sealed("sanctuary_address_sealed")
    arrival_notes = Sealed("arrival_notes_sealed")


class Resource(PracticeOwned, Base):
    """Anything that can be in one place at a time. ``roles`` says what a person can serve as."""

    __tablename__ = "resources"
    __table_args__ = (
        sa.ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.UniqueConstraint("practice_id", "client_id"),
        sa.Index("ix_resources_kind", "practice_id", "kind"),
    )

    kind: Mapped[ResourceKind] = mapped_column(enum_by_value(ResourceKind))
    name: Mapped[str] = mapped_column(sa.String(120))
    roles: Mapped[list[str]]
    user_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None]
    video_link: Mapped[str] = mapped_column(sa.String(300), default="")
    ended_at: Mapped[datetime | None]


class WorkingHours(PracticeOwned, Base):
    """A weekly window of wall-clock time in the practice's zone. ``weekday`` is ISO, Monday 1.

    ``kinds`` are the kinds of session that may be given in it, none means all; ``modality`` the
    only way of giving them, empty means any.
    """

    __tablename__ = "working_hours"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"], ["resources.practice_id", "resources.id"]
        ),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        sa.CheckConstraint(
            "starts_minute >= 0 AND ends_minute <= 1440 AND starts_minute < ends_minute",
            name="within_a_day",
        ),
        sa.Index("ix_working_hours_resource", "practice_id", "resource_id"),
    )

    resource_id: Mapped[UUID]
    weekday: Mapped[int]
    starts_minute: Mapped[int]
    ends_minute: Mapped[int]
    kinds: Mapped[list[str]] = mapped_column(default=list)
    modality: Mapped[str] = mapped_column(sa.String(20), default="")


class HoursOverride(PracticeOwned, Base):
    """What replaces a resource's weekly hours on one local date: one window, or none at all.

    ``kinds`` and ``modality`` say what the window is for, as they do for weekly ones. Nothing
    else can be booked on that date.
    """

    __tablename__ = "hours_overrides"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"], ["resources.practice_id", "resources.id"]
        ),
        sa.CheckConstraint(
            "(starts_minute IS NULL) = (ends_minute IS NULL)", name="whole_window_or_none"
        ),
        sa.Index("ix_hours_overrides_on", "practice_id", "on_date"),
    )

    resource_id: Mapped[UUID]
    on_date: Mapped[date]
    starts_minute: Mapped[int | None]
    ends_minute: Mapped[int | None]
    kinds: Mapped[list[str]] = mapped_column(default=list)
    modality: Mapped[str] = mapped_column(sa.String(20), default="")


class Closure(PracticeOwned, Base):
    """Local days, both ends included, on which the practice sees nobody."""

    __tablename__ = "closures"
    __table_args__ = (
        sa.CheckConstraint("last_on >= first_on", name="in_order"),
        sa.Index("ix_closures_on", "practice_id", "first_on", "last_on"),
    )

    first_on: Mapped[date]
    last_on: Mapped[date]
    reason: Mapped[str] = mapped_column(sa.String(120))


class Claim(PracticeOwned, Base):
    """A resource's occupied interval ``[starts_at, ends_at)``, buffers included.

    The database itself refuses two live claims that overlap on one resource. ``holder_id`` is
    the appointment or block it was made for; what holds it is not this room's to know.
    """

    __tablename__ = "claims"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"], ["resources.practice_id", "resources.id"]
        ),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.Index("ix_claims_resource", "practice_id", "resource_id", "ends_at"),
        sa.Index("ix_claims_holder", "practice_id", "holder_id"),
    )

    resource_id: Mapped[UUID]
    holder_id: Mapped[UUID]
    kind: Mapped[ClaimKind] = mapped_column(enum_by_value(ClaimKind))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    released_at: Mapped[datetime | None]


class Block(PracticeOwned, Base):
    """Time that a person, a room or the home does not give to clients. Its claims say whose.

    A repeated one is a row for each time, with one ``series_id``. ``version`` grows with every
    change. The reason is for staff alone, and sealed.
    """

    __tablename__ = "blocks"
    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.Index("ix_blocks_ends", "practice_id", "ends_at"),
        sa.Index("ix_blocks_series", "practice_id", "series_id"),
    )

    series_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    reason = Sealed("reason_sealed")


class DosingWeek(PracticeOwned, Base):
    """The row that bookings of dosings in one ISO week take turns on, so that caps hold."""

    __tablename__ = "dosing_weeks"
    __table_args__ = (sa.UniqueConstraint("practice_id", "monday_on"),)

    monday_on: Mapped[date]


class FeedSubscription(PracticeOwned, Base):
    """How a calendar leaves the house: by an address to subscribe to, by mail, or in an account.

    An address has its token's digest as a door; what goes ``by_mail`` are invitations to whoever
    made it. ``resource_id`` is whose sessions: a person's, a room's, the home's or a client's.
    ``version`` and ``changed_at`` move with every change that can be seen in it. It shows
    ``days_back`` and ``days_ahead`` of today, with an alarm if ``alarm_minutes`` says when.

    An account's door is its user name with its app password. It shows what starts at
    ``shown_from`` or later, and knows of no change up to the version ``forgotten``.
    """

    __tablename__ = "feed_subscriptions"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"], ["resources.practice_id", "resources.id"]
        ),
        sa.Index("ix_feed_subscriptions_resource", "practice_id", "resource_id"),
    )

    resource_id: Mapped[UUID]
    made_by: Mapped[UUID]
    label: Mapped[str] = mapped_column(sa.String(80))
    level: Mapped[DetailLevel] = mapped_column(enum_by_value(DetailLevel))
    by_mail: Mapped[bool] = mapped_column(default=False)
    in_account: Mapped[bool] = mapped_column(default=False)
    shown_from: Mapped[datetime | None]
    forgotten: Mapped[int] = mapped_column(default=0)
    alarm_minutes: Mapped[int | None]
    days_back: Mapped[int] = mapped_column(default=90)
    days_ahead: Mapped[int] = mapped_column(default=400)
    version: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    fetched_by: Mapped[str | None] = mapped_column(sa.String(120))
    fetched_status: Mapped[int | None]


class CalendarEntry(PracticeOwned, Base):
    """A session as calendars show it: finished VEVENT text, per level of detail.

    One row a session, level and resource. ``uid`` is stable for the session's life and
    ``sequence`` grows with every visible change. ``gone_at`` is set when the session was
    cancelled: from then on the text is a tombstone.
    """

    __tablename__ = "calendar_entries"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "session_id", "resource_id", "level"),
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"], ["resources.practice_id", "resources.id"]
        ),
        sa.Index("ix_calendar_entries_feed", "practice_id", "resource_id", "level", "starts_at"),
        sa.Index(
            "ix_calendar_entries_gone",
            "practice_id",
            "resource_id",
            "level",
            "ends_at",
            postgresql_where=sa.text("gone_at IS NOT NULL"),
            sqlite_where=sa.text("gone_at IS NOT NULL"),
        ),
    )

    session_id: Mapped[UUID]
    resource_id: Mapped[UUID]
    level: Mapped[DetailLevel] = mapped_column(enum_by_value(DetailLevel))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    text: Mapped[str] = mapped_column(sa.Text)


class WhenStale(StrEnum):
    """What a calendar does that could not be read for three days."""

    KEEP = "keep"  # its times go on blocking, and nothing else changes
    HIDE = "hide"  # and whoever it belongs to cannot be booked online


class ExternalCalendar(PracticeOwned, Base):
    """A calendar from elsewhere whose busy times are claims of a person or a room.

    It has a secret address, or none if it was uploaded. Its times block once it is
    ``confirmed_at``; until then what it would block is ``found``. It is not read any more once it
    is ``stopped_at``.

    ``checked_at`` is when it was asked for last, ``read_at`` when that last went well, and
    ``changed_at`` when something else came. ``way`` is a mark of how it was read then.
    """

    __tablename__ = "external_calendars"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"], ["resources.practice_id", "resources.id"]
        ),
        sa.Index("ix_external_calendars_resource", "practice_id", "resource_id"),
    )

    resource_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(sa.String(80))
    address_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    all_day_blocks: Mapped[bool]
    free_blocks: Mapped[bool]
    tentative_blocks: Mapped[bool]
    floating_zone: Mapped[str] = mapped_column(sa.String(64), default="")
    own_addresses_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    when_stale: Mapped[WhenStale] = mapped_column(enum_by_value(WhenStale))
    added_by: Mapped[UUID]
    added_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]  # that it could not be read for a day
    failures: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(sa.String(200))
    events: Mapped[int] = mapped_column(default=0)
    unreadable: Mapped[int] = mapped_column(default=0)
    guessed: Mapped[int] = mapped_column(default=0)
    etag: Mapped[str | None] = mapped_column(sa.String(300))
    last_modified: Mapped[str | None] = mapped_column(sa.String(60))
    body_hash: Mapped[str | None] = mapped_column(sa.String(64))
    way: Mapped[str | None] = mapped_column(sa.String(64))
    found: Mapped[str | None] = mapped_column(sa.Text)

    address = Sealed("address_sealed")
    own_addresses = Sealed("own_addresses_sealed")


class SentInvitation(PracticeOwned, Base):
    """The last that somebody's calendar was told of a session by mail.

    ``reader_id`` is the subscription by mail, or the session itself for its own client: whoever
    that is by now. ``mark`` stands for what an invitation shows; ``sequence`` is what it said.
    """

    __tablename__ = "sent_invitations"
    __table_args__ = (sa.UniqueConstraint("practice_id", "session_id", "reader_id"),)

    session_id: Mapped[UUID]
    reader_id: Mapped[UUID]
    sequence: Mapped[int]
    mark: Mapped[str] = mapped_column(sa.String(64))
    is_cancelled: Mapped[bool]
    sent_at: Mapped[datetime]
