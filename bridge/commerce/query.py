"""Query strings that survive Magento's OAuth check (magento-live 1).

Spaces are %20 and never +, every key has a value and occurs once, and list indexes are padded with zeros once there are
more than ten: Magento sorts keys "naturally" before signing, which agrees with plain sorting only then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

Filter = tuple[str, str, str]  # field, value, condition type


def encode(pairs: Iterable[tuple[str, str]]) -> str:
    """The query string; everything but letters, digits and -._~ is percent-encoded."""
    return "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs)


def indexes(count: int) -> list[str]:
    """List indexes of one width: 0..9, or 00..10 and so on."""
    width = len(str(max(count - 1, 0)))
    return [f"{n:0{width}d}" for n in range(count)]


def criteria(
    filters: Sequence[Filter], *, page_size: int, sort: str | None = None, fields: str | None = None
) -> list[tuple[str, str]]:
    """Magento's searchCriteria: all filters must hold; sorted upwards by `sort`."""
    pairs: list[tuple[str, str]] = []
    for index, (field, value, condition) in zip(indexes(len(filters)), filters, strict=True):
        at = f"searchCriteria[filter_groups][{index}][filters][0]"
        pairs += [(f"{at}[field]", field), (f"{at}[value]", value), (f"{at}[condition_type]", condition)]
    if sort:
        pairs += [
            ("searchCriteria[sortOrders][0][field]", sort),
            ("searchCriteria[sortOrders][0][direction]", "ASC"),
        ]
    pairs.append(("searchCriteria[pageSize]", str(page_size)))
    if fields:
        pairs.append(("fields", fields))
    return pairs


AT_ONCE = 50  # values that one request asks about


def batches(values: Iterable[str], *, count: int = AT_ONCE, characters: int = 4000) -> Iterator[list[str]]:
    """The values in lists of at most `count`, and of at most `characters` once encoded, so that the URL stays short."""
    batch: list[str] = []
    used = 0
    for value in values:
        size = len(quote(value, safe="")) + 3
        if batch and (len(batch) == count or used + size > characters):
            yield batch
            batch, used = [], 0
        batch.append(value)
        used += size
    if batch:
        yield batch


def any_of(field: str, values: Iterable[str]) -> Iterator[Filter]:
    """Filters that together find every row whose field is one of the values.

    `in` splits at commas and has no escape (magento-live 3.8), so a value with a comma gets a filter of its own.
    """
    plain = []
    for value in values:
        if "," in value:
            yield field, value, "eq"
        else:
            plain.append(value)
    for batch in batches(plain):
        yield field, ",".join(batch), "in"
