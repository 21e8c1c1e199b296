"""One pre-specified choice as the text prints it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from headtohead.protocol import Protocol

PERCENT_KEYS = ("conf_level", "power", "concurrent_min_share", "min_equipoise_share", "max_missing_share")
PLAIN_KEYS = ("seed",)


def choice_text(protocol: Protocol, dotted: str) -> str:
    """Return one choice as the text prints it, for example ``matching.caliper_sd`` as "0.2".

    Raises
    ------
    KeyError
        If there is no such choice.
    """
    value: Any = protocol
    for part in dotted.split("."):
        if not hasattr(value, part):
            raise KeyError(f"no choice {dotted!r} in protocol.toml; the section has {_choices_of(value)}")
        value = getattr(value, part)
    name = dotted.rsplit(".", 1)[-1]
    if isinstance(value, tuple):
        items = [_one_choice(item, name) for item in value]
        return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
    return _one_choice(value, name)


def _one_choice(value: object, name: str) -> str:
    if name in PERCENT_KEYS and isinstance(value, float):
        return f"{100 * value:g}%"
    if isinstance(value, int) and not isinstance(value, bool) and name not in PLAIN_KEYS:
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _choices_of(value: object) -> list[str]:
    return sorted(type(value).model_fields) if isinstance(value, BaseModel) else []
