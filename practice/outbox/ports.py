"""What this room asks of rooms above it; ``app.py`` says who answers."""

from uuid import UUID

from practice.core.ports import Port

every_practice: Port[[], list[UUID]] = Port("outbox.every_practice")
