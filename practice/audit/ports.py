"""News that goes up from here. ``app.py`` says who listens."""

from typing import Any
from uuid import UUID

from practice.core.ports import Port

recorded: Port[[str, UUID, dict[str, Any]], None] = Port("audit.recorded")
"""A deed was written down: its verb, its subject and the detail, in the deed's transaction."""
