"""A command that is killed at any moment leaves the last good files, and the next one recovers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from hospital_cohort import good
from livingpaper.build.cache import files_of
from livingpaper.build.project import Project
from study.hospital.checking import check_file
from study.hospital.folder import Own, folder_of, write_folder
from study.hospital.load import read_patients
from study.hospital.preview import write_preview
from study.hospital.template import write_template
from study.protocol.protocol import load_protocol

pytestmark = pytest.mark.whole
KILLS, SECONDS = 8, 40.0
WRITES = """
import itertools, sys
from pathlib import Path
from livingpaper.build.project import Project
from study.hospital.checking import check_file
from study.hospital.folder import Own, folder_of, write_folder
from study.hospital.preview import write_preview
from study.hospital.template import write_template
from study.protocol.protocol import load_protocol

home, folder = Project(Path(sys.argv[1])), Path(sys.argv[2])
files = [folder / "one" / "mine.csv", folder / "two" / "mine.csv"]
own = [Own(home, check_file(home, file), load_protocol(home.protocol), None) for file in files]
print("ready", flush=True)
for number in itertools.count():
    write_folder(Project(folder_of(files[number % 2])), own=own[number % 2])
    for each, file in zip(own, files):
        write_preview(each.report, file)
    for name in ("new.xlsx", "new.csv"):
        (folder / name).unlink(missing_ok=True)
        write_template(home, folder / name)
"""


def test_a_kill_at_a_random_moment_leaves_whole_files(project: Project, tmp_path: Path) -> None:
    """Folder of the paper, preview and template: each file is the old one or the new one, and is made again."""
    settings = '[score]\ncolumns = ["age", "sex", "charlson"]\n'
    for name, seed in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        good(200, seed).to_csv(tmp_path / name / "mine.csv", index=False)
        (tmp_path / name / "cohort.toml").write_text(settings)
    whole = {name: _made(project, tmp_path / name / "mine.csv") for name in ("one", "two")}
    until, moments = time.monotonic() + SECONDS, random.Random(5)
    for turn in range(KILLS):
        run = subprocess.Popen(
            [sys.executable, "-c", WRITES, str(project.root), str(tmp_path)], stdout=subprocess.PIPE
        )
        assert run.stdout
        assert run.stdout.readline() == b"ready\n"
        time.sleep(moments.uniform(0, 0.6))
        run.kill()
        run.communicate()
        for name in ("one", "two"):
            root = folder_of(tmp_path / name / "mine.csv")
            tomllib.loads((root / "protocol.toml").read_text())
            assert len(read_patients(root / "data" / "patients.parquet")) == 200
            assert (tmp_path / name / "mine.check.html").read_text().rstrip().endswith("</html>")
        if time.monotonic() > until:
            assert turn >= 2
            break
    for name in ("one", "two"):
        assert _made(project, tmp_path / name / "mine.csv") == whole[name]
    for name in ("new.xlsx", "new.csv"):
        if not (tmp_path / name).exists():
            write_template(project, tmp_path / name)
        check_file(project, tmp_path / name)


KILLED_BUILDS = int(os.environ.get("KILLS", "2"))


def test_a_build_that_is_killed_leaves_the_last_paper_whole(project: Project, tmp_path: Path) -> None:
    """The command, or it with all it started, ends at a random moment: the pages are those before or those after it."""
    file, moments = tmp_path / "mine.csv", random.Random(KILLED_BUILDS)
    good(200).to_csv(file, index=False)
    command = [sys.executable, "-m", "livingpaper", "hospital", str(file), "--no-pdf"]

    def begun(title: str) -> subprocess.Popen[bytes]:
        words = f'[paper]\ntitle = "{title}"\n[score]\ncolumns = ["age", "sex"]\n[choices]\n'
        file.with_name("cohort.toml").write_text(words + '"inference.bootstrap_replicates" = 20\n')
        return subprocess.Popen(command, cwd=project.root, stdout=subprocess.DEVNULL, start_new_session=True)

    def pages() -> dict[str, bytes]:
        return files_of(folder_of(file), "_build/html", "results")

    whole = {}
    for title in ("One", "Two"):
        began = time.monotonic()
        assert begun(title).wait() == 0
        took, whole[title] = time.monotonic() - began, pages()
    for turn in range(KILLED_BUILDS):
        run = begun(("One", "Two")[turn % 2])
        time.sleep(moments.uniform(0.05, 1) * took)
        os.killpg(run.pid, signal.SIGKILL) if turn % 4 < 2 else run.kill()
        run.wait()
        assert pages() in whole.values(), turn
        assert (folder_of(file) / "data" / "patients.parquet").is_file()
    assert begun("One").wait() == 0
    assert pages() == whole["One"]


def _made(project: Project, file: Path) -> dict[str, bytes]:
    """Return the folder of a table's paper and its preview, made again."""
    report = check_file(project, file)
    target = Project(folder_of(file))
    write_folder(target, own=Own(project, report, load_protocol(project.protocol), None))
    page = write_preview(report, file).read_bytes()
    shown = files_of(
        target.root, "book", "data", "protocol.toml", "paper.toml", "claims.toml", "_config.yml", "_toc.yml"
    )
    return shown | {"preview": page}
