"""What the practice offers, what is booked, and the courses that hold it together."""

from practice.sessions.models.booked import (
    Appointment,
    BroughtSession,
    GateOverride,
    Service,
    ServiceVersion,
    SessionChange,
    SessionNote,
)
from practice.sessions.models.coded import ServiceCodes
from practice.sessions.models.courses import (
    Course,
    CourseChange,
    CourseReview,
    CourseStepRow,
    CourseTemplateRow,
    CourseTemplateVersion,
)

__all__ = [
    "Appointment",
    "BroughtSession",
    "Course",
    "CourseChange",
    "CourseReview",
    "CourseStepRow",
    "CourseTemplateRow",
    "CourseTemplateVersion",
    "GateOverride",
    "Service",
    "ServiceCodes",
    "ServiceVersion",
    "SessionChange",
    "SessionNote",
]
