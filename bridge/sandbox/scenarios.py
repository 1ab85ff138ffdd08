"""Named situations that a world can begin with."""

from __future__ import annotations

from collections.abc import Callable

from bridge.sandbox.actors import stock_the_shop
from bridge.sandbox.cast import GOODS
from bridge.sandbox.world import World

# Amazon's two minutes become two seconds, and a search every three minutes one every three seconds.
DEMO_HASTE = 60.0


def empty(world: World) -> None:
    """A shop without products, no orders."""


def reference_shop(world: World) -> None:
    """The catalogue of the shop whose answers the conformance script compares with."""
    from bridge.sandbox import shop_reference  # noqa: PLC0415 - a large catalogue, only for this

    shop_reference.reference_shop(world.shop)


def demo(world: World) -> None:
    """A small outdoor seller: of twelve listings the shop lacks one, has one disabled, and one out of stock."""
    world.haste = DEMO_HASTE
    for good in GOODS:
        stock_the_shop(world, good)


SCENARIOS: dict[str, Callable[[World], None]] = {
    "empty": empty,
    "reference-shop": reference_shop,
    "demo": demo,
}
