"""`flask bridge openapi`."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from bridge.api.openapi import write as write_document


@click.group("openapi")
def group() -> None:
    """The REST API's contract."""


@group.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default=Path("openapi/bridge.yaml"))
@with_appcontext
def write(path: Path) -> None:
    """Write the OpenAPI document to PATH."""
    write_document(current_app, path)
    click.echo(f"{path} is written.")
