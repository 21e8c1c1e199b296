"""Programs that no package of Python brings: there, or installed with apt where that is allowed, or named in one line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from livingpaper.build.cache import say

LATEX_PACKAGES = (
    "texlive-xetex", "texlive-latex-recommended", "texlive-latex-extra", "texlive-fonts-recommended",
    "latexmk", "fonts-texgyre", "fonts-texgyre-math",
)  # fmt: skip
CHROMIUM_PACKAGES = ("chromium", "libatomic1", "fonts-liberation", "fonts-dejavu-core")
LATEX_FILES = ("unicode-math.sty", "tabulary.sty", "capt-of.sty", "fancyhdr.sty", "texgyrepagella-math.otf")


class ProgramError(RuntimeError):
    """A program is missing and could not be installed; ``status`` is for the shell."""

    status = 3


def ensure_latex() -> None:
    """Install LaTeX with apt if it is missing and we may; else ``ProgramError`` says what to install."""
    missing = "pdf: LaTeX is missing (the HTML is done)"
    _ensure(_has_latex, missing, "pdf: installing LaTeX, once, about 100 MB", LATEX_PACKAGES)


def ensure_chromium() -> None:
    """Install Chromium, with its driver's library and fonts, as LaTeX is, unless ``HEADTOHEAD_NO_BROWSER=1`` leaves it out."""
    missing = "check: Chromium is missing (HEADTOHEAD_NO_BROWSER=1 leaves its tests out)"
    if os.environ.get("HEADTOHEAD_NO_BROWSER") != "1":
        _ensure(_has_chromium, missing, "check: installing Chromium, once, about 100 MB", CHROMIUM_PACKAGES)


def _ensure(there: Callable[[], bool], missing: str, doing: str, packages: Sequence[str]) -> None:
    if there():
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    sudo = shutil.which("sudo") if root else None
    may = not root or (sudo and not subprocess.run([*root, "true"], capture_output=True).returncode)
    cure = "install it with: sudo " + " ".join(command)
    if shutil.which("apt-get") is None or not may:
        raise ProgramError(f"{missing}; {cure}")
    say(doing)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update"], command):
        done = subprocess.run([*root, *step], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ProgramError(f"{missing} and {step[0]} {step[1]} failed: {reason}; {cure}")
    if not there():
        raise ProgramError(f"{missing} though apt has installed it; check PATH")


def _has_latex() -> bool:
    if not all(map(shutil.which, ("xelatex", "latexmk", "kpsewhich"))):
        return False
    found = subprocess.run(["kpsewhich", *LATEX_FILES], capture_output=True, text=True, check=False)
    return len(found.stdout.split()) == len(LATEX_FILES)


def _has_chromium() -> bool:
    return Path(os.environ.get("CHROMIUM", "/usr/bin/chromium")).is_file() and drives_chromium()


def drives_chromium() -> bool:
    """Return whether the driver that opens Chromium starts."""
    command = [sys.executable, "-m", "playwright", "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
