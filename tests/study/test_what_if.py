"""The figure that readers move: its parameters, computed here as the browser computes them, against the library."""

from __future__ import annotations

import math

import pytest
from headtohead.outcomes.posterior import normal_posterior
from headtohead.proportions.two_by_two import newcombe
from livingpaper import Ledger
from livingpaper.build.project import Project
from livingpaper.chapters.session import start
from scipy import stats
from study.index.formulas import expressions
from study.index.what_if import what_if
from study.protocol.protocol import Protocol

FUNCTIONS = {
    "sqrt": math.sqrt, "pow": pow, "quantileNormal": stats.norm.ppf,
    "cumulativeNormal": lambda x, mean, sd: stats.norm.cdf(x, mean, sd),
}  # fmt: skip
START = {"margin": 5.0, "prior_mean": 4.0, "prior_sd": 10.0, "imbalance": 0.0, "harm": 0.0, "further": 0.0}


def computed(protocol: Protocol, **moved: float) -> dict[str, float]:
    """Vega's expressions of numbers are Python's too; the sentences are not."""
    arms = (protocol.arms.treated, protocol.arms.control)
    found: dict[str, float] = START | moved
    for name, code in expressions(
        dict(zip(arms, (22, 36), strict=True)), dict(zip(arms, (125, 217), strict=True)), protocol
    ).items():
        if name not in ("interval", "verdict", "belief"):
            found[name] = eval(code, {"__builtins__": {}} | FUNCTIONS, found)
    return found


@pytest.mark.parametrize("further", [0, 10, 5000])
@pytest.mark.parametrize(("imbalance", "harm"), [(0, 0), (20, 30), (-50, 40)])
def test_intervals_equal_the_librarys(
    protocol: Protocol, further: float, imbalance: float, harm: float
) -> None:
    got = computed(protocol, further=further, imbalance=imbalance, harm=harm)
    arms = [value for x, n in ((22, 125), (36, 217)) for value in (x / n * (n + further), n + further)]
    levels = {"outer": protocol.inference.conf_level, "inner": 1 - 2 * protocol.equivalence.alpha}
    for name, level in levels.items():
        low, high = newcombe(*arms, conf_level=level)
        assert got[f"{name}_low"] == pytest.approx(100 * low - imbalance * harm / 100, abs=1e-9)
        assert got[f"{name}_high"] == pytest.approx(100 * high - imbalance * harm / 100, abs=1e-9)


@pytest.mark.parametrize(("mean", "sd"), [(0, 0.5), (4, 10), (-10, 25)])
def test_posterior_equals_the_librarys(protocol: Protocol, mean: float, sd: float) -> None:
    got = computed(protocol, prior_mean=mean, prior_sd=sd, margin=3)
    law = normal_posterior(got["difference"], got["error"], prior_mean=mean, prior_sd=sd)
    assert (got["centre"], got["spread"]) == pytest.approx((law.mean(), law.std()))
    assert got["within"] == pytest.approx(law.cdf(3) - law.cdf(-3))
    assert got["within"] + got["worse"] + got["better"] == pytest.approx(1)


def test_it_starts_at_the_protocols_choices_and_carries_no_rows(project: Project, protocol: Protocol) -> None:
    start(project).readable = True
    spec = what_if(Ledger(), protocol).spec()
    values = {param["name"]: param.get("value") for param in spec["params"]}
    widest = max(
        (prior for prior in protocol.further.priors if prior.sd_pp), key=lambda prior: prior.sd_pp or 0
    )
    assert values["margin"] == protocol.equivalence.margin_pp
    assert (values["prior_mean"], values["prior_sd"]) == (widest.mean_pp, widest.sd_pp)
    assert values["imbalance"] == values["harm"] == values["further"] == 0
    assert all(len(rows) == 1 for rows in spec["datasets"].values())
