"""Interpreter, library and folder belong together: what is foreign is left out, or named in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from livingpaper.__main__ import main
from livingpaper.build import cache
from livingpaper.build.cache import files_of
from livingpaper.build.project import Project
from livingpaper.build.state import inputs_digest
from livingpaper.build.surroundings import (
    SurroundingsError,
    check_surroundings,
)

DOOR_SECONDS = 0.05
EXAMPLE = Path(__file__).parents[2] / "examples" / "legislators"


def test_this_checkout_is_in_order_and_the_check_is_quick(project: Project) -> None:
    check_surroundings(project)
    began = time.process_time()
    check_surroundings(project)
    assert time.process_time() - began < DOOR_SECONDS


def test_a_paper_without_a_library_of_its_own_uses_the_installed_one(tmp_path: Path) -> None:
    (tmp_path / "paper.toml").write_text("")
    check_surroundings(Project(tmp_path))


@pytest.mark.parametrize("package", ["headtohead", "livingpaper", "study"])
def test_a_copied_folder_does_not_compute_with_the_old_library(tmp_path: Path, package: str) -> None:
    own = tmp_path / "lib" / package
    own.mkdir(parents=True)
    (own / "__init__.py").write_text("raise RuntimeError\n")
    with pytest.raises(
        SurroundingsError, match=rf"{package} must be that of {tmp_path / 'lib'}, .* would be used; run make"
    ):
        check_surroundings(Project(tmp_path))


@pytest.mark.parametrize(
    ("line", "other"),
    [("pandas==0.1", "pandas"), ("Altair==9", "altair"), ("jupyter_core==1", "jupyter-core")],
)
def test_a_package_in_another_version_than_the_locked_one_is_named(
    tmp_path: Path, line: str, other: str
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "requirements.txt").write_text(f"{line} \\\n    --hash=sha256:00\nnot-installed==1.0\n")
    with pytest.raises(SurroundingsError, match=rf"1 have not, first {other} \S+ for .*; run make"):
        check_surroundings(Project(tmp_path))


def test_another_copy_of_the_library_is_not_read(project: Project, tmp_path: Path) -> None:
    for package in ("headtohead", "study", "livingpaper", "pandas", "yaml", "pydantic"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise RuntimeError('the foreign copy')\n")
    done = command(project, "diff", "0.1.0", "0.1.0", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "0 estimates moved" in done.stdout


def test_another_checkout_is_built_with_its_own_code(project: Project, tmp_path: Path) -> None:
    """As a version is: by the packages of this environment, and the code of the other checkout."""
    shutil.copytree(project.root / "lib", tmp_path / "lib")  # with what is compiled: that takes seconds
    for name in ("paper.toml", "protocol.toml", "requirements.txt"):
        shutil.copy(project.root / name, tmp_path)
    run = [sys.executable, "-m", "livingpaper", "diff", "none", "none"]
    said = {}
    for lib in (tmp_path / "lib", project.root / "lib"):
        env = os.environ | {"PYTHONPATH": str(lib)}
        done = subprocess.run(run, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        said[lib.parent] = done.stderr
    assert "'none' is none of them" in said[tmp_path]
    assert f"must be that of {tmp_path / 'lib'}" in said[project.root]


def test_a_foreign_repository_in_the_environment_is_not_asked(project: Project, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    foreign = {"GIT_DIR": str(tmp_path / ".git"), "GIT_WORK_TREE": str(tmp_path)}
    done = command(project, "diff", "HEAD", "HEAD", **foreign)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("here", [True, False])
def test_make_makes_the_environment_of_a_moved_folder_anew(
    project: Project, tmp_path: Path, here: bool
) -> None:
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(project.root / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".ready").write_text(f"{tmp_path if here else project.root}\n")
    done = subprocess.run(["make", "-n", "ledger"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ("venv --clear .venv" in done.stdout) != here


def new_paper(root: Path) -> Project:
    """Return a small paper of its own."""
    main(["new", str(root)])
    return Project(root)


def command(project: Project, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    run = [str(Path(sys.executable).with_name("livingpaper")), *words]
    env = os.environ | more
    return subprocess.run(
        run, cwd=project.root, env=env, capture_output=True, text=True, check=False, timeout=300
    )


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize("module", ["sitecustomize", "usercustomize"])
def test_code_that_ran_before_the_command_is_named(project: Project, tmp_path: Path, module: str) -> None:
    (tmp_path / f"{module}.py").write_text("")
    code = f"""
import sys
sys.modules.pop({module!r}, None)
sys.path.insert(0, {str(tmp_path)!r})
import {module}
from livingpaper.__main__ import main
sys.exit(main(["diff", "0.1.0", "0.1.0"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr.startswith(
        f"no code may run before a command, {tmp_path / module}.py did; take it out"
    )


def test_two_versions_of_one_package_are_not_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "requirements.txt").write_text("some-thing==1.0\n")
    for version in ("1.0", "0.9"):
        (tmp_path / "site-packages" / f"some_thing-{version}.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site-packages")])
    with pytest.raises(SurroundingsError, match=r"1 have not, first some-thing 0\.9 for 1\.0"):
        check_surroundings(Project(tmp_path))


def test_a_package_that_nothing_locks_is_an_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a paper without a lock would be up to date after its statistics were upgraded."""
    paper, seen = new_paper(tmp_path / "paper"), []
    monkeypatch.setattr(cache, "INSTALLED", (tmp_path,) * 4)
    for version in ("1.0", "1.1", "1.0"):
        folder = tmp_path / f"statsmodels-{version}.dist-info"
        folder.mkdir()
        cache.installed.cache_clear()
        seen.append(inputs_digest(paper))
        folder.rmdir()
    for kept in (cache.installed, cache.home_of, cache._reached):  # they saw packages in other places
        kept.cache_clear()
    assert seen[0] == seen[2] != seen[1]


def test_a_module_that_lies_about_is_not_found_by_accident(tmp_path: Path) -> None:
    """What stands beside a paper, and in no package, is no input that the paper knows of."""
    paper = new_paper(tmp_path / "paper")
    (paper.root / "helper.py").write_text("K = 1\n")
    (paper.root / "random.py").write_text("raise RuntimeError('not the one of Python')\n")
    replaced(
        paper.root / "book" / "index.md", "import pandas as pd", "import pandas as pd\nfrom helper import K"
    )
    done = command(paper, "ledger")
    assert (done.returncode, done.stderr) == (
        1, "book/index.md, cell 1: ModuleNotFoundError: No module named 'helper'\n",
    )  # fmt: skip


def test_a_warning_cannot_be_turned_off_from_outside(tmp_path: Path) -> None:
    paper = new_paper(tmp_path / "paper")
    warns = 'import warnings\nwarnings.warn("look here")\nimport pandas as pd'
    replaced(paper.root / "book" / "index.md", "import pandas as pd", warns)
    done = command(paper, "ledger", PYTHONWARNINGS="ignore", PYTHONOPTIMIZE="2")
    assert done.returncode == 1
    assert "book/index.md, cell 1: UserWarning: look here" in done.stderr


@pytest.mark.parametrize("asked", ["environment", "option", "foreign path"])
def test_what_python_compiled_is_kept_for_the_next_process(tmp_path: Path, asked: str) -> None:
    """Where that is forbidden, as in many containers, each process of a build would compile the library anew."""
    for name in ("mine", "child"):
        (tmp_path / f"{name}.py").write_text("")
    there = f"import sys; sys.path.insert(0, {str(tmp_path)!r})"
    child = (
        f"import subprocess; subprocess.run([sys.executable, '-c', {there + '; import child'!r}], check=True)"
    )
    code = f"import livingpaper_command as c; c.own_code(); {there}; import mine; {child}"
    env = os.environ | ({} if asked == "option" else {"PYTHONDONTWRITEBYTECODE": "1"})
    env |= {"PYTHONPATH": str(tmp_path / "none")} if asked == "foreign path" else {}
    subprocess.run([sys.executable, *["-B"] * (asked == "option"), "-c", code], env=env, check=True)
    assert {path.name.split(".")[0] for path in (tmp_path / "__pycache__").iterdir()} == {"mine", "child"}


ODD = {
    "PYTHONOPTIMIZE": "2", "PYTHONSAFEPATH": "1", "PYTHONHASHSEED": "7", "PYTHONIOENCODING": "ascii", "LANG": "C",
    "LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "SOURCE_DATE_EPOCH": "1", "OMP_NUM_THREADS": "3",
    "VIRTUAL_ENV": "{home}/other", "PYTHONSTARTUP": "{home}/raise.py", "PYTHONPATH": "{home}", "HOME": "{home}",
    "IPYTHONDIR": "{home}/.ipython", "JUPYTER_CONFIG_DIR": "{home}/.jupyter", "XDG_CONFIG_HOME": "{home}/.config",
    "JUPYTER_PATH": "{home}/share", "JUPYTERCACHE": "{home}/cache",
}  # fmt: skip
FOREIGN = {
    "raise.py": "raise RuntimeError('start-up')\n",
    "sitecustomize.py": "import os\nos.environ['FOREIGN'] = 'yes'\n",
    "headtohead/__init__.py": "raise RuntimeError('the foreign copy')\n",
    ".ipython/profile_default/startup/0.py": "raise RuntimeError('start-up')\n",
    ".jupyter/jupyter_server_config.py": "c.ServerApp.contents_manager_class = 'none.Such'\n",
    ".jupyter/jupyter_config.py": "raise RuntimeError('configured')\n",
    ".config/jupytext/jupytext.toml": 'formats = "ipynb,py:percent"\ncell_markers = "region,endregion"\n',
    "share/kernels/python3/kernel.json": '{"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}',
}


@pytest.mark.whole
def test_an_odd_environment_builds_the_same_bytes(tmp_path: Path) -> None:
    """Variables, a home full of settings, another locale, clock, mask and name of the folder: nothing of it gets in."""
    home = tmp_path / "home"
    for name, text in FOREIGN.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    plain, odd = new_paper(tmp_path / "plain"), new_paper(tmp_path / "odd")
    (tmp_path / "linked").symlink_to(odd.root)
    shape = "umask 077; exec " + str(Path(sys.executable).with_name("livingpaper")) + " html"
    env = os.environ | {name: value.format(home=home) for name, value in ODD.items()}
    env |= {"PWD": str(tmp_path / "linked")}
    done = subprocess.run(
        ["sh", "-c", shape], cwd=tmp_path / "linked", env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    done = command(plain, "html")
    assert done.returncode == 0, done.stdout + done.stderr
    found = [files_of(each.root, "_build/html", "results") for each in (plain, odd)]
    assert len(found[0]) > 50
    assert found[0].keys() == found[1].keys()
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


STOPPED = """
import os, signal, sys

class Stop:
    def find_spec(name, *_):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Stop)
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell runs in the background
import livingpaper_command

sys.exit(livingpaper_command.main())
"""


@pytest.mark.parametrize("name", ["pandas", "livingpaper.versions.given"], ids=["loading", "working"])
def test_a_command_that_is_stopped_says_so_in_one_line(name: str, project: Project) -> None:
    run = [sys.executable, "-c", STOPPED.format(name=name), "diff"]
    done = subprocess.run(run, cwd=project.root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "stopped; what was there before is unchanged, run it again to go on\n"


def others_may_run_python() -> bool:
    """Return whether this is root, and the interpreter lies where others reach it."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return False
    return subprocess.run([*NOBODY, "test", "-x", sys.executable], check=False).returncode == 0


@pytest.mark.whole
@pytest.mark.skipif(
    not others_may_run_python(), reason="needs to become somebody else who may run this Python"
)
def test_somebody_without_a_home_may_use_a_library_of_others() -> None:
    """Neither may be written to: what is compiled is kept below the paper."""
    with TemporaryDirectory(dir="/tmp") as place:
        root = Path(place, "paper")
        shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("_build"))
        for path in (Path(place), root, *root.rglob("*")):
            os.chown(path, 65534, 65534)
        run = [*NOBODY, str(Path(sys.executable).with_name("livingpaper")), "ledger"]
        env = os.environ | {"HOME": "/root"}
        done = subprocess.run(
            run, cwd=root, env=env, capture_output=True, text=True, check=False, timeout=600
        )
        assert (done.returncode, done.stdout) == (0, "ledger: unchanged\n"), done.stderr
        assert any((root / "_build" / "cache" / "numba").rglob("*.nbi"))
