"""What the treatment must hear about the papers, and shows beside them."""

from uuid import UUID

from practice.audit.rules import Actor
from practice.core.ports import Port

papers_changed: Port[[UUID, Actor], None] = Port("clients.papers_changed")
"""A client's papers changed, in this transaction: whoever relied on them looks again."""
