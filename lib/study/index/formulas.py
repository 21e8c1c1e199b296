"""What follows from a margin, a prior, confounding and further patients, as expressions that a browser computes."""

from collections.abc import Mapping

from study.protocol.protocol import Protocol


def expressions(deaths: Mapping[str, float], patients: Mapping[str, float], plan: Protocol) -> dict[str, str]:
    """Return the computed parameters in the order in which they rest on each other, in percentage points."""
    outer, inner = plan.inference.conf_level, 1 - 2 * plan.equivalence.alpha
    treated, control = plan.arms.treated, plan.arms.control
    return {
        "p1": f"{deaths[treated] / patients[treated]!r}",
        "p0": f"{deaths[control] / patients[control]!r}",
        "n1": f"{patients[treated]!r} + further",
        "n0": f"{patients[control]!r} + further",
        "shift": "imbalance * harm / 100",
        "difference": "100 * (p1 - p0) - shift",
        **_newcombe("outer", outer),
        **_newcombe("inner", inner),
        "error": "100 * sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0)",
        "spread": "1 / sqrt(1 / (error * error) + 1 / (prior_sd * prior_sd))",
        "centre": "spread * spread * (difference / (error * error) + prior_mean / (prior_sd * prior_sd))",
        "before": "cumulativeNormal(margin, prior_mean, prior_sd) - cumulativeNormal(-margin, prior_mean, prior_sd)",
        "within": "cumulativeNormal(margin, centre, spread) - cumulativeNormal(-margin, centre, spread)",
        "worse": "1 - cumulativeNormal(margin, centre, spread)",
        "better": "cumulativeNormal(-margin, centre, spread)",
        **_words(plan, outer, inner),
    }


def _newcombe(name: str, level: float) -> dict[str, str]:
    """Return the limits of Newcombe's interval, from Wilson's of each risk, as ``<name>_low`` and ``<name>_high``."""
    z = f"{name}_z"
    wilson = {
        f"{name}_{side}{arm}": f"(p{arm} + {z} * {z} / (2 * n{arm}) {sign} {z} * sqrt(p{arm} * (1 - p{arm}) / n{arm} "
        f"+ {z} * {z} / (4 * n{arm} * n{arm}))) / (1 + {z} * {z} / n{arm})"
        for arm in (1, 0) for side, sign in (("low", "-"), ("high", "+"))
    }  # fmt: skip
    far = {"low": ("-", "low", "high"), "high": ("+", "high", "low")}
    limits = {
        f"{name}_{side}": f"difference {sign} 100 * sqrt(pow(p1 - {name}_{of1}1, 2) + pow(p0 - {name}_{of0}0, 2))"
        for side, (sign, of1, of0) in far.items()
    }
    return {z: f"quantileNormal({1 - (1 - level) / 2!r})"} | wilson | limits


def _words(plan: Protocol, outer: float, inner: float) -> dict[str, str]:
    """Return what is said: the interval, the verdict about similarity, and the posterior."""
    treated, control = plan.arms.treated, plan.arms.control
    limits = {
        name: f"' + {_signed(f'{name}_low')} + ' to ' + {_signed(f'{name}_high')} + '"
        for name in ("outer", "inner")
    }
    patients = "' + format(n1, ',.0f') + ' and ' + format(n0, ',.0f') + '"
    test = f"the {100 * inner:g}% interval, {limits['inner']} points,"
    open_ = f"by an amount that is open: {test} reaches beyond the margin."
    verdicts = {
        "outer_low > margin": f"More deaths with {treated} than with {control}, by more than the margin.",
        "outer_high < -margin": f"Fewer deaths with {treated} than with {control}, by more than the margin.",
        "inner_low > -margin && inner_high < margin": f"Similar within the margin: {test} lies inside it.",
        "outer_low > 0": f"More deaths with {treated} than with {control}, {open_}",
        "outer_high < 0": f"Fewer deaths with {treated} than with {control}, {open_}",
    }
    undecided = f"Open: neither similarity nor a difference is shown; {test} reaches beyond the margin."
    return {
        "interval": f"'Deaths, {treated} minus {control}: ' + {_signed('difference')} + ' percentage points "
        f"({100 * outer:g}% interval {limits['outer']}), {patients} patients.'",
        "verdict": "".join(f"{when} ? '{said}' : " for when, said in verdicts.items()) + f"'{undecided}'",
        "belief": f"'Probability that the risks differ by less than the margin: ' + {_share('before')} + ' by the prior alone, ' "
        f"+ {_share('within')} + ' with the counts; {treated} worse by more, ' + {_share('worse')} + ', better by more, ' "
        f"+ {_share('better')} + '.'",
    }


def _signed(value: str) -> str:
    """Return the expression that prints points as the paper does: signed, one decimal, zero without a sign."""
    return f"(abs({value}) < 0.05 ? '0.0' : format({value}, '+.1f'))"


def _share(value: str) -> str:
    """Return the expression that prints a probability as the paper does: never 0% or 100%."""
    return f"({value} <= 0.005 ? '<1%' : {value} >= 0.995 ? '>99%' : format({value}, '.0%'))"
