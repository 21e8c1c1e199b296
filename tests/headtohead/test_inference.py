"""Random streams belong to names, and the package says what it offers."""

from __future__ import annotations

import subprocess
import sys
import time
from hashlib import sha256

import headtohead as hh
import numpy as np
import pytest
from headtohead.inference import stream


def test_a_stream_belongs_to_its_names_and_the_seed() -> None:
    draws = {
        names: stream(1, *names).random(3).tolist()
        for names in (("a", "b"), ("a", "c"), ("ab",), ("a", "b", "c"), ("b", "a"))
    }
    assert len({tuple(values) for values in draws.values()}) == len(draws)
    assert stream(1, "a", "b").random(3).tolist() == draws["a", "b"]
    assert stream(2, "a", "b").random(3).tolist() != draws["a", "b"]


def test_the_stream_is_seeded_by_the_first_four_words_of_the_hash_of_the_names() -> None:
    words = [int.from_bytes(sha256(b"risks\0ato").digest()[at : at + 4], "little") for at in (0, 4, 8, 12)]
    assert stream(5, "risks", "ato").random() == np.random.default_rng([5, *words]).random()


def test_every_public_name_exists_and_an_unknown_one_is_refused() -> None:
    for name in hh.__all__:
        assert getattr(hh, name).__name__ == name
        assert f"``{name}``" in str(hh.__doc__), name
        assert name in dir(hh)
    with pytest.raises(AttributeError, match="has no 'risk'"):
        _ = hh.risk


def test_importing_the_package_loads_no_estimator() -> None:
    start = time.perf_counter()
    code = (
        "import sys, headtohead; print([n for n in sys.modules if n.startswith(('headtohead.', 'pandas'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert time.perf_counter() - start < 5
