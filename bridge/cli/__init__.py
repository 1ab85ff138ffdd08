"""`flask bridge ...`: what the operator types.

What the operator did wrong ends a command with one line on standard error and exit code 2; a check that failed, with 1.
"""

from __future__ import annotations

import getpass
import os
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from bridge import clock
from bridge.cli import audit, backfill, database, demo, doctor, document, jobs, keys, sandbox, serving, stores
from bridge.errors import BridgeError, InvalidInput
from bridge.trail import Actor, acting


def operator() -> str:
    """The account that runs the command."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return f"uid {os.getuid()}"


class Mistake(click.ClickException):
    """What the operator can mend: "Error: ..." on standard error."""

    exit_code = 2


class Commands(click.Group):
    """Turns our exceptions into one clear line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with acting(Actor("cli", operator()), clock.now):
                return super().invoke(ctx)
        except InvalidInput as error:
            fields = (f"  {name}: {' '.join(messages)}" for name, messages in error.fields.items())
            raise Mistake("\n".join([str(error), *fields])) from error
        except BridgeError as error:
            raise Mistake(str(error)) from error
        except DBAPIError as error:
            # The driver's words only: SQLAlchemy adds the statement with its values.
            reason = (str(error.orig).splitlines() or [type(error).__name__])[0]
            raise Mistake(f"the database cannot be used: {reason} (`flask bridge doctor` tells more)") from error


stores.group.add_command(backfill.backfill)
commands = Commands("bridge", help="The Amazon order bridge.")
for command in (
    database.group,
    serving.serve,
    serving.scheduler,
    serving.worker,
    demo.demo,
    *jobs.shortcuts,
    audit.audit,
    jobs.group,
    doctor.doctor,
    keys.apikey,
    keys.group,
    stores.group,
    document.group,
    sandbox.group,
):
    commands.add_command(command)
