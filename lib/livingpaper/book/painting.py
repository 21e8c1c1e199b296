"""Charts drawn by one process for many chapters: to start what draws takes as long as to draw ten."""

import re
from typing import Any

from livingpaper.build.cache import sha

CLIP = re.compile(r"(?<=[\"#]clip)\d+")

_painter: Any = None  # pipe to the process that draws for this one; without it this one draws


def paint(what: str, *given: Any, **more: Any) -> Any:
    """Return what the function ``what`` of vl-convert makes; its error if it raises one, or if the painter died."""
    if _painter is None:
        return _painted(what, given, more)
    try:
        _painter.send((what, given, more))
        made = _painter.recv()
    except (EOFError, OSError):
        must = "the process that draws charts must live while chapters show, it ended"
        raise RuntimeError(f"{must}; is memory short?") from None
    if isinstance(made, Exception):
        raise made
    return made


def svg_of(spec: dict[str, Any], **more: Any) -> str:
    """Return a Vega-Lite specification as SVG text, its ids its own: vl-convert counts on from the last drawing."""
    svg = paint("vegalite_to_svg", spec, **more)
    own = sha(CLIP.sub("", svg))[:8]
    numbers = {number: f"-{own}-{k}" for k, number in enumerate(dict.fromkeys(CLIP.findall(svg)), 1)}
    return CLIP.sub(lambda found: numbers[found[0]], svg)


def paint_with(painter: Any) -> None:
    """Let this process send what it draws to a painter."""
    global _painter
    _painter = painter


def paint_for_others(pipe: Any) -> None:
    """Draw what is asked for at the other end of a pipe, until it is closed."""
    while True:
        try:
            pipe.send(_painted(*pipe.recv()))
        except EOFError:
            return
        except Exception as error:  # for who asked
            pipe.send(error)


def _painted(what: str, given: tuple[Any, ...], more: dict[str, Any]) -> Any:
    import vl_convert  # heavy, and not for chapters that draw elsewhere

    return getattr(vl_convert, what)(*given, **more)
