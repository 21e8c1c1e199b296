"""The command line, ``livingpaper --help``; each command imports only what it needs."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, NoReturn

import livingpaper_command

from livingpaper.build.project import find_project
from livingpaper.build.surroundings import check_surroundings, clean_environment
from livingpaper.build.together import recover
from livingpaper.config import Command, config

FAILED, TROUBLE = 1, 3


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with 3 where the command cannot be understood: 1 and 2 are answers of ``diff``."""
        self.print_usage(sys.stderr)
        try:
            find_project()
        except FileNotFoundError as error:
            message += f"; {error}, which may have commands of its own"
        self.exit(TROUBLE, f"{self.prog}: {message}\n")


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"must be a share from 0 to below 1, found {text}")
    return value


def _parser() -> argparse.ArgumentParser:
    """Return the commands, each with the function of this package that it calls and what is said of its result."""
    prog = Path(sys.argv[0]).stem.replace("__main__", "livingpaper")
    parser = _Parser(prog=prog, description="Build and compare a living paper.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: str, words: str, says: str = "") -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(run=run, says=says)
        return command

    said = "new paper: {folder}; build it: cd {folder} && livingpaper html"
    new = add("new", "new:new_paper", "write a small paper that builds, to be written over", said)
    new.add_argument("folder", type=Path, help="new or empty")
    add("ledger", "build.numbers:make_ledger", "recompute results/ledger.csv")
    for name in ("html", "pdf"):
        build = add(name, f"build.build:build_{name}", f"build the {name.upper()}")
        build.add_argument("--cold", action="store_true", help="from nothing but the cached results")
    moved = "say what moved between two ledgers; exit status 0 nothing, 1 numbers, 2 conclusions, 3 trouble"
    diff = add("diff", "versions.given:diff", moved)
    diff.add_argument("old", nargs="?", default="HEAD", help="file, version or git revision (default HEAD)")
    diff.add_argument("new", nargs="?", help="the same (default: the ledger here)")
    diff.add_argument("--format", choices=["text", "markdown"], default="text")
    diff.add_argument("--tolerance", type=_tolerance, help="relative change that counts as the same")
    freeze = "freeze a version: cold build, gates, archive, tag"
    release = add("release", "versions.release:release", freeze, "released: {result}")
    release.add_argument("version", help="three numbers, higher than all before")
    commit = "release this commit as it is (default: the present one)"
    release.add_argument("--commit", dest="revision", help=commit)
    add("simulate", "build.tasks:simulate", "recompute the committed simulation results")
    formats = "write the paper for machines: JSON, JATS XML, schema.org, RO-Crate"
    add("machine", "exports.exports:write_machine", formats, "machine: {result}")
    twice = "build this commit from nothing, again unless it is built here, and compare every byte"
    said = "reproducible: {result} files are the same in two builds"
    add("reproduce", "build.reproduce:reproduce", twice, said)
    tagged = "print the paper as a tagged PDF, for screen readers"
    add("accessible", "build.accessible:print_accessible", tagged)
    for name, program in {"latex": "LaTeX", "chromium": "Chromium"}.items():
        add(name, f"build.apt:ensure_{name}", f"install {program} if it is missing and apt is at hand")
    add("notebooks", "lab.serve:pair", "pair the chapters with notebooks/")
    lab = add("lab", "lab.serve:open_lab", "open the chapters in JupyterLab, their prose with its numbers")
    lab.add_argument("options", nargs="*", metavar="jupyter", help="options of jupyter lab, after --")
    _leaving(add)
    unpack = "unpack all versions into _build/site"
    site = add("site", "versions.site:assemble", unpack, "site: {result}/index.html")
    site.add_argument("--newest", help="stop unless this is the newest version, for example v1.1.0")
    for name, own in _own_commands().items():
        add(name, "build.tasks:run_own", own.says).add_argument("arguments", nargs="*")
    return parser


def _own_commands() -> Mapping[str, Command]:
    """Return the commands of the paper around the working folder, none outside of one."""
    try:
        return config(find_project()).hooks.commands
    except (OSError, ValueError):  # the command itself says what is wrong
        return {}


def _leaving(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands about what may leave the house."""
    into = "look into everything built for patients' rows, ids, dates, small counts, paths, names; stops if any is found"
    look = add("scan", "disclosure.scan:scan", into, "{result}")
    look.add_argument("path", type=Path, help="a built site, any folder or file")
    look.add_argument("--cohort", type=Path, help="the table of patients that must not be found in it")
    look.add_argument("--threshold", type=int, default=10, help="counts below it are small (default 10)")
    look.add_argument("--allow", action="append", default=[], help="findings that fit are harmless")
    words = "write what may leave the house into _build/release: pages, CSV, PNG, and outputs.json for SACRO-Viewer"
    made = "disclosure.release_folder:make_release_folder"
    leave = add("release-folder", made, words, "release folder: {result}")
    never = "the table of patients, which must not be found in the folder"
    leave.add_argument("--cohort", type=Path, help=never)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; errors are one message, not a traceback."""
    if arguments is None:
        clean_environment()
    asked = sys.argv[1:] if arguments is None else list(arguments)
    given: dict[str, Any]
    if asked[:1] and asked[0] in _own_commands():  # which reads its own options
        given = {"command": asked[0], "run": "build.tasks:run_own", "says": "", "words": asked}
    else:
        given = vars(_parser().parse_args(asked))
    name, function, says = (given.pop(key) for key in ("command", "run", "says"))
    try:
        run = resolve_name(f"livingpaper.{function}")
        if name in ("new", "latex", "chromium", "scan"):
            result = run(**given)
        else:
            project = find_project()
            check_surroundings(project)
            recover(project)
            result = run(project, **given)
    except (ValueError, OSError, KeyError, RuntimeError) as error:
        words = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(words, file=sys.stderr)  # noqa: T201
        return int(getattr(error, "status", TROUBLE if name == "diff" else FAILED))
    if says:
        sys.stdout.write(says.format(result=result, **given) + "\n")
    return int(result) if name == "diff" or "words" in given else 0


if __name__ == "__main__":
    sys.exit(livingpaper_command.main())
