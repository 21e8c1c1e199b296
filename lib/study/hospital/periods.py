"""Whether periods sort as they follow each other: months, quarters, Roman and spelt-out numbers do not by themselves."""

import re
import unicodedata

import pandas as pd

from study.hospital.findings import Finding, finding
from study.hospital.parsing import DATE

MONTHS = {  # English and Spanish
    name: number
    for names in ("jan feb mar apr may jun jul aug sep oct nov dec", "ene feb mar abr may jun jul ago sep oct nov dic")
    for number, name in enumerate(names.split(), 1)
}  # fmt: skip
WORDS = {
    name: number
    for names in (
        "first second third fourth fifth sixth seventh eighth ninth tenth",
        "primera segunda tercera cuarta quinta sexta septima octava novena decima",
        "before during after", "antes durante despues", "pre peri post", "early middle late", "i ii iii iv v vi vii viii ix x",
    )
    for number, name in enumerate(names.split(), 1)
}  # fmt: skip
MONTH = re.compile(r"(?:(\d{4})\W*)?([a-z]{3})[a-z]*\.?\W*(\d{4}|\d{2})?")
QUARTER = re.compile(r"(?:(\d{4})\W*)?[qt]?([1-4])[qt]?\W*(\d{4})?")
NUMBERED = re.compile(r"(0?[1-9]|1[0-2])[-/.](\d{4})")
DAY = re.compile(r"(?i)(\d{1,2}[- /.]+[a-z]{3,}[- /.]+\d{2,4}|[34]\d{4}|(19|20)\d{2}[01]\d[0-3]\d)(\.0)?")


def check_periods(values: pd.Series) -> list[Finding]:
    """Return periods that are dates, and periods whose order is not that of their labels."""
    labels = sorted(values.cat.categories)
    dates = values.isin([text for text in labels if DATE.fullmatch(text) or DAY.fullmatch(text)])
    must = "be periods of months, not dates"
    found = finding("period.date", "period", must, "group dates into periods", dates)
    keys = [_key(label) for label in labels]
    if found or len(labels) < 2 or any(key is None for key in keys) or keys == sorted(keys):  # type: ignore[type-var]
        return found
    do = "name them under [levels.period] so that their labels sort, such as 2020-03 or 1 to 4"
    return finding("period.order", "period", "sort as they follow each other", do, found="another order")


def without_accents(label: str) -> str:
    """Return a label in small letters without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", label.casefold()) if not unicodedata.combining(c))


def _key(label: str) -> tuple[int, int] | None:
    """Return year and number of a period, None if its label says neither."""
    bare = without_accents(label)
    if part := NUMBERED.fullmatch(bare):
        return int(part[2]), int(part[1])
    if (part := MONTH.fullmatch(bare)) and part[2] in MONTHS:
        return int(part[1] or part[3] or 0), MONTHS[part[2]]
    if ("q" in bare or "t" in bare) and (part := QUARTER.fullmatch(bare)):
        return int(part[1] or part[3] or 0), int(part[2])
    numbers = [WORDS[word] for word in re.findall(r"[a-z]+", bare) if word in WORDS]
    return (0, numbers[0]) if len(numbers) == 1 else None
