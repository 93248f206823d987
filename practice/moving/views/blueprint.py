"""One blueprint for all that comes in and goes out."""

from flask import Blueprint

bp = Blueprint("moving", __name__, url_prefix="/settings")
