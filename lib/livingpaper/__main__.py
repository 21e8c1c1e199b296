"""The command line, ``livingpaper --help``; each command imports only what it needs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from livingpaper.build.project import find_project

FAILED, TROUBLE, STOPPED = 1, 3, 130


class _Parser(argparse.ArgumentParser):
    """Ends with 3 where the command cannot be understood: 1 and 2 are answers of ``diff``."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(TROUBLE, f"{self.prog}: {message}\n")


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"must be a share from 0 to below 1, found {text}")
    return value


def _option(*names: str, **settings: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    return names, settings


@dataclass(frozen=True, slots=True)
class Command:
    """A function of this package, called with the paper and the options, and what is said of its result."""

    run: str
    help: str
    options: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = ()
    says: str = ""


COLD = _option("--cold", action="store_true", help="from nothing but the cached results")
COMMANDS = {
    "new": Command(
        "new:new_paper", "write a small paper that builds, to be written over",
        (_option("folder", type=Path, help="new or empty"),), "new paper: {folder}; build it: cd {folder} && livingpaper html",
    ),
    "ledger": Command("build.build:make_ledger", "recompute results/ledger.csv"),
    "html": Command("build.build:build_html", "build the HTML", (COLD,)),
    "pdf": Command("build.build:build_pdf", "build the PDF", (COLD,)),
    "diff": Command(
        "versions.sources:diff",
        "say what moved between two ledgers; exit status 0 nothing, 1 numbers, 2 conclusions, 3 trouble",
        (
            _option("old", nargs="?", default="HEAD", help="file, version or git revision (default HEAD)"),
            _option("new", nargs="?", help="the same (default: the ledger here)"),
            _option("--format", choices=["text", "markdown"], default="text"),
            _option("--tolerance", type=_tolerance, help="relative change that counts as the same"),
        ),
    ),
    "release": Command(
        "versions.release:release", "freeze a version: cold build, gates, archive, tag",
        (
            _option("version", help="three numbers, higher than all before"),
            _option("--commit", dest="revision", help="release this commit as it is (default: the present one)"),
        ),
        "released: {result}",
    ),
    "simulate": Command("build.tasks:simulate", "recompute the committed simulation results"),
    "machine": Command(
        "exports.exports:write_machine", "write the paper for machines: JSON, JATS XML, schema.org, RO-Crate",
        says="machine: {result}",
    ),
    "reproduce": Command(
        "build.reproduce:reproduce", "build this commit twice from nothing and compare every byte",
        says="reproducible: {result} files are the same in two cold builds",
    ),
    "latex": Command("build.latex:ensure_latex", "install LaTeX if it is missing and apt is at hand"),
    "notebooks": Command("lab.serve:pair", "pair the chapters with notebooks/"),
    "lab": Command(
        "lab.serve:open_lab", "open the chapters in JupyterLab, their prose with its numbers",
        (_option("options", nargs="*", metavar="jupyter", help="options of jupyter lab, after --"),),
    ),
    "site": Command(
        "versions.site:assemble", "unpack all versions into _build/site",
        (_option("--newest", help="stop unless this is the newest version, for example v1.1.0"),),
        "site: {result}/index.html",
    ),
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; errors are one message, not a traceback."""
    given = vars(_parser().parse_args(arguments))
    name = given.pop("command")
    command = COMMANDS[name]
    module, _, function = command.run.partition(":")
    try:
        run = getattr(import_module(f"livingpaper.{module}"), function)
        result = run(**given) if name in ("new", "latex") else run(find_project(), **given)
    except KeyboardInterrupt:
        print("stopped; what was there before is unchanged, run it again to go on", file=sys.stderr)  # noqa: T201
        return STOPPED
    except (ValueError, OSError, KeyError, RuntimeError) as error:
        words = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        print(words, file=sys.stderr)  # noqa: T201
        return int(getattr(error, "status", TROUBLE if name == "diff" else FAILED))
    if command.says:
        sys.stdout.write(command.says.format(result=result, **given) + "\n")
    return int(result) if name == "diff" else 0


def _parser() -> argparse.ArgumentParser:
    name = Path(sys.argv[0]).stem
    prog = name if name != "__main__" else "livingpaper"
    parser = _Parser(prog=prog, description="Build and compare a living paper.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.help, description=command.help)
        for names, settings in command.options:
            one.add_argument(*names, **settings)
    return parser


if __name__ == "__main__":
    sys.exit(main())
