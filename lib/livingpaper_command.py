"""Where a command begins: code from elsewhere is left out before any but Python's own is imported.

It stands beside the package, whose first line would import what a ``PYTHONPATH`` has put in the place of pandas.
"""

import os
import sys

OF_PYTHON = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONSTARTUP")  # fmt: skip


def own_code() -> None:
    """Forget what points Python to other code; what it has read of it, by starting again."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of many processes compiles the library anew
    sys.dont_write_bytecode = False
    own = os.path.realpath("lib")  # how another checkout of this paper is built: with its own code
    given = {name: os.environ[name] for name in OF_PYTHON if os.environ.get(name)}
    foreign = [name for name, value in given.items() if os.path.realpath(value) != own]
    for name in foreign:
        del os.environ[name]
    if not set(OF_PYTHON[:-1]).isdisjoint(foreign):
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def main() -> int:
    """Run a command and return its exit status; stopped at any moment, it says so in one line."""
    own_code()
    try:
        from livingpaper.__main__ import main as command

        return command()
    except KeyboardInterrupt:
        print("stopped; what was there before is unchanged, run it again to go on", file=sys.stderr)  # noqa: T201
        return 130
