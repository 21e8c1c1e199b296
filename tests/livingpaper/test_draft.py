"""A draft on another cohort: nothing that its numbers do not bear out is printed, and everything else is."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pandas as pd
import pytest
from livingpaper.book.drafts import LEFT_OUT, leave_out, unsupported
from livingpaper.build.numbers import check_conclusions
from livingpaper.build.project import Project
from livingpaper.ledger.claims import Claim, ClaimError, Rules, load_claims, plain_text
from livingpaper.ledger.ledger import read_ledger
from project_copy import copy_project

CHAPTER = """# Deaths

More died with {result}`a.x`.
This is a lot.

The risk was {result}`a.gone`.

The risk was {result}`a.y`.

```{code-cell} ipython3
show(tables.effects(paper), "tbl-effects", \"\"\"
More died with {result}`a.x`.
Intervals at 95%.
\"\"\")
```
"""
CLAIM = Claim("c", "More died with {}.", ("a.x",), each="value > 0.1")


def numbers(x: float) -> pd.DataFrame:
    frame = pd.DataFrame({"id": ["a.x", "a.y"], "estimate": [x, 0.3], "text": ["x", "y"]})
    return frame.assign(conf_low=0.0, conf_high=1.0, events=1).set_index("id")


def left(x: float, rules: Rules) -> str:
    ledger = numbers(x)
    return leave_out(CHAPTER, unsupported([CLAIM], ledger, rules), lambda id_: id_ not in ledger.index)


def test_a_passage_goes_when_its_conclusion_does_not_hold(rules: Rules) -> None:
    found = left(0.05, rules)
    assert found.count(LEFT_OUT) == 3, "the sentence, the caption and the unknown number"
    for gone in ("More died", "a lot", "a.gone", "Intervals at"):
        assert gone not in found
    for kept in ("# Deaths", "The risk was {result}`a.y`.", 'show(tables.effects(paper), "tbl-effects", """'):
        assert kept in found.splitlines()


def test_a_passage_stays_when_it_holds(rules: Rules) -> None:
    found = left(0.2, rules)
    assert found == CHAPTER.replace("The risk was {result}`a.gone`.", LEFT_OUT)


@pytest.mark.parametrize("claim", [
    dataclasses.replace(CLAIM, ids=("a.gone",)),
    dataclasses.replace(CLAIM, each="1 / (value - 0.2) > 0"),
    dataclasses.replace(CLAIM, each="value > 0.3"),
])  # fmt: skip
def test_what_cannot_be_judged_does_not_stand(claim: Claim, rules: Rules) -> None:
    assert unsupported([claim], numbers(0.2), rules) == [claim]


def test_without_the_cohorts_numbers_no_conclusion_from_them_is_left(project: Project, rules: Rules) -> None:
    """As with a cohort that turns everything round: each chapter loses those passages and keeps its headings."""
    ledger = read_ledger(project.ledger)
    ledger.loc[ledger["origin"] == "synthetic", ["estimate", "conf_low", "conf_high"]] *= -30
    broken = unsupported(load_claims(project.claims), ledger, rules)
    assert len(broken) > 40
    for path in sorted((project.root / "book").glob("*.md")):
        text = path.read_text("utf-8")
        found = leave_out(text, broken, lambda id_: id_ not in ledger.index)
        mine = [claim.says for claim in broken if claim.file == path.stem and claim.says in plain_text(text)]
        assert [says for says in mine if says in plain_text(found)] == []
        assert re.findall(r"(?m)^#.*|^show\(.*", found) == re.findall(r"(?m)^#.*|^show\(.*", text)
        assert (LEFT_OUT in found) == bool(mine)


def test_a_draft_says_what_does_not_hold_and_goes_on(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = copy_project(project, tmp_path / "p")
    (made.root / "book").mkdir()
    (made.root / "book" / "c.md").write_text("Nobody died.")
    made.claims.write_text(
        '[[claim]]\nfile = "c"\nsays = "Nobody died."\nids = ["counts.death.rd"]\neach = "value == 0"\n'
    )
    with pytest.raises(ClaimError, match=r"'c: Nobody died\.' is not true"):
        check_conclusions(made)
    text = made.protocol.read_text("utf-8")
    assert "draft = false" in text
    made.protocol.write_text(text.replace("draft = false", "draft = true"), "utf-8")
    check_conclusions(made)
    assert capsys.readouterr().out == (
        "draft: 1 of 1 conclusions do not hold here, their passages are left out:\n  - c: Nobody died.\n"
    )
