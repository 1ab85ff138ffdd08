"""The certificate authorities that the bridge trusts, read once a process: it takes longer than a request does."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """httpx's own choice (certifi, or SSL_CERT_FILE and SSL_CERT_DIR). Connections may share it; nobody changes it."""
    return httpx.create_ssl_context()
