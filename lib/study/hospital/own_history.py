"""The history of a hospital's own paper: no change without an entry, no outcome before the diagnostics are accepted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from study.hospital.own_choices import Choices, OwnProtocol, load_own_protocol, parse_own
from study.hospital.settings import Change, Settings
from study.protocol.history import choices_of, fingerprint
from study.protocol.protocol import protocol_hash

FIRST = {"what": "First version", "why": "To fix the choices before this paper has shown an outcome by arm"}


class HistoryError(ValueError):
    """The choices of a paper changed without an entry, or its diagnostics cannot be accepted."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who looked at the diagnostics of a blinded paper and why they suffice."""

    name: str
    reason: str

    @classmethod
    def of(cls, words: str) -> "Acceptance":
        """Return it from ``NAME, REASON``; ``HistoryError`` if one of them is missing or too short to say something."""
        name, _, reason = (part.strip() for part in words.partition(","))
        if len(name) < 2 or len(reason) < 10:
            raise HistoryError(
                f'an acceptance must be "name, reason", the reason in words, found {words!r}; say both'
            )
        return cls(name, reason)


def continued(
    choices: Choices, study: Mapping[str, Any], settings: Settings, file: Path, acceptance: Acceptance | None
) -> dict[str, Any]:
    """Return everything that the ``protocol.toml`` of the paper holds: choices, study and the history, which goes on.

    ``file`` is the ``protocol.toml`` of the last time, if there was one. Blinded unless an entry accepts the diagnostics
    of these patients under these choices. Raises ``HistoryError``.
    """
    probe = FIRST | {
        "date": "2000-01-01",
        "version": "this file",
        "choices": "0" * 12,
        "outcomes_seen": False,
    }
    new = parse_own({**choices, "study": {**study, "blinded": True}, "amendment": [probe]})
    old = load_own_protocol(file) if file.is_file() else None
    now, entries = choices_of(new), [] if old is None else [_kept(each) for each in old.amendment]
    if entries:
        entries[-1]["version"] = protocol_hash(file)
    common = {"date": date.today().isoformat(), "version": "this file", "choices": fingerprint(now)}
    if old is None:
        entries.append(common | FIRST | {"outcomes_seen": False})
    seen = any(each.get("accepted") for each in entries)
    said = {(each["what"], each["why"]) for each in entries}
    fresh = [each for each in settings.change if (each.what, each.why) not in said]
    moved = {} if old is None else _moved(choices_of(old), now, fresh)
    for number, change in enumerate(fresh):
        last = number == len(fresh) - 1
        entries.append(
            common | change.model_dump() | {"outcomes_seen": seen} | (moved if last else _nothing(old, now))
        )
    if acceptance:
        _require_seen(old, new)
        what = f"Diagnostics accepted by {acceptance.name}"
        entry = {"what": what, "why": acceptance.reason, "outcomes_seen": False}
        entries.append(common | entry | {"accepted": new.study.patients})
    for each in entries[:-1]:
        if each["version"] == "this file":
            each["version"] = "0" * 12
    accepted = any(
        each.get("accepted") == new.study.patients and each["choices"] == common["choices"]
        for each in entries
    )
    blinded = settings.paper.blinded or not accepted
    return {"study": {**study, "blinded": blinded}, **choices, "amendment": entries}


def _kept(entry: Any) -> dict[str, Any]:
    return dict(entry.model_dump(mode="json", exclude_defaults=True))


def _nothing(old: OwnProtocol | None, now: Choices) -> dict[str, Any]:
    return {} if old is None else {"choices": fingerprint(choices_of(old))}


def _moved(before: Choices, now: Choices, fresh: list[Change]) -> dict[str, Any]:
    """Return ``was`` and ``added`` of a change; ``HistoryError`` if it has no entry."""
    changed = sorted(name for name, value in before.items() if now.get(name, fresh) != value)
    added = sorted(set(now) - set(before))
    if (changed or added) and not fresh:
        named = ", ".join([*changed, *added][:5])
        raise HistoryError(
            f"a change of choices must have an entry in the history, found {named} changed without one; "
            'add [[change]] with what = "..." and why = "..." to cohort.toml, or take the change back'
        )
    return {"was": {name: before[name] for name in changed}, "added": added}


def _require_seen(old: OwnProtocol | None, new: OwnProtocol) -> None:
    """Raise ``HistoryError`` unless the blinded paper of these patients and choices has been built: it is what is accepted."""
    same = old is not None and (old.study.patients, choices_of(old)) == (new.study.patients, choices_of(new))
    if not same:
        raise HistoryError(
            "diagnostics must be seen before they are accepted, these choices and patients have no blinded paper yet; "
            "build it first, without the acceptance"
        )


def as_toml(sections: Mapping[str, Any]) -> str:
    """Return choices as TOML: a table for each section, a table of an array for each entry of the history."""
    parts = []
    for name, part in sections.items():
        tables = part if isinstance(part, list) else [part]
        head = f"[[{name}]]" if isinstance(part, list) else f"[{name}]"
        for table in tables:
            lines = [f"{_key(key)} = {toml_value(value)}\n" for key, value in table.items()]
            parts.append(f"{head}\n{''.join(lines)}")
    return "\n".join(parts)


def toml_value(value: Any) -> str:
    """Return one value as TOML in a line; ``TypeError`` if it is none."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {toml_value(part)}" for key, part in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, (str, bool, int, float)):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    raise TypeError(f"a choice must be text, a number or a list of them, found {type(value).__name__}")


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else toml_value(name)
