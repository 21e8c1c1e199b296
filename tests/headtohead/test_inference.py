"""Random streams belong to names."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
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
