"""Practices, staff, sign-ins, clients, and the doors by which they are found."""

from datetime import date, datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from practice.core.crypto import Sealed
from practice.core.db import Base, PracticeOwned, enum_by_value
from practice.people.rules import DoorKind, Role, folded


class Practice(Base):
    """A practice: the tenant that every other row belongs to.

    ``business_*`` is the address on papers; the sanctuary's own street stands sealed in the
    calendar room and is released to a client alone.
    """

    __tablename__ = "practices"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    slug: Mapped[str] = mapped_column(sa.String(60))
    name: Mapped[str] = mapped_column(sa.String(120))
    neutral_name: Mapped[str] = mapped_column(sa.String(60))  # for mail, calendars, bank lines
    about: Mapped[str] = mapped_column(sa.String(2000), default="")
    locality: Mapped[str] = mapped_column(sa.String(120))
    time_zone: Mapped[str] = mapped_column(sa.String(60))
    currency: Mapped[str] = mapped_column(sa.String(3), default="USD")
    email: Mapped[str] = mapped_column(sa.String(254))
    phone: Mapped[str] = mapped_column(sa.String(20))
    business_name: Mapped[str] = mapped_column(sa.String(120))
    business_address: Mapped[str] = mapped_column(sa.String(400))  # lines, newline between
    tax_id: Mapped[str] = mapped_column(sa.String(20), default="")
    has_webhooks: Mapped[bool] = mapped_column(default=False)  # whether anybody wants news
    created_at: Mapped[datetime]


class Door(Base):
    """One way into a practice. ``hash`` is the SHA-256 of what opens it."""

    __tablename__ = "doors"

    kind: Mapped[DoorKind] = mapped_column(enum_by_value(DoorKind), primary_key=True)
    hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    practice_id: Mapped[UUID] = mapped_column(sa.ForeignKey("practices.id"), index=True)
    subject_id: Mapped[UUID]


class Throttle(Base):
    """Failed attempts at something guessable, by the digest of who tries it.

    Outside the practices: whoever guesses has not said whose door it is.
    """

    __tablename__ = "throttles"

    kind: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]


class User(PracticeOwned, Base):
    """A member of staff. Belongs to one practice; the e-mail address is unique among all."""

    __tablename__ = "users"
    __table_args__ = (sa.UniqueConstraint("practice_id", "email"),)

    name: Mapped[str] = mapped_column(sa.String(120))
    email: Mapped[str] = mapped_column(sa.String(254))  # lower case
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    roles: Mapped[list[str]]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @property
    def role_set(self) -> frozenset[Role]:
        return frozenset(map(Role, self.roles))


class SignIn(PracticeOwned, Base):
    """One signed-in browser, revocable here. The cookie's digest is its door."""

    __tablename__ = "sign_ins"
    __table_args__ = (
        sa.ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
    )

    user_id: Mapped[UUID]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    program: Mapped[str] = mapped_column(sa.String(120))


def _findable(last_name: str, first_name: str, email: str) -> str:
    return folded(f"{last_name} {first_name} {email}")


def _findable_when_new(context: DefaultExecutionContext) -> str:
    values = context.get_current_parameters()  # type: ignore[no-untyped-call]  # a gap of theirs
    return _findable(values["last_name"], values["first_name"], values["email"])


class Client(PracticeOwned, Base):
    """A person in care, as somebody who is reached and who pays. Papers know the rest."""

    __tablename__ = "clients"
    __table_args__ = (
        sa.Index("ix_clients_findable", "practice_id", "findable"),
        sa.Index("ix_clients_email", "practice_id", "email"),
    )

    first_name: Mapped[str] = mapped_column(sa.String(80))
    last_name: Mapped[str] = mapped_column(sa.String(80))
    email: Mapped[str] = mapped_column(sa.String(254))  # lower case
    phone: Mapped[str] = mapped_column(sa.String(20))  # E.164
    findable: Mapped[str] = mapped_column(sa.String(600), default=_findable_when_new)
    birth_on_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    address_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    is_adult_said_on: Mapped[date | None]
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    birth_on = Sealed("birth_on_sealed")  # ISO date
    address = Sealed("address_sealed")

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def initials(self) -> str:
        return "".join(part[0].upper() for part in (self.first_name, self.last_name) if part)


@event.listens_for(Client, "before_update")
def _keep_findable(_mapper: object, _connection: object, client: Client) -> None:
    client.findable = _findable(client.last_name, client.first_name, client.email)
