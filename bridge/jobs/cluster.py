"""Celery carries the runs to worker processes, on as many machines as there are, when BRIDGE_BROKER_URL is set.

A message names a run and holds nothing else. The database stays the truth: a lease keeps two runs of one job apart, so
a message that comes twice does no harm, and one that is lost is made up for by the job's next run. Celery is the extra
`[cluster]`: nothing but this module needs it.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import structlog

from bridge.errors import ConfigError

if TYPE_CHECKING:
    from bridge.config import Config

TASK = "bridge.run"
LOOK_AGAIN = 45  # seconds until a run that a dead worker held is tried again; its lease lasts no longer than 120
TRIES = 6
log = structlog.get_logger()


def send(config: Config, run_id: int, *, expires: float | None = None) -> bool:
    """Ask a worker to do the recorded run; False when there is no broker, or it does not answer within seconds.

    expires: seconds after which no worker shall begin it. Raises ConfigError when Celery is not installed.
    """
    if config.broker_url is None:
        return False
    app = _app(config.broker_url)
    try:
        with app.connection_for_write(connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.2, timeout=4)
            app.send_task(TASK, (run_id,), queue=_queue(config), expires=expires, connection=connection, retry=False)
    except _failures() as error:
        log.warning("the broker does not answer", error=type(error).__name__, run=run_id)
        return False
    return True


def work(config: Config, take_up: Callable[[int], bool], stopping: Callable[[], None], threads: int) -> None:
    """Do the runs that others ask for, until SIGTERM or SIGINT; those under way are finished first.

    take_up: does a run by its id, and says False while the run may still be under way elsewhere. stopping: called when
    the worker is asked to end.

    Raises ConfigError without a broker, when it does not answer at the start, and when Celery is not installed.
    """
    if config.broker_url is None:
        raise ConfigError("BRIDGE_BROKER_URL is not set: the scheduler does the jobs itself and needs no workers")
    app, queue = _app(config.broker_url), _queue(config)

    def run(task: Any, run_id: int) -> None:
        if not take_up(run_id):
            # Delivered again, because its worker died: the run's lease may outlive the worker for a while.
            raise task.retry(countdown=LOOK_AGAIN, max_retries=TRIES)

    def told_to_stop(**_: Any) -> None:
        stopping()

    def keep_our_logging(**_: Any) -> None:
        """That somebody listens keeps Celery from setting up its own."""

    signals = import_module("celery.signals")
    signals.worker_shutting_down.connect(told_to_stop, weak=False)
    signals.setup_logging.connect(keep_our_logging, weak=False)
    app.task(run, bind=True, name=TASK, acks_late=True, ignore_result=True, shared=False)
    try:
        with app.connection_for_read(connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.2, timeout=4)
    except _failures() as error:
        raise ConfigError(f"the broker of BRIDGE_BROKER_URL does not answer: {type(error).__name__}") from error
    worker = app.Worker(
        hostname=f"{queue}@{socket.gethostname()}-{os.getpid()}",
        queues=[queue],
        pool="threads",
        concurrency=threads,
        without_mingle=True,
        quiet=True,
    )
    log.info("working", threads=threads)
    worker.start()


def workers(config: Config, *, patience: float = 2) -> list[str]:
    """The machine and process of each worker that answers within `patience` seconds; none without a broker.

    Raises ConfigError when the broker does not answer, and when Celery is not installed.
    """
    if config.broker_url is None:
        return []
    app = _app(config.broker_url)
    try:
        with app.connection_for_read(connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.2, timeout=4)
            replies = app.control.ping(timeout=patience, connection=connection)
    except _failures() as error:
        raise ConfigError(f"the broker does not answer: {type(error).__name__}") from error
    names = (name.partition("@") for reply in replies for name in reply)
    return sorted(place for queue, _, place in names if queue == _queue(config))


def _queue(config: Config) -> str:
    """An installation's own queue, known by its address: two that share a broker must not do each other's runs."""
    return f"bridge-{hashlib.sha256(config.public_url.encode()).hexdigest()[:12]}"


@cache
def _app(broker_url: str) -> Any:
    try:
        celery = import_module("celery")
    except ImportError as error:
        raise ConfigError("BRIDGE_BROKER_URL needs Celery: install the extra [cluster].") from error
    app = celery.Celery("bridge", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,  # what waits must be free for another worker to take
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=False,
        broker_transport_options={"visibility_timeout": 600, "socket_connect_timeout": 2},
        accept_content=["json"],
    )
    return app


def _failures() -> tuple[type[Exception], ...]:
    return import_module("kombu.exceptions").OperationalError, OSError
