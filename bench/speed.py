"""How fast: the study, the builds, and the library beside its peers, each with its target on two idle cores.

``make bench`` runs the kernels, the study and the builds; ``python bench/speed.py simulate`` (``gates``, ``paint``,
``hospital``, ``tests``)
runs another part. Every peer is timed in the same run on the same data, so that the ratio holds on any machine;
R stands beside it where ``Rscript`` and its packages are installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from doors import doors
from hospitals import hospitals
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from kernels import kernels
from livingpaper.build.project import find_project
from livingpaper.lab.serve import kernel
from nbclient import NotebookClient
from paint import paints
from study.protocol.protocol import load_protocol
from timing import Timing, best_of, once

os.environ.setdefault("OMP_NUM_THREADS", "1")
PROJECT = find_project(Path(__file__).parent)
PAPER, MAKE = [sys.executable, "-m", "livingpaper"], ["make", "-s"]


class LabKernel(AsyncKernelManager):
    """Starts the kernel that JupyterLab has here."""

    kernel_spec = property(lambda _: KernelSpec(**kernel()))


def study() -> Iterator[Timing]:
    """Time all chapters from nothing, and every defensible specification, compiled kernels warm."""
    from study.sensitivity.multiverse import known_outcomes, material, specification_curve, specifications
    from study.simulation.precomputed import eligible

    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder) / "paper")
        yield command(PAPER, copy, "ledger, from nothing", 30.0, "ledger")
        yield run_all(copy)
        text = (copy / "protocol.toml").read_text("utf-8")
        (copy / "protocol.toml").write_text(text.replace("caliper_sd = 0.2", "caliper_sd = 0.15", 1), "utf-8")
        yield command(PAPER, copy, "ledger, after another caliper", 10.0, "ledger")
    protocol = load_protocol(PROJECT.protocol)
    frame, table = known_outcomes(eligible(PROJECT, protocol), protocol), specifications(protocol)
    seconds = best_of(lambda: specification_curve(table, material(frame, protocol), protocol), 1)
    yield Timing(f"specification curve, {(table['excluded'] == '').sum():,} specifications", seconds, 20.0)


def run_all(paper: Path) -> Timing:
    """Return how long the slowest chapter takes to run all its cells in JupyterLab, once kernel and ledger are there."""
    import jupytext

    seconds = dict[str, float]()
    for path in sorted((paper / "book").glob("*.md")):
        notebook = jupytext.reads(path.read_text("utf-8"), "md:myst")  # else some are taken for pandoc's
        if "kernelspec" in notebook.metadata:
            where = {"metadata": {"path": str(path.parent)}}
            client = NotebookClient(notebook, kernel_manager_class=LabKernel, timeout=600, resources=where)
            with client.setup_kernel(env=own_code(paper)):
                seconds[path.stem] = once(partial(_run, client))
    slowest = max(seconds, key=lambda name: seconds[name])
    return Timing(f"run all of {slowest}, the slowest of {len(seconds)} chapters", seconds[slowest], 5.0)


def _run(client: NotebookClient) -> None:
    for number, cell in enumerate(client.nb.cells):
        client.execute_cell(cell, number)


def builds() -> Iterator[Timing]:
    """Time the builds in a copy of the checkout, so that nobody's chapter is edited."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder) / "paper")
        build = partial(command, PAPER, copy)
        yield build("html, from nothing", 45.0, "html", "--cold")
        yield build("html, nothing changed", 2.0, "html")
        chapter = copy / "book" / "discussion.md"
        chapter.write_text(chapter.read_text("utf-8") + "\nOne more sentence.\n", encoding="utf-8")
        yield build("html, prose of one chapter edited", 6.0, "html")
        if shutil.which("xelatex"):
            yield build("paper and supplement, after html", 30.0, "pdf")
    yield command(PAPER, PROJECT.root, "diff of two ledgers", 1.0, "diff")


def simulate() -> Iterator[Timing]:
    """Time the simulation study and the 500 null curves together, from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder) / "paper")
        yield command(PAPER, copy, "simulation of 4 worlds, and null curves", 300.0, "simulate")


def gates() -> Iterator[Timing]:
    """Time the gates on the paper that is built here."""
    yield command(MAKE, PROJECT.root, "make check, after make paper", 330.0, "check")


def tests() -> Iterator[Timing]:
    """Time the test suite."""
    yield command(MAKE, PROJECT.root, "make test", 120.0, "test")


def copied(to: Path) -> Path:
    """Copy the checkout without what is made in it."""
    made = shutil.ignore_patterns(".git", ".venv", "_build", "notebooks", "__pycache__")
    return Path(shutil.copytree(PROJECT.root, to, ignore=made))


def own_code(folder: Path) -> dict[str, str]:
    """Return the environment in which a copy runs its own code, with the packages of this environment."""
    return {**os.environ, "PYTHONPATH": str(folder / "lib")}


def command(program: list[str], folder: Path, what: str, target: float, *arguments: str) -> Timing:
    """Return how long a command takes, with its processor time; its output is shown only if it fails."""
    before, started = os.times(), time.perf_counter()
    run, env = [*program, *arguments], own_code(folder)
    done = subprocess.run(run, cwd=folder, env=env, capture_output=True, text=True, check=False)
    seconds, after = time.perf_counter() - started, os.times()
    if done.returncode:
        sys.exit(f"{' '.join(run)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Timing(what, seconds, target, {"processor time": spent})


PARTS: dict[str, Callable[[], Iterator[Timing]]] = {
    "kernels": kernels,
    "doors": doors,
    "study": study,
    "builds": builds,
    "simulate": simulate,
    "gates": gates,
    "paint": lambda: paints(PROJECT.build / "html"),
    "hospital": lambda: hospitals(partial(command, PAPER), PROJECT.root),
    "tests": tests,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; default the first four"
    )
    chosen = parser.parse_args().parts or list(PARTS)[:4]
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"parts are {', '.join(PARTS)}; found {', '.join(sorted(unknown))}")
    warnings.simplefilter("ignore")  # the peers'
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}: on a busy machine the times are upper bounds"
    )
    print(f"{'what':<62}{'measured':>9}{'target':>9}          beside it, in the same run")
    for part in chosen:
        for row in PARTS[part]():
            print(row, flush=True)


if __name__ == "__main__":
    main()
