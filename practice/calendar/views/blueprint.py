"""The blueprint that the pages of this room share."""

from flask import Blueprint

bp = Blueprint("calendar", __name__, url_prefix="/calendar")
