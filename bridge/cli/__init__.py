"""`flask bridge ...`: what the operator types.

What the operator did wrong ends a command with one line on standard error and exit code 2; a check that failed, with 1.
"""

from __future__ import annotations

import getpass
import os
from importlib import import_module
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from bridge import clock
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


# Each command and the module that it stands in, which is imported when the command is typed: an application has them
# all beside it, and a server's worker would otherwise hold the sandbox, the replay and the scheduler.
COMMANDS = {
    "db": "database.group",
    "serve": "serving.serve",
    "scheduler": "serving.scheduler",
    "worker": "serving.worker",
    "demo": "demo.demo",
    "sync": "jobs.sync",
    "import": "jobs.import_",
    "confirm": "jobs.confirm",
    "complete": "jobs.complete",
    "audit": "audit.audit",
    "jobs": "jobs.group",
    "doctor": "doctor.doctor",
    "apikey": "keys.apikey",
    "keys": "keys.group",
    "store": "stores.group",
    "openapi": "document.group",
    "sandbox": "sandbox.group",
}


class Commands(click.Group):
    """Finds a command when it is typed, and turns our exceptions into one clear line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's form
        """Their names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's form
        """The command, None when there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(".")
        command: click.Command = getattr(import_module(f"bridge.cli.{module}"), name)
        return command

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


commands = Commands("bridge", help="The Amazon order bridge.")
