"""Whose session a time in a calendar is, and of which kind: guesses, for a person to check.

A calendar says little: a title, who was invited, how long. Nothing here decides; whoever brings
the file over sees every guess and can choose another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from practice.moving.rules.reading import KINDS
from practice.people.rules import folded
from practice.sessions.rules.lifecycle import Modality, SessionKind

MOST_GUESSES = 8  # clients who may be meant by one title
BY_VIDEO = frozenset({"video", "zoom", "telehealth", "online", "virtual", "meet", "teams"})


class Becomes(StrEnum):
    """What a time of the file becomes here."""

    SESSION = "session"
    BLOCK = "block"
    NOTHING = "leave"


@dataclass(frozen=True, slots=True)
class Person:
    """A client as a calendar may name them. The e-mail address is in lower case."""

    id: UUID
    name: str
    first_name: str
    last_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Way:
    """A session type of the practice and a way of giving it, as they can be chosen."""

    service_id: UUID
    kind: SessionKind
    label: str
    minutes: int
    modality: Modality

    @property
    def key(self) -> str:
        return f"{self.service_id} {self.modality}"


class Clients:
    """All clients, found by what a calendar says of them."""

    def __init__(self, people: Iterable[Person]) -> None:
        self.by_email: dict[str, Person] = {}
        self.by_first_word: dict[str, list[tuple[str, str, Person]]] = {}
        for each in people:
            self.by_email.setdefault(each.email, each)
            first, last = _words(each.first_name), _words(each.last_name)
            if first and last:
                names = f" {first} {last} ", f" {first} {last[0]} "
                self.by_first_word.setdefault(first.split()[0], []).append((*names, each))

    def meant(self, title: str, emails: Sequence[str]) -> tuple[Person, ...]:
        """Return who may be meant, the likeliest way of knowing alone.

        An invited address says it best, then a whole name in the title, then a first name with
        the first letter of the last. Several are returned where several are called so.
        """
        if invited := [self.by_email[each] for each in emails if each in self.by_email]:
            return _some(invited)
        said = f" {_words(title)} "
        named = [
            names
            for word in dict.fromkeys(said.split())
            for names in self.by_first_word.get(word, ())
        ]
        whole = [who for name, _, who in named if name in said]
        return _some(whole or [who for _, short, who in named if short in said])


def guess_way(title: str, minutes: int, ways: Sequence[Way]) -> Way | None:
    """Return the session type that a title and a length point to; ``None`` if nothing does.

    A kind that the title names goes before everything, then the length nearest to the file's.
    Nothing is known of a kind that the practice does not give, or of a length near to none.
    """
    said = _words(title)
    kinds = {kind for words, kind in KINDS.items() if f" {words} " in f" {said} "}
    of_kind = [way for way in ways if way.kind in kinds]
    near = of_kind if kinds else [w for w in ways if abs(w.minutes - minutes) <= _slack(w)]
    if not near:
        return None
    wanted = Modality.TELEHEALTH if BY_VIDEO & set(said.split()) else Modality.IN_PERSON
    return min(near, key=lambda way: (abs(way.minutes - minutes), way.modality is not wanted))


def _slack(way: Way) -> int:
    """Return by how many minutes a time may differ and still look like this session."""
    return max(5, way.minutes // 10)


def _some(people: Iterable[Person]) -> tuple[Person, ...]:
    return tuple(dict.fromkeys(people))[:MOST_GUESSES]


def _words(text: str) -> str:
    """Return the words of a text as they are compared: no case, accents, or signs between."""
    return " ".join(re.findall(r"[\w']+", folded(text)))
