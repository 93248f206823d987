"""What the rooms above add when a practice or a member of staff is new."""

from uuid import UUID

from practice.audit.rules import Actor
from practice.core.ports import Port
from practice.people.models import Practice, User

practice_created: Port[[Practice, Actor], object] = Port("people.practice_created")
"""A practice was made, in this transaction: give it rules, services and rooms."""

member_created: Port[[User, Actor], object] = Port("people.member_created")
"""Somebody who sees clients was made, in this transaction: give them time in the calendar."""

member_changed: Port[[User, Actor], object] = Port("people.member_changed")
"""Somebody came back or has other roles, in this transaction: let the calendar know."""

member_left: Port[[User, Actor], object] = Port("people.member_left")
"""Somebody's access ended, in this transaction: end their time and their calendar links."""

sessions_ahead: Port[[UUID], int] = Port("people.sessions_ahead")
"""How many sessions are booked with a member of staff (by user id) from now on."""

token_asked: Port[[str], None] = Port("people.token_asked")
"""A program asks for a view that is marked with this scope: let it in, or raise why not."""
