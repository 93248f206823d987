"""What is on file about a person in care."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from practice.clients.rules.papers import PaperKind, PaperOnFile, Route
from practice.core.crypto import Sealed
from practice.core.db import Base, PracticeOwned, enum_by_value


class CareProfile(PracticeOwned, Base):
    """Why a client comes, and whom to call. One row a client, sealed."""

    __tablename__ = "care_profiles"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.UniqueConstraint("practice_id", "client_id"),
    )

    client_id: Mapped[UUID]
    reason_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    tried_before_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    emergency_name_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    emergency_relation_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    emergency_phone_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    emergency_confirmed_on: Mapped[date | None]
    member_id_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)

    reason = Sealed("reason_sealed")
    tried_before = Sealed("tried_before_sealed")
    emergency_name = Sealed("emergency_name_sealed")
    emergency_relation = Sealed("emergency_relation_sealed")
    emergency_phone = Sealed("emergency_phone_sealed")
    member_id = Sealed("member_id_sealed")  # of their insurer, for superbills


class Paper(PracticeOwned, Base):
    """A paper or record on file, with its own date. Withdrawn or replaced, never changed.

    ``appointment_id`` is that of the one session it is for, where it is for one. ``is_good`` is
    the outcome, of kinds that have any. ``person`` and ``phone`` are an escort's.
    """

    __tablename__ = "papers"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "appointment_id"], ["appointments.practice_id", "appointments.id"]
        ),
        sa.CheckConstraint(
            "(kind = 'medical_clearance') = (route IS NOT NULL)", name="clearance_names_route"
        ),
        sa.CheckConstraint("valid_until IS NULL OR valid_until >= dated_on", name="in_order"),
        sa.Index("ix_papers_client", "practice_id", "client_id", "kind"),
    )

    client_id: Mapped[UUID]
    kind: Mapped[PaperKind] = mapped_column(enum_by_value(PaperKind))
    dated_on: Mapped[date]
    valid_until: Mapped[date | None]
    route: Mapped[Route | None] = mapped_column(enum_by_value(Route))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    withdrawn_at: Mapped[datetime | None]
    appointment_id: Mapped[UUID | None]
    is_good: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    labs_every_days: Mapped[int | None]
    detail_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    person_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    phone_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)

    detail = Sealed("detail_sealed")
    person = Sealed("person_sealed")
    phone = Sealed("phone_sealed")

    @property
    def on_file(self) -> PaperOnFile:
        return PaperOnFile(
            id=self.id,
            kind=self.kind,
            dated_on=self.dated_on,
            valid_until=self.valid_until,
            route=self.route,
            session_id=self.appointment_id,
            is_good=self.is_good,
            labs_every_days=self.labs_every_days,
        )


class TreatmentTried(PracticeOwned, Base):
    """One treatment that a client had before, as they tell it. Every word of it is sealed."""

    __tablename__ = "treatments_tried"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.Index("ix_treatments_tried_client", "practice_id", "client_id"),
    )

    client_id: Mapped[UUID]
    what_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    when_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    helped_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    effect_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    recorded_at: Mapped[datetime]

    what = Sealed("what_sealed")
    when = Sealed("when_sealed")  # in the client's words: "2019 to 2021"
    helped = Sealed("helped_sealed")  # a member of ``Helped``
    effect = Sealed("effect_sealed")


class Diagnosis(PracticeOwned, Base):
    """A diagnosis that a clinician recorded. It ends, and is never changed.

    At most one that counts is the primary one: the service sees to it.
    """

    __tablename__ = "diagnoses"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.Index("ix_diagnoses_client", "practice_id", "client_id"),
    )

    client_id: Mapped[UUID]
    code_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    is_primary: Mapped[bool]
    dated_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]

    code = Sealed("code_sealed")


class ClientMerge(PracticeOwned, Base):
    """Two clients who turned out to be one person: what of ``gone_id`` went over to ``kept_id``.

    ``moved`` names rows by table and column (``"appointments.client_id"``), ``filled`` the
    details that the kept client had not, ``tasks`` those that were done by it. So an undo knows
    exactly what to put back.
    """

    __tablename__ = "client_merges"
    __table_args__ = (
        sa.ForeignKeyConstraint(["practice_id", "kept_id"], ["clients.practice_id", "clients.id"]),
        sa.ForeignKeyConstraint(["practice_id", "gone_id"], ["clients.practice_id", "clients.id"]),
        sa.CheckConstraint("kept_id <> gone_id", name="two_clients"),
        sa.Index("ix_client_merges_kept", "practice_id", "kept_id"),
        sa.Index(
            "uq_client_merges_gone",
            "practice_id",
            "gone_id",
            unique=True,
            postgresql_where=sa.text("undone_at IS NULL"),
            sqlite_where=sa.text("undone_at IS NULL"),
        ),
    )

    kept_id: Mapped[UUID]
    gone_id: Mapped[UUID]
    moved: Mapped[dict[str, Any]]
    filled: Mapped[list[str]]
    tasks: Mapped[list[str]]
    was_archived_at: Mapped[datetime | None]
    made_at: Mapped[datetime]
    undo_until: Mapped[datetime]
    undone_at: Mapped[datetime | None]
