"""Parts that several charts share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from study.protocol.protocol import Protocol

ARM_ORDER = ("treated", "control")


def arm_names(protocol: Protocol) -> dict[str, str]:
    """Return the printed names of the arms, keyed treated and control."""
    return {"treated": protocol.arms.treated.capitalize(), "control": protocol.arms.control.capitalize()}


def arm_colour(protocol: Protocol, colours: Sequence[str], **legend: Any) -> alt.Color:
    """Return the colour encoding of the column ``arm``, treated first."""
    names = arm_names(protocol)
    scale = alt.Scale(domain=[names[arm] for arm in ARM_ORDER], range=list(colours))
    return alt.Color("arm:N", scale=scale, legend=alt.Legend(**legend) if legend else alt.Legend(title=None))
