"""For WSGI servers and the `flask` command."""

from bridge import create_app

app = create_app()
