"""For WSGI servers and the `flask` command."""

import sys

from bridge import create_app
from bridge.errors import ConfigError

try:
    app = create_app()
except ConfigError as error:
    # Every command loads this file first: one line tells the operator more than a traceback.
    print(f"Error: {error}", file=sys.stderr)  # noqa: T201
    raise SystemExit(2) from error
