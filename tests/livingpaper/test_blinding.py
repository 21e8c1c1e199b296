"""With the outcomes withheld: no number and no exhibit tells an outcome by arm, and the rest is unchanged."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from livingpaper.book.drafts import is_withheld, withhold_paragraphs, withhold_rows
from livingpaper.book.show import Drawing, Sheet
from livingpaper.build.project import Project, find_project
from livingpaper.config import config
from livingpaper.ledger.claims import Claim, load_claims, plain_text
from livingpaper.ledger.ledger import ESTIMATE_COLUMNS, PARTS, WITHHELD, entry, ledger_part
from own_cohort import eligible, project_with, rows_of
from project_copy import FEW, links_to
from running import OF_PATIENTS, Paper, run_paper

pytestmark = pytest.mark.whole

SETTINGS = config(find_project(Path(__file__).parent))
BLINDED = {"blinded = false": "blinded = true"}
PARAGRAPH, SENTENCE = SETTINGS.withheld.paragraph, SETTINGS.withheld.sentence
EFFECTS = {"risk, treated", "risk, control", "risk difference", "risk ratio", "odds ratio", "hazard ratio"}
PANELS = {  # beside all of the chapter on outcomes but the diagnostics
    "tbl-regression", "tbl-ends", "fig-subsets", "fig-caliper", "fig-curve", "tbl-mv-estimand", "tbl-mv-joint",
    "tbl-missing-handling", "tbl-hidden-bias", "tbl-negative", "fig-unseen", "fig-subgroups", "tbl-interactions",
    "tbl-benchmarks", "tbl-as-planned",
}  # fmt: skip


@pytest.fixture(scope="module")
def few(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Paper:
    """Return the paper with few repetitions."""
    return run_paper(links_to(project, tmp_path_factory.mktemp("few") / "p"))


@pytest.fixture(scope="module")
def hidden(project: Project, few: Paper, tmp_path_factory: pytest.TempPathFactory) -> Paper:
    """Return it with the outcomes withheld; of the steps those run again that read this choice."""
    made = links_to(project, tmp_path_factory.mktemp("blind") / "p", FEW | BLINDED)
    made.steps.parent.mkdir(parents=True)
    made.steps.symlink_to(few.project.steps)
    return run_paper(made)


@pytest.mark.parametrize(
    ("id_", "withheld"),
    [
        ("outcomes.death28.ato.rd", True),
        ("outcomes.km.treated.aj", True),
        ("worlds.harm.death28.ato.rd", True),
        ("worlds.harm.truth.death28.ato.rd", False),
        ("worlds.harm.pairs.n", False),
        ("sensitivity.caliper.020.rd", True),
        ("sensitivity.caliper.020.smd", False),
        ("sensitivity.per_protocol.weighted.rd", True),
        ("sensitivity.deviations.treated.n", False),
        ("multiverse.variance.missing", True),
        ("multiverse.valid", False),
        ("matching.regression.pairs.plain.death28.rd", True),
        ("matching.smd.largest.ato", False),
        ("cohort.follow_up.treated.dead.median", True),
        ("counts.death.rr", False),
        ("nhefs.weight.crude", False),
        ("diagnostics.negative_control", False),
    ],
)
def test_which_numbers_tell_an_outcome(id_: str, withheld: bool) -> None:
    assert SETTINGS.withholds(id_) is withheld


def test_a_withheld_row_keeps_only_its_name() -> None:
    made = entry(
        "outcomes.death28.ato.rd", "synthetic", "risk difference", 0.0123, code="x", conf_low=-0.05,
        conf_high=0.06, conf_level=0.95, n=300, events=51, std_error=0.02, method="secret 0.0123",
    )  # fmt: skip
    (row,) = withhold_rows([made], blinded=True)
    assert {ledger_part(pd.Series(row), part) for part in PARTS} == {WITHHELD}
    assert "1.2" not in str(row)
    assert "0.0123" not in str(row)
    assert list(withhold_rows([made], blinded=False)) == [made]


CHAPTER = """---
title: kept, although it says {result}`outcomes.x`
---

(label)=
# Outcomes of {result}`outcomes.x`

:::{admonition} In short
Risks were {result}`outcomes.death28.ato.rd value`.
More died.
:::

The design is {result}`matching.pairs.n`.

Plain words: anakinra
was better.

| a | {result}`outcomes.x` |

```{code-cell} ipython3
show(tables.effects(ledger, plan, "death"), "tbl-death", \"\"\"
Anakinra was better, by {result}`outcomes.x`.
Intervals at 95%.
\"\"\")
show(tables.balance(ledger), "tbl-balance", \"\"\"
Balance is {result}`matching.smd`.
\"\"\")
```
"""


def test_paragraphs_and_captions_that_tell_an_outcome_go_and_the_rest_stays() -> None:
    claims = [Claim("c", "anakinra was better.", ("outcomes.death28.*.rd",), each="value < 0")]
    left = withhold_paragraphs(CHAPTER, claims, SETTINGS)
    assert left.count(PARAGRAPH) == 3
    for gone in ("Risks were", "More died", "Plain words", "was better", "Intervals at"):
        assert gone not in left
    for line in CHAPTER.splitlines():
        if not any(
            word in line for word in ("Risks", "More", "Plain", "was better", "Anakinra", "Intervals")
        ):
            assert line in left.splitlines()
    assert withhold_paragraphs(left, claims, SETTINGS) == left


def test_a_conclusion_from_the_published_counts_is_not_withheld() -> None:
    claim = Claim("c", "More died.", ("counts.death.rd",), each="value > 0")
    assert not is_withheld(claim, SETTINGS)
    assert withhold_paragraphs("More died.", [claim], SETTINGS) == "More died."


def test_no_chapter_keeps_a_conclusion_that_rests_on_an_outcome(project: Project) -> None:
    claims = load_claims(project.claims)
    hidden = [claim for claim in claims if is_withheld(claim, SETTINGS)]
    assert len(hidden) > 30
    for path in sorted((project.root / "book").glob("*.md")):
        left = withhold_paragraphs(path.read_text("utf-8"), claims, SETTINGS)
        assert [claim.says for claim in hidden if claim.says in plain_text(left)] == [], path.name
        prose = re.sub(r"(?m)^(\||#).*", "", left)
        assert [id_ for id_ in re.findall(r"\{result\}`([^` ]+)", prose) if SETTINGS.withholds(id_)] == []
    kept = plain_text(
        withhold_paragraphs((project.root / "book" / "cohort.md").read_text("utf-8"), claims, SETTINGS)
    )
    shown = [claim for claim in claims if claim.file == "cohort" and not is_withheld(claim, SETTINGS)]
    assert sum(claim.says in kept for claim in shown) > 0.8 * len(shown)


def test_the_blinded_ledger_holds_no_outcome_by_arm(few: Paper, hidden: Paper) -> None:
    seen, left = few.rows, hidden.rows
    assert list(seen.index) == list(left.index), "every {result} of the chapters still finds its row"
    mine = np.array([SETTINGS.withholds(id_) for id_ in left.index])
    numbers = [name for name in ESTIMATE_COLUMNS if left[name].dtype.kind == "f"]
    assert mine.sum() > 250
    assert left.loc[mine, numbers].isna().all(axis=None)
    assert (left.loc[mine, "text"] == WITHHELD).all()
    pd.testing.assert_frame_equal(seen[~mine], left[~mine], check_dtype=False)
    rest = left[~mine & (left["origin"] == "synthetic")]
    effects = rest[rest["scale"].isin(EFFECTS) & ~rest.index.str.contains(r"\.truth\.")]
    allowed = effects.index.str.match(
        r"(diagnostics\.(equipoise|missing|negative_control)|simulation\.|cohort\.missing)"
    )
    assert list(effects.index[~allowed]) == []


def test_every_exhibit_is_a_panel_or_does_not_change(few: Paper, hidden: Paper) -> None:
    assert list(few.shown) == list(hidden.shown)
    panels = set()
    for name, before in few.shown.items():
        after = hidden.shown[name]
        if name == "fig-key":
            assert "adjusted" in content(before)
            assert "adjusted" not in content(after)
        elif content(after) != content(before):
            assert SENTENCE in content(after), name
            assert type(after) is type(before), name
            assert after.caption == PARAGRAPH
            panels.add(name)
    of_outcomes = {*few.chapters["outcomes"].shown, *few.chapters["supplement-outcomes"].shown}
    assert panels == PANELS | of_outcomes - {"tbl-diagnostics"}


def test_what_is_seen_does_not_rest_on_the_outcomes(
    hidden: Paper, project: Project, dictionary: pd.DataFrame, tmp_path: Path
) -> None:
    """Deal the courses of the patients anew: whatever is not withheld must be the same."""
    rows, after = rows_of(project), dictionary.loc[dictionary["window"] == "after time zero", "name"]
    after = after[after != "pressure_injury"]  # the negative control, which the diagnostics may see
    here = eligible(rows)
    dealt = rows.loc[here, after].sample(frac=1, random_state=3)
    assert dealt["end_state"].to_numpy().tolist() != rows.loc[here, "end_state"].tolist()
    rows.loc[here, after] = dealt.to_numpy()
    other = run_paper(project_with(project, tmp_path / "p", rows, FEW | BLINDED), OF_PATIENTS)
    # but for who kept to the drug, and the number of null curves of the committed file
    seen = other.rows[~other.rows["id"].str.match(r"(sensitivity\.deviations|multiverse\.joint)\.")]
    seen = seen[seen["method"] != WITHHELD]
    assert len(seen) > 700
    pd.testing.assert_frame_equal(seen, hidden.rows.loc[seen.index])
    assert {name: content(each) for name, each in other.shown.items()} == {
        name: content(hidden.shown[name]) for name in other.shown
    }


def content(exhibit: Drawing | Sheet) -> str:
    if isinstance(exhibit, Sheet):
        return str(exhibit.frame.to_csv())
    spec = exhibit.chart.to_dict()
    return exhibit.alt + json.dumps(spec.get("datasets", {}), sort_keys=True, default=str)
