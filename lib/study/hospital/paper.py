"""``headtohead hospital FILE``: check a table, write its paper beside it, and build that as HTML and PDF."""

import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from livingpaper.build.project import Project

from study.hospital.checking import FOUND, UNREADABLE, as_text, check_file
from study.hospital.folder import Own, folder_of, require_unseen_by_git, write_folder
from study.hospital.own_choices import load_own_protocol
from study.hospital.own_history import Acceptance
from study.hospital.settings import NAME
from study.protocol.protocol import load_protocol

BLINDED = """outcomes by arm are withheld: read the diagnostics, then
  make hospital COHORT="{file}" ACCEPT="your name, why they suffice"
"""


def command(project: Project, words: Sequence[str]) -> int:
    """Run ``hospital FILE``; the exit status is 0, 1 if something stands against the table, 3 if it cannot be read."""
    parser = ArgumentParser(prog="headtohead hospital", description=__doc__)
    parser.add_argument("file", type=Path, help="CSV, .xlsx, .parquet, .duckdb, or a cohort.toml")
    parser.add_argument("--settings", type=Path, help=f"default: {NAME} beside the file")
    accept = "the diagnostics of the blinded paper are accepted: show the outcomes"
    parser.add_argument("--accept", metavar="NAME, REASON", help=accept)
    parser.add_argument("--no-pdf", action="store_true", help="build the HTML alone")
    parser.add_argument("--no-build", action="store_true", help="write the folder alone")
    given = parser.parse_args(words)
    file = given.file.expanduser().resolve()
    try:
        acceptance = Acceptance.of(given.accept) if given.accept else None
        require_unseen_by_git(folder_of(file))
        report = check_file(project, file, given.settings)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return UNREADABLE
    if report.stands:
        sys.stdout.write(as_text(report))
        return FOUND
    target = Project(folder_of(file))
    write_folder(target, own=Own(project, report, load_protocol(project.protocol), acceptance))
    formats = () if given.no_build else ("html",) if given.no_pdf else ("html", "pdf")
    for format_ in formats:
        build = [sys.executable, "-m", "livingpaper", format_]
        done = subprocess.run(build, cwd=target.root, check=False, close_fds=False)
        if done.returncode:
            return done.returncode
    if load_own_protocol(target.protocol).study.blinded:
        sys.stdout.write(BLINDED.format(file=given.file))
    return 0
