"""What of a new document would break a client that was made from an old one.

Requests may be given more freedom and answers may say more; never the other way round. A word that an answer's
enumeration gains breaks nothing here: clients are told to bear words that they do not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]
_TIGHTER_WHEN_MORE = ("minimum", "minLength", "minItems")
_TIGHTER_WHEN_LESS = ("maximum", "maxLength", "maxItems")


def breaks(old: Node, new: Node) -> list[str]:
    """One sentence for each thing that breaks; none when every old client goes on working."""
    return sorted(set(_Comparison(old, new).everything()))


class _Comparison:
    def __init__(self, old: Node, new: Node) -> None:
        self.old, self.new = old, new
        self.seen: set[tuple[str, str, bool]] = set()

    def everything(self) -> Iterator[str]:
        for path, held in self.old["paths"].items():
            for method, operation in held.items():
                where = f"{method.upper()} {path}"
                present = self.new["paths"].get(path, {}).get(method)
                if present is None:
                    yield f"{where} is gone"
                else:
                    yield from self.operation(where, operation, present)

    def operation(self, where: str, old: Node, new: Node) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"{where} is called {new['operationId']}, no longer {old['operationId']}"
        if old.get("x-required-scope") != new.get("x-required-scope"):
            yield f"{where} needs another scope: {new.get('x-required-scope')}"
        yield from self.parameters(where, old.get("parameters", []), new.get("parameters", []))
        yield from self.body(f"{where} body", old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if not status.startswith("2"):
                continue
            if status not in new["responses"]:
                yield f"{where} no longer answers {status}"
                continue
            for media, held in answer.get("content", {}).items():
                present = new["responses"][status].get("content", {}).get(media)
                if present is None:
                    yield f"{where} {status} is no longer {media}"
                else:
                    yield from self.schema(f"{where} {status}", held["schema"], present["schema"], sent=False)

    def parameters(self, where: str, old: list[Node], new: list[Node]) -> Iterator[str]:
        before = {(p["in"], p["name"]): p for p in old}
        after = {(p["in"], p["name"]): p for p in new}
        for key, parameter in before.items():
            told = f"{where} {key[0]} {key[1]}"
            if key not in after:
                yield f"{told} is no longer taken"
                continue
            if after[key].get("required") and not parameter.get("required"):
                yield f"{told} is required now"
            yield from self.schema(told, parameter["schema"], after[key]["schema"], sent=True)
        for key, parameter in after.items():
            if key not in before and parameter.get("required"):
                yield f"{where} {key[0]} {key[1]} is new and required"

    def body(self, where: str, old: Node | None, new: Node | None) -> Iterator[str]:
        if old is None:
            if new is not None and new.get("required"):
                yield f"{where} is required now"
            return
        if new is None:
            yield f"{where} is no longer taken"
            return
        if new.get("required") and not old.get("required"):
            yield f"{where} is required now"
        for media, held in old["content"].items():
            if media not in new["content"]:
                yield f"{where} is no longer taken as {media}"
            else:
                yield from self.schema(where, held["schema"], new["content"][media]["schema"], sent=True)

    def schema(self, where: str, old: Node, new: Node, *, sent: bool) -> Iterator[str]:
        """sent: clients send it; otherwise they read it."""
        names = (str(old.get("$ref")), str(new.get("$ref")), sent)
        if "$ref" in old and "$ref" in new:
            if names in self.seen:
                return
            self.seen.add(names)
            # Told once, by the component's name, wherever it is used.
            where = old["$ref"].rsplit("/", 1)[1] + (" (sent)" if sent else "")
        old, new = _resolved(self.old, old), _resolved(self.new, new)
        yield from self.kinds(where, old, new, sent=sent)
        yield from self.words(where, old, new, sent=sent)
        if sent:
            yield from _limits(where, old, new)
        yield from self.properties(where, old, new, sent=sent)
        if "items" in old and "items" in new:
            yield from self.schema(f"{where}[]", old["items"], new["items"], sent=sent)
        for before, after in zip(_choices(old), _choices(new), strict=False):
            yield from self.schema(where, before, after, sent=sent)

    def kinds(self, where: str, old: Node, new: Node, *, sent: bool) -> Iterator[str]:
        before, after = _kinds(self.old, old), _kinds(self.new, new)
        missing = before - after if sent else after - before
        if missing and before and after:
            yield f"{where} was {'/'.join(sorted(before))} and is {'/'.join(sorted(after))}"

    def words(self, where: str, old: Node, new: Node, *, sent: bool) -> Iterator[str]:
        if "enum" in old:
            gone = [str(word) for word in old["enum"] if word not in new.get("enum", [word])]
            if gone:
                yield f"{where} no longer knows {', '.join(gone)}"
        elif "enum" in new and sent:
            yield f"{where} takes certain words only now"

    def properties(self, where: str, old: Node, new: Node, *, sent: bool) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed_after = set(old.get("required", [])), set(new.get("required", []))
        for name, held in before.items():
            if name not in after:
                yield f"{where}.{name} is gone"
            else:
                yield from self.schema(f"{where}.{name}", held, after[name], sent=sent)
        if sent:
            yield from (f"{where}.{name} is required now" for name in needed_after - needed_before)
        else:
            yield from (f"{where}.{name} may be missing now" for name in (needed_before - needed_after) & set(after))


def _resolved(document: Node, schema: Node) -> Node:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _choices(schema: Node) -> list[Node]:
    return [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]


def _kinds(document: Node, schema: Node) -> set[str]:
    """The JSON types that a value may be of; empty: any."""
    schema = _resolved(document, schema)
    if "anyOf" in schema:
        return set().union(*(_kinds(document, choice) for choice in schema["anyOf"]))
    held = schema.get("type", [])
    return set(held) if isinstance(held, list) else {held}


def _limits(where: str, old: Node, new: Node) -> Iterator[str]:
    for name in (*_TIGHTER_WHEN_MORE, *_TIGHTER_WHEN_LESS):
        if name not in new:
            continue
        more = name in _TIGHTER_WHEN_MORE
        if name not in old or (new[name] > old[name] if more else new[name] < old[name]):
            yield f"{where}: {name} is {new[name]}, and was {old.get(name, 'none')}"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{where}: pattern is {new['pattern']}, and was {old.get('pattern', 'none')}"
