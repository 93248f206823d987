"""What the treatment must hear about the papers, and shows beside them."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from practice.audit.rules import Actor
from practice.clients.rules.panels import NextSession, SessionLine
from practice.core.ports import Port

papers_changed: Port[[UUID, Actor], None] = Port("clients.papers_changed")
"""A client's papers changed, in this transaction: whoever relied on them looks again."""

sessions_of: Port[[UUID], Sequence[SessionLine]] = Port("clients.sessions_of")
"""Every session of a client, those to come first, and of either part the nearest first."""

next_sessions: Port[[Collection[UUID]], Mapping[UUID, NextSession]] = Port("clients.next_sessions")
"""The next session of each of some clients who have one. One statement."""
