"""What turns a Jupyter Book into a living paper; no medicine, no study."""

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from livingpaper.chapters.recording import crosstable, with_interval
from livingpaper.chapters.session import Ledger, current_ledger, frame, ledger, record
from livingpaper.chapters.store import remember
from livingpaper.chapters.taking import take

if TYPE_CHECKING:
    from livingpaper.book.show import Drawing, Sheet, show
    from livingpaper.disclosure.safe import Safe

__all__ = [
    "Drawing", "Ledger", "Safe", "Sheet", "crosstable", "current_ledger", "frame", "ledger", "record", "remember", "show",
    "take", "with_interval",
]  # fmt: skip


LAZY = dict.fromkeys(("Drawing", "Sheet", "show"), "book.show")
LAZY |= {"Safe": "disclosure.safe", "setup": "book.hooks"}


def __getattr__(name: str) -> Any:
    """Load what draws charts only for those who draw, and Sphinx's side only for Sphinx."""
    if name not in LAZY:
        raise AttributeError(f"module 'livingpaper' has no attribute {name!r}")
    return resolve_name(f"livingpaper.{LAZY[name]}:{name}")
