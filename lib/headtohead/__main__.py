"""The command line: ``headtohead ledger | html | pdf | simulate``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from headtohead.paper.build import BuildError, build_html, build_pdf, draw_key_figure, write_numbers
from headtohead.project import find_project
from headtohead.protocol import load_protocol


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; errors are one message, not a traceback."""
    parser = argparse.ArgumentParser(prog="headtohead", description="Build the living paper.")
    parser.add_argument("command", choices=["ledger", "html", "pdf", "simulate"])
    parser.add_argument("--cold", action="store_true", help="build from nothing but the cached results")
    given = parser.parse_args(arguments)
    try:
        project = find_project()
        if given.command == "ledger":
            write_numbers(project)
            draw_key_figure(project)
        elif given.command == "simulate":
            from headtohead.study.artefacts import simulate  # heavy, and only for this command

            simulate(project, load_protocol(project.protocol))
        elif given.command == "html":
            build_html(project, cold=given.cold)
        else:
            build_pdf(project, cold=given.cold)
    except BuildError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.status
    except (ValueError, FileNotFoundError, KeyError) as error:
        # str() of a KeyError would add quotes
        said = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"{type(error).__name__}: {said}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
