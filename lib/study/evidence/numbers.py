"""Numbers of the evidence chapter: published results as printed, and what pooling them gives."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from headtohead.evidence.pooled import MetaAnalysis
from livingpaper.ledger.ledger import entry

from study.ids import Row, key
from study.results import Paper

POOL_CODE = "evidence/meta.py::random_effects"
POOL_SCALES = {
    "jak": "odds ratio",
    "baricitinib": "risk ratio",
    "baricitinib without the largest": "risk ratio",
    "anakinra": "ratio",
}


def rows(paper: Paper) -> Iterator[Row]:
    """Return rows of the file, pooled ratios, heterogeneity, indirect comparisons and their agreement."""
    found, level = paper.evidence, paper.protocol.inference.conf_level
    yield from _file(paper)
    for name, scale in POOL_SCALES.items():
        yield from _pooled(f"evidence.{key(name)}", found.pools[name], scale)
        studies = found.effects[found.effects["pool"] == name]
        counts = {"n": ["n_drug", "n_comparator"], "deaths": ["deaths_drug", "deaths_comparator"]}
        for part, columns in counts.items():
            if len(studies) and studies[columns].notna().all(axis=None):
                total = studies[columns].to_numpy().sum()
                yield entry(f"evidence.{key(name)}.{part}", "real", "count", total, code="data/evidence.csv")
    yield from _absolute(paper)
    for row in found.indirect.itertuples():
        direct = row.key == "direct"  # of the published counts and of nothing else
        printed = row.key.endswith("usual_care") and not row.key.startswith("selected")
        yield entry(
            f"evidence.indirect.{row.key}", "counts" if direct else "published" if printed else "real",
            "ratio" if row.key.startswith("selected") else "risk ratio", row.estimate,
            std_error=row.std_error, conf_low=row.conf_low, conf_high=row.conf_high, conf_level=level,
            method=row.label, outcome="death", code="evidence/indirect.py::bucher",
        )  # fmt: skip
    for row in found.disagreement.itertuples():
        shared = {
            "code": "evidence/indirect.py::disagreement",
            "method": f"direct over indirect, {row.label}",
        }
        limits = {"conf_low": row.conf_low, "conf_high": row.conf_high, "conf_level": level}
        yield entry(f"evidence.disagreement.{row.key}", "real", "ratio", row.estimate, **limits, **shared)
        yield entry(f"evidence.disagreement.{row.key}.p", "real", "p value", row.p_value, **shared)


def _absolute(paper: Paper) -> Iterator[Row]:
    """Yield the risks of the trials of baricitinib taken together, and the difference that the pooled ratio makes."""
    found = paper.evidence.effects[paper.evidence.effects["pool"] == "baricitinib"]
    pool, code = paper.evidence.pools["baricitinib"], "paper/numbers/evidence.py::_absolute"
    for arm, side in (("drug", "treated"), ("comparator", "control")):
        deaths, n = found[f"deaths_{arm}"].sum(), found[f"n_{arm}"].sum()
        yield entry(
            f"evidence.baricitinib.risk_{side}", "real", "risk", deaths / n, n=n, events=deaths, outcome="death",
            method="deaths and patients of all trials added, without an interval: trials differ", code=code,
        )  # fmt: skip
    low, middle, high = (
        (ratio - 1) * deaths / n for ratio in (pool.ratio.conf_low, pool.ratio.estimate, pool.ratio.conf_high)
    )
    yield entry(
        "evidence.baricitinib.rd", "real", "risk difference", middle, conf_low=low, conf_high=high,
        conf_level=pool.conf_level, outcome="death", code=code,
        method="pooled risk ratio applied to the risk with usual care, which is taken as known",
    )  # fmt: skip


def _file(paper: Paper) -> Iterator[Row]:
    rows, level = paper.evidence.rows, paper.protocol.inference.conf_level
    sizes = {
        "rows": len(rows),
        "rows.included": (rows["include"] == "yes").sum(),
        "rows.secondary": (rows["source"] == "secondary").sum(),
    }
    for name, value in sizes.items():
        yield entry(f"evidence.{name}", "real", "count", int(value), code="data/evidence.csv")
    for row in rows[rows["n_total"].notna()].itertuples():
        for part, value in (("k", row.n_studies), ("n", row.n_total)):
            yield entry(
                f"evidence.study.{key(row.id)}.{part}", "published", "count", value, code="data/evidence.csv"
            )
    for row in rows[rows["effect"].notna()].itertuples():
        yield entry(
            f"evidence.study.{key(row.id)}", "published", row.measure, row.effect,
            conf_low=row.conf_low, conf_high=row.conf_high, conf_level=level, outcome=row.outcome,
            method=f"{row.study}, {row.horizon}; {row.doi or row.pmid or row.registry}", code="data/evidence.csv",
        )  # fmt: skip


def _pooled(id_: str, pool: MetaAnalysis, scale: str) -> Iterator[Row]:
    ratio = pool.ratio
    method = f"random effects, tau2 by {pool.tau2_method}, interval {pool.interval_method}"
    shared = {"method": method, "code": POOL_CODE, "outcome": "death"}
    yield entry(
        id_, "real", scale, ratio.estimate, std_error=ratio.std_error, conf_low=ratio.conf_low,
        conf_high=ratio.conf_high, conf_level=pool.conf_level, **shared,
    )  # fmt: skip
    low, high = np.exp(pool.prediction)
    yield entry(
        f"{id_}.prediction", "real", scale, ratio.estimate, conf_low=low, conf_high=high,
        conf_level=pool.conf_level, code=POOL_CODE, method="prediction interval for a new study", outcome="death",
    )  # fmt: skip
    yield entry(f"{id_}.k", "real", "count", pool.k, **shared)
    yield entry(f"{id_}.i2", "real", "risk", pool.i2, **shared)
    yield entry(
        f"{id_}.tau2", "real", "tau squared", pool.tau2, conf_low=pool.tau2_low, conf_high=pool.tau2_high,
        conf_level=None if np.isnan(pool.tau2_high) else pool.conf_level, **shared,
    )  # fmt: skip
    yield entry(f"{id_}.q", "real", "chi-square", pool.q, **shared)
    yield entry(f"{id_}.q.p", "real", "p value", pool.q_p_value, **shared)
