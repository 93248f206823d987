"""The one blueprint of this room's pages."""

from flask import Blueprint

bp = Blueprint("people", __name__)
