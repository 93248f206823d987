"""What is on file about a person in care."""

from datetime import date, datetime
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

    reason = Sealed("reason_sealed")
    tried_before = Sealed("tried_before_sealed")
    emergency_name = Sealed("emergency_name_sealed")
    emergency_relation = Sealed("emergency_relation_sealed")
    emergency_phone = Sealed("emergency_phone_sealed")


class Paper(PracticeOwned, Base):
    """A paper on file, with its own date. Withdrawn or replaced, never changed."""

    __tablename__ = "papers"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
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

    @property
    def on_file(self) -> PaperOnFile:
        return PaperOnFile(self.id, self.kind, self.dated_on, self.valid_until, self.route)
