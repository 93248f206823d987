"""The application as a WSGI server or the ``flask`` command finds it."""

import gc
import os
import sys
import zoneinfo

# The pinned tzdata counts, not whatever this machine has: first of all, before any zone is read.
zoneinfo.reset_tzpath([])

from config import Config, WrongSettings  # noqa: E402
from practice.app import create_app  # noqa: E402

try:
    app = create_app(Config.from_env(os.environ))
except WrongSettings as wrong:
    sys.exit(str(wrong))

# What is loaded by now stays for good: each round of the collector would go through all of it.
gc.collect()
gc.freeze()
