"""The environment, read once into one frozen object. Nothing else reads os.environ."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from environs import Env, EnvError, ValidationError

from bridge.errors import ConfigError

JOB_NAMES = ("sync", "sweep", "notifications", "import", "confirm", "complete", "audit", "webhooks", "cleanup")
_SCHEDULES = dict.fromkeys(JOB_NAMES, "*/5 * * * *") | {
    "cleanup": "17 3 * * *",
    "audit": "23 4 * * *",
    "sweep": "41 2 * * *",
    "notifications": "* * * * *",
    "webhooks": "* * * * *",
}


@dataclass(frozen=True, slots=True)
class Config:
    """What the operator set. Every variable begins with BRIDGE_; each may also be given as <NAME>_FILE.

    amazon_cancel_order: Amazon has released the operation cancelOrder to the application, so that cancellations need no
    feed. query_time_limit: seconds after which the database gives up a page of orders. broker_url: where Celery's
    workers are asked to do the jobs' runs (none: this process's threads).
    schedules: job name to five-field cron (UTC) or "@every 3s". commerce_time_limit: seconds after which a call
    that Commerce never answered has surely ended there (its own execution limit); an order whose creation was not
    answered is looked up after that. adobe_client_id: whom Adobe I/O Events are for, and commerce_webhook_key: the
    public keys of shops that sign webhooks (none: neither is taken). sqs_queue_url: the queue that Amazon's
    notifications arrive in (none: they are not used); sqs_endpoint: in place of AWS's own. sqs_listen: seconds for
    which one run of the job listens to it; a little less than its schedule's interval, so that it listens nearly
    always. cors_origins: the origins (https://host[:port]) whose pages may call the API from a browser. rate_limit:
    of each API key, such as 1200/minute, or none. rate_limit_storage: where requests are counted; redis://... for
    all workers together, else each by itself.
    """

    database_url: str
    secret_keys: tuple[str, ...] = ()
    public_url: str = "http://127.0.0.1:8000"
    broker_url: str | None = None
    amazon_endpoint: str | None = None
    lwa_endpoint: str | None = None
    ims_endpoint: str | None = None
    allowed_private_hosts: tuple[IPv4Network | IPv6Network, ...] = ()
    sandbox: bool = False
    amazon_cancel_order: bool = False
    log_level: str = "INFO"
    query_time_limit: float = 15.0
    commerce_time_limit: float = 120.0
    adobe_client_id: str | None = None
    commerce_webhook_key: str | None = None
    sqs_queue_url: str | None = None
    sqs_endpoint: str | None = None
    sqs_listen: float = 55.0
    cors_origins: tuple[str, ...] = ()
    rate_limit: str = "1200/minute"
    rate_limit_storage: str = "memory://"
    schedules: dict[str, str] = field(default_factory=lambda: dict(_SCHEDULES))


def from_environment(**overrides: Any) -> Config:
    """Config from BRIDGE_* variables; keyword arguments win. Raises ConfigError naming the variable."""
    env = Env()
    with env.prefixed("BRIDGE_"):
        try:
            values: dict[str, Any] = {
                "database_url": _text(env, "DATABASE_URL", "sqlite:///var/bridge.db"),
                "secret_keys": tuple(k.strip() for k in _text(env, "SECRET_KEYS", "").split(",") if k.strip()),
                "public_url": _text(env, "PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/"),
                "broker_url": _broker(_text(env, "BROKER_URL", "")),
                "amazon_endpoint": _text(env, "AMAZON_ENDPOINT", "").rstrip("/") or None,
                "lwa_endpoint": _text(env, "LWA_ENDPOINT", "") or None,
                "ims_endpoint": _text(env, "IMS_ENDPOINT", "") or None,
                "allowed_private_hosts": _networks(_text(env, "ALLOWED_PRIVATE_HOSTS", "")),
                "sandbox": _text(env, "SANDBOX", "0") in {"1", "true", "yes"},
                "amazon_cancel_order": _text(env, "AMAZON_CANCEL_ORDER", "0") in {"1", "true", "yes"},
                "log_level": _text(env, "LOG_LEVEL", "INFO").upper(),
                "query_time_limit": _positive(_text(env, "QUERY_TIME_LIMIT", "15")),
                "commerce_time_limit": float(_text(env, "COMMERCE_TIME_LIMIT", "120")),
                "adobe_client_id": _text(env, "ADOBE_CLIENT_ID", "") or None,
                "commerce_webhook_key": _text(env, "COMMERCE_WEBHOOK_KEY", "") or None,
                "sqs_queue_url": _text(env, "SQS_QUEUE_URL", "") or None,
                "sqs_endpoint": _text(env, "SQS_ENDPOINT", "").rstrip("/") or None,
                "sqs_listen": float(_text(env, "SQS_LISTEN", "55")),
                "cors_origins": _origins(_text(env, "CORS_ORIGINS", "")),
                "rate_limit": _text(env, "RATE_LIMIT", "1200/minute").strip(),
                "rate_limit_storage": _text(env, "RATE_LIMIT_STORAGE", "memory://"),
                "schedules": {
                    name: _text(env, f"SCHEDULE_{name.upper()}", default) for name, default in _SCHEDULES.items()
                },
            }
        except (EnvError, ValidationError, ValueError) as error:
            raise ConfigError(f"the environment cannot be used: {error}") from error
    return Config(**(values | overrides))


def _text(env: Env, name: str, default: str) -> str:
    path = env.str(f"{name}_FILE", "")
    if not path:
        return env.str(name, default)
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ValueError(f"BRIDGE_{name}_FILE: {error.strerror}: {path}") from error


def _positive(text: str) -> float:
    seconds = float(text)
    if not 0.001 <= seconds < 86_400:
        raise ValueError(f"BRIDGE_QUERY_TIME_LIMIT: {text} is no number of seconds")
    return seconds


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _broker(text: str) -> str | None:
    if text and not text.startswith(("amqp://", "amqps://", "redis://", "rediss://")):
        raise ValueError("BRIDGE_BROKER_URL: give amqp://, amqps://, redis:// or rediss://")
    return text or None


def _origins(text: str) -> tuple[str, ...]:
    """Origins as browsers send them: scheme, host in lower case, and a port that is not the scheme's own."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for origin in found:
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?", origin):
            raise ValueError(f"BRIDGE_CORS_ORIGINS: {origin!r} is no origin such as https://admin.shop.example")
    return found
