"""What can be brought over, and the life of one import."""

from enum import StrEnum


class What(StrEnum):
    CLIENTS = "clients"
    SESSIONS = "sessions"  # held elsewhere, and how many are left
    BALANCES = "balances"
    CALENDAR = "calendar"


class RunState(StrEnum):
    CHECKED = "checked"  # read and shown; nothing of it is in the practice yet
    RUNNING = "running"
    DONE = "done"
    UNDONE = "undone"
    DISCARDED = "discarded"


class ExportState(StrEnum):
    WAITING = "waiting"
    READY = "ready"
    GONE = "gone"  # its hour is over; the file was thrown away


NAMES: dict[What, str] = {
    What.CLIENTS: "Clients",
    What.SESSIONS: "Running courses",
    What.BALANCES: "Opening balances",
    What.CALENDAR: "Calendar",
}
