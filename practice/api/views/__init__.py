"""The API's addresses, and the pages on which staff let programs in."""

from practice.api.views import bookings as _bookings  # noqa: F401
from practice.api.views import clients as _clients  # noqa: F401
from practice.api.views import document as _document  # noqa: F401
from practice.api.views import hooks as _hooks  # noqa: F401
from practice.api.views import money as _money  # noqa: F401
from practice.api.views import offered as _offered  # noqa: F401
from practice.api.views import openly as _openly  # noqa: F401
from practice.api.views import settings_tokens as _settings_tokens  # noqa: F401
from practice.api.views import settings_webhooks as _settings_webhooks  # noqa: F401
from practice.api.views.blueprint import bp, openly, settings

__all__ = ["bp", "openly", "settings"]
