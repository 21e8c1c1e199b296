"""Finding numbers that somebody typed.

The rule is strict: outside roles, maths and code no digit may stand in the prose of the paper, in a caption
or in an alternative text. What may is listed in ``NAMES``, one reason each; a new entry is a decision.
Number words ("two hospitals", "five per cent") are allowed; those that state a result are guarded one by
one in ``claims.toml``.
"""

from __future__ import annotations

import re

from book.chapters import ROLE

NAMES = {
    r"COVID-19": "a disease",
    r"ACTT-4": "a trial",
    r"SARS-CoV-2": "a virus",
    r"[Ii]nterleukin-[16]": "a cytokine",
    r"IL-6": "a cytokine",
    r"[SP]a?[pO]?O2(/FiO2)?": "oxygen saturation or tension",
    r"Python 3(\.\d+)?((, 3\.\d+)* (or|to) 3\.\d+)?": "a version of a program",
    r"Jupyter Book [12]": "a version of a program",
    r"CC BY 4\.0": "a licence",
    r"PMC8432474": "where the full text of the original study is",
    r"SHA-256": "an algorithm",
    r"Table 2 fallacy": "the name of an error",
}
DIGIT = r"[0-9⁰¹²³⁴-⁹₀-₉½⅓⅔¼¾%‰]"
_NUMBER = re.compile(rf"\S*{DIGIT}\S*")
_NAME = re.compile(r"(?<![\w.-])(?:" + "|".join(NAMES) + r")(?![\w%]|\.\d)")


def typed_numbers(text: str) -> list[str]:
    """Return every word of MyST prose that holds a digit nobody may type, in order.

    Dropped before looking: roles that print or link (not ``sub`` and ``sup``, whose content is typed), code
    spans, maths, addresses of links and DOIs, labels, and the names in ``NAMES``.
    """
    text = ROLE.sub(lambda m: m["target"] if m["role"] in ("sub", "sup") else " ", text)
    text = re.sub(r"`+[^`]*`+", " ", text)
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", " ", text, flags=re.S)
    text = re.sub(r"\]\([^)]*\)", "] ", text)
    text = re.sub(r"<?https?://\S+|\bdoi:\s*10\.\d{4,9}/\S+|\b10\.\d{4,9}/\S+", " ", text)
    text = re.sub(r"^\d+\.(?=\s)", "", text, flags=re.M)  # numbered lists
    return _NUMBER.findall(_NAME.sub(" ", text))
