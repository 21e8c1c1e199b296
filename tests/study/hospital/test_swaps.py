"""What tells columns apart, beside the same by pandas: the corpus sees whether a swap is found, not by how much."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from study.hospital import swaps


def test_a_part_is_what_pandas_says_of_its_rows() -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"age": rng.normal(60, 9, 90), "bmi": rng.normal(27, 4, 90), "egfr": rng.normal(70, 9, 90)}
    )
    frame["obesity"] = (frame["bmi"] > 29).astype(float)
    frame = frame.mask(rng.random(frame.shape) < 0.1)
    rows = np.arange(90) % 3 > 0
    part, there = swaps._part(frame, rows, "a part"), frame[rows]
    assert part.n == there.count().to_dict()
    assert part.mean == pytest.approx(there.mean().to_dict())
    ranks = there.rank()
    away = (ranks - ranks.mean()).fillna(0)
    against = (away["obesity"] @ away["bmi"]) / np.sqrt(
        (away["obesity"] ** 2).sum() * (away["bmi"] ** 2).sum()
    )
    spread = there["obesity"].std(ddof=0)
    assert part.goes["obesity"][swaps.ANCHORS.index("bmi")] == pytest.approx(against / spread)
    assert part.error["obesity"] == pytest.approx(1 / (spread * np.sqrt(there["obesity"].count())))
    assert part.error["bmi"] == pytest.approx(1 / np.sqrt(there["bmi"].count()))
    assert part.middle["age"] == pytest.approx(np.log(there["age"].dropna()).median())
