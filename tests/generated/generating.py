"""Runs the README's commands for generators of clients, word by word, once for all test processes."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import needs
from tests.node import node_with_packages

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CONTRACT = ROOT / "openapi" / "bridge.yaml"
_SECTION = "## Use the API from your own program\n"


@dataclass(frozen=True)
class Made:
    """What a generator has made (the folder in which it ran), and what it printed."""

    folder: Path
    printed: str


class Workshop:
    """A folder in which the README's commands are run as they stand there, each in a folder of its own, once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, program: str) -> Made:
        """Run the README's command that names this program; it must succeed. Ends the test when it is not there."""
        commands = blocks()[0].replace("\\\n", "").splitlines()
        command = next(line for line in commands if program in line.split())
        folder = self.folder / program.replace("/", "-")
        printed = folder.with_suffix(".printed")
        self.folder.mkdir(exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:  # test processes that run beside this one
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not printed.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of an attempt that failed
                printed.write_text(self._run(command, folder))
        return Made(folder, printed.read_text())

    def _run(self, command: str, folder: Path) -> str:
        (folder / "openapi").mkdir(parents=True)
        shutil.copy(CONTRACT, folder / "openapi")
        if command.startswith("npx "):
            _, modules = node_with_packages(HERE)
            (folder / "node_modules").symlink_to(modules)
            shutil.copy(HERE / "tsconfig.json", folder)
        elif command.startswith("openapi-generator-cli "):
            needs.java()
        return tool(shlex.split(command), folder)


def tool(command: list[str], folder: Path) -> str:
    """Run a program of the virtual environment, or of npm's where the folder has a link to them; what it printed.

    It must succeed. It gets nothing else of the environment: no settings from a home directory, no addresses.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    quiet = {"npm_config_offline": "true", "npm_config_update_notifier": "false"}
    quiet |= {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", **quiet},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}"
    return done.stdout


def blocks() -> list[str]:
    """The indented blocks of the README's section, without their indent: the commands, then the example."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition(_SECTION)[2].partition("\n## ")[0]
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", section, flags=re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE).strip("\n") + "\n" for block in found]
