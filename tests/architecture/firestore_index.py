"""Whether Firestore in production can serve a query with the indexes of firestore.indexes.json.

The emulator serves every query; production refuses one without its index. The rule (Firestore's documentation, "Index
types" and "Index merging"): equality and array filters may be spread over several indexes, as long as each of them ends
with the query's whole sort order; a query of equalities alone needs only the automatic single-field indexes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_INEQUALITIES = {"LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL", "NOT_EQUAL", "NOT_IN"}
_ARRAY = {"ARRAY_CONTAINS", "ARRAY_CONTAINS_ANY"}
NAME = "__name__"


@dataclass(frozen=True, slots=True)
class Shape:
    """A query without its values. `order` is [(field, ASCENDING | DESCENDING)…] without the document's name.

    `group`: it asks every collection of this name, wherever it lies.
    """

    collection: str
    equal: frozenset[str]
    array: frozenset[str]
    order: tuple[tuple[str, str], ...]
    group: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """Every field that is filtered or sorted by."""
        return self.equal | self.array | {name for name, _ in self.order}

    def __str__(self) -> str:
        """One line for messages."""
        order = ", ".join(f"{name} {direction.lower()}" for name, direction in self.order)
        return f"{self.collection}: == {sorted(self.equal)}, contains {sorted(self.array)}, order by {order or 'name'}"


def shape_of(query: Any) -> Shape:
    """The shape of a `StructuredQuery` message."""
    equal, array, ranged = set(), set(), []
    for one in _filters(query.where):
        field = one.field.field_path
        operator = one.op.name
        if operator in _ARRAY:
            array.add(field)
        elif operator in _INEQUALITIES:
            ranged.append(field)
        else:
            equal.add(field)
    order = [(item.field.field_path, item.direction.name) for item in query.order_by]
    order = [(name, direction) for name, direction in order if name != NAME]
    for field in ranged:  # an inequality sorts by its field when the query does not say so
        if field not in [name for name, _ in order]:
            order.insert(0, (field, "ASCENDING"))
    (source,) = query.from_
    fields = frozenset(equal - {NAME}), frozenset(array), tuple(order)
    return Shape(source.collection_id, *fields, group=source.all_descendants)


def _filters(where: Any) -> list[Any]:
    if where.composite_filter.filters:
        return [one for inner in where.composite_filter.filters for one in _filters(inner)]
    return [one for one in (where.field_filter, where.unary_filter) if one.field.field_path]


def missing_fields(shape: Shape, indexes: list[dict[str, Any]]) -> frozenset[str]:
    """Filter fields of `shape` that no usable index covers; empty when production can serve it."""
    filters = shape.equal | shape.array
    if not shape.group:  # over a group of collections, no field is indexed automatically
        if not shape.order and len(shape.array) <= 1:
            return frozenset()  # the automatic single-field indexes are merged
        if not filters and len(shape.order) == 1:
            return frozenset()
    scope = "COLLECTION_GROUP" if shape.group else "COLLECTION"
    covered: frozenset[str] = frozenset()
    for index in indexes:
        if index["collectionGroup"] == shape.collection and index.get("queryScope", "COLLECTION") == scope:
            covered |= _served(shape, index["fields"])
    return filters - covered


def _served(shape: Shape, fields: list[dict[str, str]]) -> frozenset[str]:
    """The filter fields that an index covers for `shape`: none unless it is filters, then the whole sort order."""
    count = len(fields) - len(shape.order)
    prefix, suffix = fields[:count], fields[count:]
    if count < 1 or [(field["fieldPath"], field.get("order")) for field in suffix] != list(shape.order):
        return frozenset()
    names = {field["fieldPath"] for field in prefix}
    arrays = {field["fieldPath"] for field in prefix if "arrayConfig" in field}
    if not names <= shape.equal | shape.array or not arrays <= shape.array or names & shape.array != arrays:
        return frozenset()
    return frozenset(names)
