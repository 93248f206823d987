"""The services, defaults and courses that the program is shipped with.

``practice/sessions/data/course-templates.json`` explains its own words under ``semantics``. A
practice starts with copies of its services and defaults, and changes those.
"""

import json
from functools import cache
from importlib import resources
from typing import Any, cast

HAND_MADE_COURSE = "sl-psycholytic-6"
"""The course whose windows are shown when sessions are put in the calendar one by one."""


@cache
def shipped() -> dict[str, Any]:
    """Return the whole file. Treat it as read-only."""
    file = resources.files("practice.sessions") / "data" / "course-templates.json"
    return cast(dict[str, Any], json.loads(file.read_text("utf-8")))


def course(slug: str) -> dict[str, Any]:
    """Return one course template.

    Raises:
        KeyError: if there is none of this name.
    """
    for template in shipped()["templates"]:
        if template["slug"] == slug:
            return cast(dict[str, Any], template)
    raise KeyError(slug)
