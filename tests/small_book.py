"""A book of three small chapters: patients -> pairs -> outcome, each taking from the one before."""

from __future__ import annotations

import re
from pathlib import Path

from livingpaper.build.project import Project

HEAD = (
    "---\nkernelspec:\n  display_name: Python 3\n  language: python\n  name: python3\n---\n\n# A chapter\n\n"
)
PATIENTS = [
    [
        "import pandas as pd",
        "from livingpaper import record",
        "",
        'everyone = pd.read_csv("../data/people.csv")',
    ],
    [
        "adults = everyone[everyone.age >= 18]",
        'record(len(adults), "cohort.adults.n", origin="synthetic", scale="count")',
    ],
]
PAIRS = [
    [
        "from livingpaper import record, take",
        'adults = take("cohort", "adults")',
        'unused = take("cohort", "everyone")',
    ],
    ["caliper = 2", "close = adults[adults.age.diff().abs() <= caliper]"],
    ['record(len(close), "matching.close.n", origin="synthetic", scale="count")'],
]
OUTCOME = [
    [
        "from livingpaper import Sheet, crosstable, ledger, record, show, take",
        'close = take("matching", "close")',
    ],
    [
        'risks = close.groupby("arm", as_index=False)["died"].mean().rename(columns={"died": "estimate"})',
        'record(risks, "outcomes.death.{arm}.{scale}", origin="synthetic", scale="risk", method="share")',
    ],
    [
        'rows = ledger.select("outcomes.death.{drug}.risk")',
        'show(Sheet(crosstable(rows, "drug", "scale", corner="Arm"), sources=(rows,)), "tbl-death", "Risks.")',
    ],
]
LABELS = {"cohort": "people", "matching": "pairs", "outcomes": "death"}
PEOPLE = "age,arm,died\n17,A,0\n40,A,1\n41,A Plus,0\n42,A,0\n60,A Plus,1\n61,A Plus,1\n"


def chapter(cells: list[list[str]], label: str) -> str:
    """Return the MyST text of a chapter: its label stands above all cells but the first."""
    blocks = [
        "```{code-cell} ipython3\n:tags: [hide-input]\n\n" + "\n".join(cell) + "\n```\n" for cell in cells
    ]
    return HEAD + blocks[0] + f"\n({label})=\n## A section\n\n" + "\n".join(blocks[1:])


def settings_without_code() -> str:
    """Return what the machinery knows of this project's paper, without the functions of the study."""
    text = (Path(__file__).parents[1] / "paper.toml").read_text("utf-8")
    return re.sub(r'(?m)^(load|words|simulate|key_figure|ledger) = ".*"\n', "", text)


def small_book(root: Path, **chapters: list[list[str]]) -> Project:
    """Write the book; ``chapters`` replaces the cells of some."""
    cells = {"cohort": PATIENTS, "matching": PAIRS, "outcomes": OUTCOME} | chapters
    for folder in ("book", "data", "results"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "paper.toml").write_text(settings_without_code())
    (root / "protocol.toml").write_text("[study]\nblinded = false\n\n[matching]\ncaliper_sd = 0.2\n")
    (root / "data" / "people.csv").write_text(PEOPLE)
    files = "".join(f"      - file: book/{name}\n" for name in cells if name != "cohort")
    (root / "_toc.yml").write_text(f"format: jb-book\nroot: book/cohort\nparts:\n  - chapters:\n{files}")
    for name, text in cells.items():
        (root / "book" / f"{name}.md").write_text(chapter(text, LABELS.get(name, name)))
    return Project(root)
