"""The command line, ``livingpaper --help``; each command imports only what it needs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from livingpaper.build.project import Project, find_project

FAILED, TROUBLE, STOPPED = 1, 3, 130
Command = Callable[[Project, argparse.Namespace], int | None]


class _Parser(argparse.ArgumentParser):
    """Ends with 3 where the command cannot be understood: 1 and 2 are answers of ``diff``."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(TROUBLE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; errors are one message, not a traceback."""
    given = _parser().parse_args(arguments)
    run: Command = given.run
    try:
        return run(Project(Path.cwd()) if given.command == "new" else find_project(), given) or 0
    except KeyboardInterrupt:
        print("stopped; what was there before is unchanged, run it again to go on", file=sys.stderr)  # noqa: T201
        return STOPPED
    except (ValueError, OSError, KeyError, RuntimeError) as error:
        words = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        print(words, file=sys.stderr)  # noqa: T201
        return int(getattr(error, "status", TROUBLE if given.command == "diff" else FAILED))


def _parser() -> argparse.ArgumentParser:
    name = Path(sys.argv[0]).stem
    prog = name if name != "__main__" else "livingpaper"
    parser = _Parser(prog=prog, description="Build and compare a living paper.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: Command, help_: str) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(name, help=help_, description=help_)
        command.set_defaults(run=run)
        return command

    new = add("new", _new, "write a small paper that builds, to be written over")
    new.add_argument("folder", type=Path, help="new or empty")
    add("ledger", _ledger, "recompute results/ledger.csv")
    for name in ("html", "pdf"):
        build = add(name, _build, f"build the {name.upper()}")
        build.add_argument("--cold", action="store_true", help="from nothing but the cached results")
    diff = add(
        "diff",
        _diff,
        "say what moved between two ledgers; exit status 0 nothing, 1 numbers, 2 conclusions, 3 trouble",
    )
    diff.add_argument("old", nargs="?", default="HEAD", help="file, version or git revision (default HEAD)")
    diff.add_argument("new", nargs="?", help="the same (default: the ledger here)")
    diff.add_argument("--format", choices=["text", "markdown"], default="text")
    diff.add_argument("--tolerance", type=_tolerance, help="relative change that counts as the same")
    freeze = add("release", _release, "freeze a version: cold build, gates, archive, tag")
    freeze.add_argument("version", help="three numbers, higher than all before")
    freeze.add_argument("--commit", help="release this commit as it is (default: the present one)")
    add("simulate", _simulate, "recompute the committed simulation results")
    add("machine", _machine, "write the paper for machines: JSON, JATS XML, schema.org, RO-Crate")
    add("reproduce", _reproduce, "build this commit twice from nothing and compare every byte")
    add("latex", _latex, "install LaTeX if it is missing and apt is at hand")
    add("notebooks", _notebooks, "pair the chapters with notebooks/")
    lab = add("lab", _lab, "open the chapters in JupyterLab, their prose with its numbers")
    lab.add_argument("jupyter", nargs="*", help="options of jupyter lab, after --")
    site = add("site", _site, "unpack all versions into _build/site")
    site.add_argument("--newest", help="stop unless this is the newest version, for example v1.1.0")
    return parser


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"must be a share from 0 to below 1, found {text}")
    return value


def _new(_project: Project, given: argparse.Namespace) -> None:
    from livingpaper.new import new_paper

    files = new_paper(given.folder)
    sys.stdout.write(f"new paper: {len(files)} files; build it: cd {given.folder} && livingpaper html\n")


def _ledger(project: Project, _given: argparse.Namespace) -> None:
    from livingpaper.build.build import draw_key_figure, write_numbers

    write_numbers(project)
    draw_key_figure(project)


def _build(project: Project, given: argparse.Namespace) -> None:
    from livingpaper.build.build import build_html, build_pdf

    {"html": build_html, "pdf": build_pdf}[given.command](project, cold=given.cold)


def _machine(project: Project, _given: argparse.Namespace) -> None:
    from livingpaper.exports.exports import write_machine

    sys.stdout.write(f"machine: {write_machine(project)}\n")


def _simulate(project: Project, _given: argparse.Namespace) -> None:
    from livingpaper.config import config

    paper = config(project)
    paper.hook(paper.hooks.simulate)(project, paper.plan())


def _latex(_project: Project, _given: argparse.Namespace) -> None:
    from livingpaper.build.latex import ensure_latex

    ensure_latex()


def _diff(project: Project, given: argparse.Namespace) -> int:
    from livingpaper.config import config
    from livingpaper.ledger.claims import load_claims
    from livingpaper.ledger.compare import TOLERANCE, compare
    from livingpaper.ledger.report import as_markdown, as_text
    from livingpaper.versions.sources import read_claims, read_source

    new = given.new or str(project.ledger)
    names = [Path(name).name if Path(name).is_file() else name for name in (given.old, new)]
    result = compare(
        read_source(project, given.old),
        read_source(project, new),
        claims=read_claims(project, new) or load_claims(project.claims),
        old_claims=read_claims(project, given.old),
        paper=config(project),
        tolerance=TOLERANCE if given.tolerance is None else given.tolerance,
    )
    write = as_markdown if given.format == "markdown" else as_text
    sys.stdout.write(write(result, *names))
    return result.status


def _release(project: Project, given: argparse.Namespace) -> None:
    from livingpaper.versions.release import release

    sys.stdout.write(f"released: {release(project, given.version, revision=given.commit)}\n")


def _reproduce(project: Project, _given: argparse.Namespace) -> None:
    from livingpaper.build.reproduce import reproduce

    sys.stdout.write(f"reproducible: {reproduce(project)} files are the same in two cold builds\n")


def _notebooks(project: Project, _given: argparse.Namespace) -> None:
    from livingpaper.lab.serve import pair

    pair(project)


def _lab(project: Project, given: argparse.Namespace) -> None:
    from livingpaper.lab.serve import open_lab

    open_lab(project, given.jupyter)


def _site(project: Project, given: argparse.Namespace) -> None:
    from livingpaper.versions.site import assemble
    from livingpaper.versions.sources import versions

    newest = (given.newest or "").removeprefix("v")
    if newest and newest not in versions(project)[-1:]:
        raise ValueError(
            f"the newest version must be {newest}, it is {versions(project)[-1:] or 'none'}; "
            "push the commit that froze it with its tag: git push --follow-tags"
        )
    sys.stdout.write(f"site: {assemble(project) / 'index.html'}\n")


if __name__ == "__main__":
    sys.exit(main())
