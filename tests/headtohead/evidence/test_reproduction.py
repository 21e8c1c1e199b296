from __future__ import annotations

import pandas as pd
import pytest
from headtohead.evidence.effects import decimals, reproduction


def reference() -> pd.DataFrame:
    return pd.DataFrame({"id": ["a", "b", "c"], "printed": ["1.20", "-0.0050", "7"]})


def test_verdict_is_about_the_printed_digits() -> None:
    found = reproduction(reference(), {"a": 1.2049, "b": -0.00506, "c": 7.4, "unused": 1.0})
    by = found.set_index(["number", "part"])
    assert by["method"].groupby("number").first().tolist() == ["reproduced", "differs", "reproduced"]
    assert by.at[("a", "published"), "estimate"] == 1.2
    assert by.at[("a", "difference"), "estimate"] == pytest.approx(0.0049)
    assert by.at[("b", "difference"), "estimate"] == pytest.approx(-0.00006)


def test_trailing_zeros_count() -> None:
    assert [decimals(text) for text in reference()["printed"]] == [2, 4, 0]


def test_a_reference_without_counterpart_is_named() -> None:
    with pytest.raises(ValueError, match=r"1 have none, first \['b'\]; correct the id"):
        reproduction(reference(), {"a": 1.0, "c": 7.0})
