"""Sentences that state a result in words: their rules hold, can fail, and stop the build when they do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from livingpaper.build.project import Project, find_project
from livingpaper.config import Config
from livingpaper.ledger.claims import (
    Claim,
    ClaimError,
    Rules,
    breaks,
    check_claims,
    holds,
    load_claims,
    plain_text,
    rows_of,
)
from livingpaper.ledger.ledger import LEDGER_COLUMNS, entry, ledger_frame, read_ledger
from pydantic import BaseModel
from study.protocol.history import History
from study.protocol.protocol import Protocol

CLAIMS = load_claims(find_project(Path(__file__).parent).claims)
SENTENCE = "More died than {} of the patients."
CLAIM = Claim("a", SENTENCE, ("a.x",), each="value > 0.1")


@pytest.fixture(scope="module")
def ledger(project: Project) -> pd.DataFrame:
    return read_ledger(project.ledger)


def small(x: float = 0.2, y: float = 0.3) -> pd.DataFrame:
    rows = [
        entry("a.x", "counts", "risk", x, code="a.py::a", conf_low=x - 0.1, conf_high=x + 0.1),
        entry("a.y", "counts", "risk", y, code="a.py::a", conf_low=y - 0.1, conf_high=y + 0.1, events=3),
    ]
    return ledger_frame(rows)[list(LEDGER_COLUMNS)].set_index("id", drop=False)


def written(folder: Path, text: str) -> Path:
    path = folder / "claims.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ({"each": "value > 0.1"}, True),
        ({"each": "value > 0.25"}, False),  # 0.2 is not, 0.3 is: each row must
        ({"all": "value[0] < value[1]"}, True),
        ({"all": "max(value) < 0.3"}, False),
        ({"each": "value > 0.1", "all": "value[0] > value[1]"}, False),  # both must hold
        ({"each": "low < value < high"}, True),
        ({"each": "high - low < margin"}, False),  # 0.2 against five points
        ({"all": "events[1] == 3 and text[0].startswith('20')"}, True),
        ({"each": "choice.equivalence.margin_pp == 100 * margin"}, True),
        ({"all": "abs(sqrt(4) - 2) < 1e-9 and len(value) == 2"}, True),
    ],
)
def test_rules_by_hand(rule: dict[str, str], met: bool, rules: Rules) -> None:
    claim = Claim("a", SENTENCE, ("a.x", "a.y"), **rule)
    assert holds(claim, small(), rules) is met


def test_a_star_stands_for_all_that_fit_and_order_is_kept() -> None:
    assert list(rows_of(small(), ["a.*"]).index) == ["a.x", "a.y"]
    assert list(rows_of(small(), ["a.y", "a.x"]).index) == ["a.y", "a.x"]


def test_words_leave_roles_and_citations_out() -> None:
    text = "More died{cite}`b2020`\nthan {result}`a.x low` of the {choice}`a.b`."
    assert plain_text(text) == "More died than {} of the {}."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[claim]\n", "must be valid TOML"),
        ("[followed]\n", "there is none"),
        (
            '[[conclusion]]\nfile="a"\nsays="b"\nids=["c"]\neach="True"\n',
            "'conclusion' is neither claim nor followed",
        ),
        ('[[claim]]\nfile="a"\nsays="b"\nids=["c"]\n', r"b: needs file, says, ids and a rule"),
        ('[[claim]]\nfile="a"\nsays="b"\neach="True"\n', r"has \['each', 'file', 'says'\]"),
        ('[[claim]]\nfile="a"\nids=["c"]\neach="True"\n', r"\(no sentence\)"),
        ('[[claim]]\nfile="a"\nsays="b"\nids=["c"]\neach="True"\nwhy="d"\n', "'why'"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ClaimError, match=words):
        load_claims(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClaimError, match="there is no such file"):
        load_claims(tmp_path / "claims.toml")


@pytest.mark.parametrize("rule", ["value >", "vlaue > 0", "value.low > 0", "value > 'a'", "open('a')"])
def test_a_rule_that_cannot_be_read_is_named(rule: str, rules: Rules) -> None:
    with pytest.raises(ClaimError, match="the rule of a claim must be an expression, 'a: More died"):
        holds(replace(CLAIM, each=rule), small(), rules)


def test_an_unknown_number_is_named(rules: Rules) -> None:
    with pytest.raises(ClaimError, match="rests on the number 'a.z', the ledger has none"):
        holds(replace(CLAIM, ids=("a.z",)), small(), rules)


def paper(folder: Path, sentence: str = SENTENCE.format("{result}`a.x`")) -> Path:
    (folder / "a.md").write_text(f"# A\n\n{sentence}\n", "utf-8")
    return written(
        folder, f'[[claim]]\nfile = "a"\nsays = "{SENTENCE}"\nids = ["a.x"]\neach = "value > 0.1"\n'
    )


def test_the_build_stops_when_results_no_longer_bear_a_sentence_out(tmp_path: Path, rules: Rules) -> None:
    path = paper(tmp_path)
    assert check_claims(load_claims(path), tmp_path, small(), rules) == 1
    with pytest.raises(ClaimError, match=r"'a: More died .*' is not true of: a\.x 5\.0%") as error:
        check_claims(load_claims(path), tmp_path, small(x=0.05), rules)
    assert "rewrite the sentence, then its rule in claims.toml" in str(error.value)


def seven(*values: float) -> pd.DataFrame:
    """Return rows a.r0, a.r1, ... with these values, 0.1 to each side."""
    rows = [
        entry(f"a.r{i}", "counts", "risk", v, code="a.py::a", conf_low=v - 0.1, conf_high=v + 0.1)
        for i, v in enumerate(values)
    ]
    return ledger_frame(rows)[list(LEDGER_COLUMNS)].set_index("id", drop=False)


@pytest.mark.parametrize(
    ("rule", "values", "culprits", "said"),
    [
        ({"each": "value > 0.1"}, [0.2] * 6 + [0.05], ["a.r6"], "5.0%"),  # the seventh: not the first six
        ({"each": "value > 0.1"}, [0.05] + [0.2] * 5 + [0.05], ["a.r0", "a.r6"], "5.0%"),
        ({"each": "value > 0.1"}, [0.05] * 8, [f"a.r{i}" for i in range(6)], "and 2 more"),
        ({"all": "value[0] > 0 and value[5] > value[-1]"}, [0.2] * 7, ["a.r5", "a.r6"], "value[5] > value[-1]"),
        ({"all": "value[0] > 1 and value[9] > 0"}, [0.2] * 7, ["a.r0"], "'value[0] > 1' with"),
        ({"all": "max(value) - min(value) < 0.1"}, [0.2, 0.2, 0.5, 0.1, 0.3], ["a.r2", "a.r3"], "50.0%"),
        ({"all": "max(low[2:]) < 0"}, [0.2, 0.9, 0.5, 0.3], ["a.r2", "a.r3"], "max(low[2:]) < 0"),
    ],
)  # fmt: skip
def test_the_rows_that_break_a_rule_are_named(
    rule: dict[str, str], values: list[float], culprits: list[str], said: str, rules: Rules
) -> None:
    found = "; ".join(breaks(Claim("a", SENTENCE, ("a.r*",), **rule), seven(*values), rules))
    assert sorted(re.findall(r"a\.r\d", found)) == culprits
    assert said in found


def test_the_build_stops_when_the_sentence_has_gone(tmp_path: Path, rules: Rules) -> None:
    path = paper(tmp_path, "Many died.")
    with pytest.raises(ClaimError, match=r"'a: More died .*': these words are not in the chapter"):
        check_claims(load_claims(path), tmp_path, small(), rules)


def test_a_number_that_has_gone_hides_no_other_fault(tmp_path: Path, rules: Rules) -> None:
    """Under another estimand ids go: each sentence that rests on one is named, and the broken ones beside them."""
    gone = replace(CLAIM, ids=("a.gone",))
    paper(tmp_path)
    with pytest.raises(ClaimError) as caught:
        check_claims([gone, CLAIM, gone], tmp_path, small(x=0.05), rules)
    said = str(caught.value).splitlines()
    assert [("'a.gone', the ledger has none" in line, "is not true of" in line) for line in said[1:4]] == [
        (True, False), (False, True), (True, False)
    ]  # fmt: skip


def test_every_claim_of_the_paper_stands(project: Project, ledger: pd.DataFrame, rules: Rules) -> None:
    assert check_claims(CLAIMS, project.root / "book", ledger, rules) == len(CLAIMS) >= 60


def other_results(ledger: pd.DataFrame, ids: list[str]) -> Iterator[pd.DataFrame]:
    """Return ledgers in which one number, or every one of the ids, is another or has another interval."""
    limits = ["conf_low", "conf_high"]
    for chosen in [*([id_] for id_ in ids), ids]:
        for shift in (-100, -1, -0.2, 0.2, 1, 100):
            changed = ledger.copy()
            changed.loc[chosen, ["estimate", "events", *limits]] += shift
            changed.loc[chosen, "text"] += " changed"
            yield changed
        for width in (0, 10):
            changed, middle = ledger.copy(), ledger.loc[chosen, "estimate"]
            changed.loc[chosen, limits] = (
                changed.loc[chosen, limits].sub(middle, axis=0).mul(width).add(middle, axis=0)
            )
            yield changed


def moved(value: object) -> object:
    """Another value, possible or not: rules only compare it."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value * 2 + 1
    return f"{value}!" if isinstance(value, str) else value[:-1] if isinstance(value, tuple) else value


def other_choices(protocol: Protocol) -> Iterator[Protocol]:
    """Return protocols with one choice moved, each in turn, and one with a history of changes."""
    for name in type(protocol).model_fields:
        section = getattr(protocol, name)
        for key, value in section if isinstance(section, BaseModel) else ():
            yield protocol.model_copy(update={name: section.model_copy(update={key: moved(value)})})
    was = dict.fromkeys(History(protocol).versions[-1], "another")
    last = protocol.amendment[-1].model_copy(update={"was": was, "outcomes_seen": False})
    yield protocol.model_copy(update={"amendment": (*protocol.amendment, last)})


@pytest.mark.filterwarnings("ignore:Pydantic serializer")  # of impossible choices, which rules only compare
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name[:70])
def test_the_rule_can_fail(
    claim: Claim, ledger: pd.DataFrame, rules: Rules, protocol: Protocol, settings: Config
) -> None:
    """A rule that always holds guards nothing: some change of the numbers, or of the choices, must break it."""
    rows = rows_of(ledger, claim.ids)
    if not claim.ids:
        assert not all(holds(claim, rows, Rules(settings, other)) for other in other_choices(protocol))
        return
    for changed in other_results(rows, list(rows.index)):
        try:
            if not holds(claim, changed, rules):
                return
        except (ValueError, ZeroDivisionError):
            continue
    pytest.fail("no change of these numbers breaks the rule")


def test_no_sentence_is_listed_twice() -> None:
    names = [(claim.file, claim.says) for claim in CLAIMS]
    assert len(names) == len(set(names))
