"""The whole paper: published counts, every synthetic world, a cohort of real people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pandas as pd
from headtohead.sensitivity.multiverse import variance_shares
from headtohead.sensitivity.nulls import joint_p_values, statistics
from joblib import Parallel, delayed
from livingpaper.build.project import Project

from study.cohort.reanalysis import analyse_published
from study.data.load import load_cohort, load_dictionary, load_published, load_worlds
from study.evidence.evidence import analyse_evidence
from study.protocol.protocol import Protocol
from study.real_cohorts.nhefs import analyse_nhefs
from study.real_cohorts.real_cohorts import analyse_real_cohorts
from study.results import Multiverse, Paper, Reanalysis
from study.run import prepare, run, run_world, world_of
from study.sensitivity.multiverse import known_outcomes, material, specification_curve, specifications
from study.sensitivity.results_robustness import Robustness
from study.sensitivity.robustness import check_robustness
from study.simulation.precomputed import eligible, null_statistics

T = TypeVar("T")
WORLDS = ("null", "harm", "benefit")
PLAUSIBLE_PAIRS = (100, 110)  # how many pairs a caliper would leave of 125, for the detectable difference


def compute_paper(project: Project, protocol: Protocol) -> Paper:
    """Run every analysis; the long ones side by side."""
    dictionary = load_dictionary(project.data / "dictionary.csv")
    main = project.root / protocol.study.cohort
    files = {world: project.data / "synthetic" / f"cohort_{world}.csv" for world in WORLDS}
    prepare(load_cohort(main, dictionary), dictionary, protocol)  # what is wrong with a cohort is said first
    others = {world: path for world, path in files.items() if path != main}
    study, robustness, multiverse, *rest = Parallel(n_jobs=2)(
        [
            delayed(_run)(run, main, dictionary, protocol),
            delayed(_check)(project, protocol),
            delayed(explore)(project, protocol),
            *(delayed(_run)(run_world, path, dictionary, protocol) for path in others.values()),
        ]
    )
    worlds = dict(zip(others, rest, strict=True))
    return Paper(
        protocol=protocol,
        dictionary=dictionary,
        reanalysis=_reanalyse(project.data, protocol),
        study=study,
        worlds={world: worlds[world] if world in worlds else world_of(study) for world in WORLDS},
        truth=load_worlds(project.data / "synthetic" / "worlds.csv"),
        nhefs=analyse_nhefs(
            load_published(project.data / "published_nhefs.csv"),
            conf_level=protocol.inference.conf_level,
            caliper_sd=protocol.matching.caliper_sd,
        ),
        evidence=analyse_evidence(
            project.data / "evidence.csv",
            tau2=protocol.evidence.tau2,
            interval=protocol.evidence.interval,
            conf_level=protocol.inference.conf_level,
        ),
        real_cohorts=analyse_real_cohorts(
            project.data / "real",
            conf_level=protocol.inference.conf_level,
            caliper_sd=protocol.matching.caliper_sd,
        ),
        multiverse=multiverse,
        robustness=robustness,
    )


def explore(project: Project, protocol: Protocol) -> Multiverse:
    """Return the specification curve of the paper's cohort, computed, beside the committed null curves."""
    frame = known_outcomes(eligible(project, protocol), protocol)
    table = specifications(protocol)
    found = specification_curve(table, material(frame, protocol), protocol)
    split = table.groupby("excluded", sort=False).size().rename("n").reset_index()
    nulls, joint = null_statistics(project, protocol), pd.DataFrame()
    if len(nulls):
        joint = joint_p_values(statistics(found, alpha=protocol.equivalence.alpha), nulls)
    return Multiverse(split, found, joint, variance_shares(found))


def _run(analyse: Callable[..., T], path: Path, dictionary: pd.DataFrame, protocol: Protocol) -> T:
    return analyse(load_cohort(path, dictionary), dictionary, protocol)


def _check(project: Project, protocol: Protocol) -> Robustness:
    return check_robustness(known_outcomes(eligible(project, protocol), protocol), protocol)


def _reanalyse(data: Path, protocol: Protocol) -> Reanalysis:
    return analyse_published(
        load_published(data / "published.csv"),
        treated=protocol.arms.treated,
        control=protocol.arms.control,
        margin=protocol.equivalence.margin_pp / 100,
        wide_margin=protocol.equivalence.wide_margin_pp / 100,
        alpha=protocol.equivalence.alpha,
        power=protocol.precision.power,
        conf_level=protocol.inference.conf_level,
        pairs_low=PLAUSIBLE_PAIRS[0],
        pairs_high=PLAUSIBLE_PAIRS[1],
    )
