"""Practices, staff, sign-ins, clients, and the doors by which they are found."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, deferred, mapped_column

from practice.core.crypto import Sealed
from practice.core.db import Base, PracticeOwned, enum_by_value
from practice.people.rules import DoorKind, Role, folded


class Practice(Base):
    """A practice: the tenant that every other row belongs to.

    ``business_*`` is the address on papers; the sanctuary's own street stands sealed in the
    calendar room and is released to a client alone. ``accent`` is the one colour of its pages
    for clients (``#rrggbb``, empty for the house's own), ``before_you_book`` its own words on
    them, and ``set_up`` says of each step of the set-up whether it was done or skipped.
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
    group_npi: Mapped[str] = mapped_column(sa.String(10), default="", server_default="")
    # Whether estimates name diagnoses too; else these stand on superbills alone.
    estimates_name_diagnoses: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    own_words: Mapped[str] = mapped_column(sa.String(4000), default="")  # "Is this right for me?"
    frame_origins: Mapped[list[str]] = mapped_column(default=list)  # who may frame the button page
    accent: Mapped[str] = mapped_column(sa.String(7), default="")
    before_you_book: Mapped[str] = mapped_column(sa.String(500), default="")
    set_up: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Nobody is asked to pay by card, although cards could be taken.
    cards_off: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
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


class ProviderDetails(PracticeOwned, Base):
    """What insurers ask of a clinician: on superbills and estimates. One row a member of staff."""

    __tablename__ = "provider_details"
    __table_args__ = (
        sa.ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        sa.UniqueConstraint("practice_id", "user_id"),
    )

    user_id: Mapped[UUID]
    credentials: Mapped[str] = mapped_column(sa.String(40))  # what follows the name: "LPC"
    npi: Mapped[str] = mapped_column(sa.String(10))
    licence_no: Mapped[str] = mapped_column(sa.String(40))
    licence_state: Mapped[str] = mapped_column(sa.String(2))


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


class SignInAsk(PracticeOwned, Base):
    """That somebody asked, in one browser, for a link and a code to sign in as a client.

    Written for known and unknown addresses alike. ``hash`` is the digest of the link's token,
    ``browser`` that of the nonce in the asking browser's cookie.
    """

    __tablename__ = "sign_in_asks"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "hash"),
        sa.Index("ix_sign_in_asks_browser", "practice_id", "browser"),
    )

    email: Mapped[str] = mapped_column(sa.String(254))  # lower case
    hash: Mapped[str] = mapped_column(sa.String(64))
    browser: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    wrong_codes: Mapped[int] = mapped_column(default=0)
    spent_at: Mapped[datetime | None]


class ClientSignIn(PracticeOwned, Base):
    """One browser in which an address of a client is signed in, revocable here.

    A family may share an address; ``client_id`` is whom of them it is about, once it was said.
    ``hash`` is the digest of the cookie's secret. ``typed`` is the form that came when it had
    ended, for the same client to send once they are back.
    """

    __tablename__ = "client_sign_ins"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.UniqueConstraint("practice_id", "hash"),
        sa.Index("ix_client_sign_ins_email", "practice_id", "email"),
    )

    email: Mapped[str] = mapped_column(sa.String(254))  # lower case
    client_id: Mapped[UUID | None]
    hash: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    program: Mapped[str] = mapped_column(sa.String(120))
    typed_sealed: Mapped[bytes | None] = deferred(mapped_column(sa.LargeBinary))
    typed_at: Mapped[datetime | None]

    typed = Sealed("typed_sealed")


class Enquiry(PracticeOwned, Base):
    """Somebody who asked to be called, and is no client yet. Nothing clinical was asked."""

    __tablename__ = "enquiries"

    name_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    phone_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    email_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    when_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime]

    name = Sealed("name_sealed")
    phone = Sealed("phone_sealed")  # E.164
    email = Sealed("email_sealed")  # lower case
    when = Sealed("when_sealed")  # when to call, in their own words


class Invitation(PracticeOwned, Base):
    """Somebody who was asked by mail to join the staff. The link's digest is its door."""

    __tablename__ = "invitations"

    email_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    roles: Mapped[list[str]]
    made_by: Mapped[UUID]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # accepted or withdrawn

    to = Sealed("email_sealed")

    @property
    def email(self) -> str:
        return self.to or ""  # lower case

    @property
    def role_set(self) -> frozenset[Role]:
        return frozenset(map(Role, self.roles))


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
    time_zone: Mapped[str | None] = mapped_column(sa.String(60))  # theirs, for video sessions
    is_invited: Mapped[bool | None]  # to each session by mail; empty: as the practice does
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
