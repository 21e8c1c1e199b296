"""LaTeX: is it there, and if not, may it be installed?"""

import os
import shutil
import subprocess

LATEX_PACKAGES = (
    "texlive-xetex", "texlive-latex-recommended", "texlive-latex-extra", "texlive-fonts-recommended",
    "latexmk", "fonts-texgyre", "fonts-texgyre-math",
)  # fmt: skip
LATEX_FILES = ("unicode-math.sty", "tabulary.sty", "capt-of.sty", "fancyhdr.sty", "texgyrepagella-math.otf")
NO_LATEX, FAILED = 3, 1


class BuildError(RuntimeError):
    """The paper could not be built; the last good one is untouched."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


def ensure_latex() -> None:
    """Install LaTeX with apt if it is missing and we may; else say what to install."""
    if _has_latex():
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *LATEX_PACKAGES]
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    sudo = shutil.which("sudo") if root else None
    may = not root or (sudo and not subprocess.run([*root, "true"], capture_output=True).returncode)
    missing, cure = "pdf: LaTeX is missing (the HTML is done)", "install it with: sudo " + " ".join(command)
    if shutil.which("apt-get") is None or not may:
        raise BuildError(f"{missing}; {cure}", NO_LATEX)
    print("pdf: installing LaTeX, once, about 100 MB", flush=True)  # noqa: T201
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update"], command):
        done = subprocess.run([*root, *step], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise BuildError(f"{missing} and {step[0]} {step[1]} failed: {reason}; {cure}", NO_LATEX)
    if not _has_latex():
        raise BuildError("pdf: LaTeX was installed, xelatex or its fonts are not found; check PATH", NO_LATEX)


def _has_latex() -> bool:
    if not all(map(shutil.which, ("xelatex", "latexmk", "kpsewhich"))):
        return False
    found = subprocess.run(["kpsewhich", *LATEX_FILES], capture_output=True, text=True, check=False)
    return len(found.stdout.split()) == len(LATEX_FILES)
