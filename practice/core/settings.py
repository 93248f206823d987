"""The configuration of the running application."""

from typing import cast

from flask import current_app

from config import Config

KEY = "sanctuary.config"


def settings() -> Config:
    """Return the frozen configuration that this application was made with."""
    return cast(Config, current_app.extensions[KEY])
