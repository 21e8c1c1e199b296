"""Confidence, bootstraps and randomness: what every estimator with an interval is told.

A stream of random numbers belongs to the name of what is computed, not to its place in a list, so one more
estimate moves no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, runtime_checkable

import numpy as np

from headtohead import door


@runtime_checkable
class InferenceChoices(Protocol):
    """Anything with these three: ``Inference`` or a section of a protocol."""

    @property
    def conf_level(self) -> float: ...  # noqa: D102
    @property
    def bootstrap_replicates(self) -> int: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Inference:
    """Level of the intervals, number of bootstrap samples and seed of the random streams."""

    conf_level: float = 0.95
    bootstrap_replicates: int = 2000
    seed: int = 1

    def __post_init__(self) -> None:
        _in_range(self)


def checked(inference: InferenceChoices) -> None:
    """Raise InputError unless level, number of samples and seed are there, NumberError if they cannot be what they say."""
    if inference.__class__ is not Inference:
        door.instance(
            inference, InferenceChoices, "an inference", "give Inference(conf_level=0.95, seed=1), say"
        )
        _in_range(inference)


def _in_range(inference: InferenceChoices) -> None:
    door.level(inference.conf_level)
    door.at_least("bootstrap_replicates", inference.bootstrap_replicates, 2)
    door.at_least("seed", inference.seed, 0, below=np.inf)


DEFAULT = Inference()


def is_large(inference: InferenceChoices, patients: int) -> bool:
    """Return whether the choices say ``large_sample``, a number of patients from which on no bootstrap is needed."""
    return patients >= getattr(inference, "large_sample", float("inf"))


Stream = str | Sequence[str]


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return the random numbers of these names, general to particular, under a seed: ``stream(1, "risks", "ato")``."""
    digest = sha256("\0".join(names).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest[:16], "<u4").tolist()])


def stream_of(inference: InferenceChoices, named: Stream, key: str) -> np.random.Generator:
    """Return the stream of one adjustment within an analysis."""
    return stream(inference.seed, *([named] if isinstance(named, str) else named), key)
