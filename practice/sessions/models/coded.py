"""The billing codes of services: the practice's own data."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from practice.core.db import Base, PracticeOwned
from practice.sessions.rules.codes import Codes, read


class ServiceCodes(PracticeOwned, Base):
    """The codes of one service, as ``rules.codes`` keeps them."""

    __tablename__ = "service_codes"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"], ["services.practice_id", "services.id"]
        ),
        sa.UniqueConstraint("practice_id", "service_id"),
    )

    service_id: Mapped[UUID]
    kept: Mapped[dict[str, Any]]

    @property
    def codes(self) -> Codes:
        return read(self.kept)
