"""The model card: a saved network's inputs and outputs, as declared in its file, checked."""

from __future__ import annotations

import json
from math import prod

import msgspec

from signdata.errors import FormatError, UsageError
from signdata.inference.scaling import SCALINGS
from signdata.media.fitting import BLACK, STRETCH, Fit

MAX_CLASSES = 100_000
MAX_NAME = 1000
"""Characters in a name."""

MAX_FRAMES = 1024
MAX_SAMPLE = 1 << 28
"""Bytes of one input sample: a still of 64 megapixels, or a clip of many frames."""


class Card(msgspec.Struct, frozen=True):
    """Inputs and outputs of a saved network.

    Attributes
    ----------
    model : str
        Name of the network.
    classes : list of str
        Names of its outputs, in order.
    size_hw : tuple of int
        Height and width of its input.
    channels, frames : int
        1 or 3; 1 for stills.
    normalise : str
        As in `signdata.inference.scaling.scaled`.
    fit, background : str
        How pictures of other aspect ratios are brought to `size_hw`; see
        `signdata.media.fitting.Fit`.
    """

    model: str
    classes: list[str]
    size_hw: tuple[int, int]
    channels: int
    frames: int
    normalise: str
    fit: str = STRETCH
    background: str = BLACK

    @property
    def fitting(self) -> Fit:
        """How pictures come to its size."""
        return Fit(self.fit, self.background)

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, H, W) of a still, (T, C, H, W) of a clip."""
        clip = (self.frames,) if self.frames > 1 else ()
        return (*clip, self.channels, *self.size_hw)


def checked(card: Card) -> Card:
    """Return a card; raise `FormatError` if it describes an impossible network."""
    if fault := _fault(card):
        raise FormatError(f"describes an impossible network: {fault}")
    return card


def _fault(card: Card) -> str:
    """What is impossible about a card; '' if nothing is."""
    n = len(card.classes)
    if not 1 <= n <= MAX_CLASSES:
        return f"{n:,} classes; expected 1 to {MAX_CLASSES:,}"
    if max(map(len, (card.model, *card.classes))) > MAX_NAME:
        return f"a name of over {MAX_NAME:,} characters"
    if not all(map(_is_text, (card.model, *card.classes))):
        return "a name that is not text"
    if len(set(card.classes)) < n:
        return "a class that appears twice"
    if card.channels not in (1, 3):
        return f"{card.channels} channels; expected 1 or 3"
    if not 1 <= card.frames <= MAX_FRAMES:
        return f"{card.frames} frames; expected 1 to {MAX_FRAMES:,}"
    height, width = card.size_hw
    if min(height, width) < 1 or prod(card.shape) > MAX_SAMPLE:
        return f"samples of {width}x{height}"
    if card.normalise not in SCALINGS:
        return f"scaling {card.normalise!r}; expected {', '.join(SCALINGS)}"
    if max(len(card.fit), len(card.background)) > MAX_NAME:
        return f"a name of over {MAX_NAME:,} characters"
    try:
        card.fitting  # noqa: B018 - whether it can be
    except UsageError as err:
        return err.what
    return ""


def _is_text(name: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in name)


def card_text(card: Card) -> str:
    """A card as stored in a model's metadata."""
    return json.dumps(msgspec.to_builtins(card))
