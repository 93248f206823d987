"""What the rooms above add when a practice or a member of staff is new."""

from practice.audit.rules import Actor
from practice.core.ports import Port
from practice.people.models import Practice, User

practice_created: Port[[Practice, Actor], object] = Port("people.practice_created")
"""A practice was made, in this transaction: give it rules, services and rooms."""

member_created: Port[[User, Actor], object] = Port("people.member_created")
"""Somebody who sees clients was made, in this transaction: give them time in the calendar."""

token_asked: Port[[str], None] = Port("people.token_asked")
"""A program asks for a view that is marked with this scope: let it in, or raise why not."""
