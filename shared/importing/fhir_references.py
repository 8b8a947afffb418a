"""FHIR references: `urn:uuid:…`, `Patient/1`, `https://server/Patient/1`, `Patient?identifier=…`, `#contained`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.importing.json_node import Node, fault
from shared.models.imported import RefusedRecordError

_LITERAL = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/[^/]+)?")
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?identifier=(.+)")
_URN = re.compile(r"urn:(?:uuid|oid):([A-Za-z0-9.-]{1,64})")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of the input and the URL it stands under in its bundle."""

    resource: Node
    full_url: str | None = None

    @property
    def type(self) -> str:
        """The resource type; a resource without one is a fault."""
        return self.resource.required("resourceType")

    @property
    def source_ref(self) -> str:
        """What other records point at; stable from import to import. Refused when the resource has no id at all."""
        identity = self.resource.text("id")
        if identity is not None and not _ID.fullmatch(identity):
            fault(self.resource.at("id"), "id_invalid", "A FHIR id has letters, digits, - and . only, 64 at most")
        urn = _URN.fullmatch(self.full_url or "")
        if identity is None and urn:
            identity = urn[1]
        if identity is None:
            raise RefusedRecordError("id_missing", self.resource.path)
        return source_ref(self.type, identity)


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference points at: its `source_ref`, and the resource when it is part of the input."""

    source_ref: str
    resource: Node | None


def source_ref(resource_type: str, identity: str) -> str:
    """The key of a FHIR resource among imported records."""
    return f"fhir:{resource_type}/{identity}"


class References:
    """Resolves references within one input."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            for key in _keys(entry):
                self._entries.setdefault(key, entry)

    def resolve(self, reference: Node | None, *, container: Node | None = None) -> Target | None:
        """What `reference` points at; None when it has no address (only a display or an identifier).

        `container` holds the contained resources that `#id` means. A `#id` or a URN that nothing in the input has is
        a fault: it can mean nothing elsewhere.
        """
        address = reference.text("reference") if reference is not None else None
        if reference is None or address is None:
            return None
        if address.startswith("#"):
            return Target(address, _contained(container, address[1:]) or _dangling(reference))
        entry = self._entries.get(address)
        literal = _LITERAL.fullmatch(address)
        if entry is None and literal:
            entry = self._entries.get(f"{literal[1]}/{literal[2]}")
        if entry is not None:
            return Target(entry.source_ref, entry.resource)
        if _URN.fullmatch(address):
            _dangling(reference)
        if literal:
            return Target(source_ref(literal[1], literal[2]), None)
        conditional = _CONDITIONAL.fullmatch(address)
        if not conditional:
            fault(reference.at("reference"), "reference_invalid", "Not a FHIR reference")
        return Target(source_ref(conditional[1], address), None)


def _keys(entry: Entry) -> list[str]:
    """Everything `entry` can be referred to by."""
    keys = [entry.full_url] if entry.full_url else []
    identity = entry.resource.text("id")
    if identity:
        keys.append(f"{entry.type}/{identity}")
    for identifier in entry.resource.children("identifier") if _is_list(entry.resource, "identifier") else []:
        value = identifier.text("value")
        if value:
            keys.append(f"{entry.type}?identifier={identifier.text('system') or ''}|{value}")
    return keys


def _is_list(resource: Node, name: str) -> bool:
    # Some resources that we do not hold have one identifier, not a list.
    return isinstance(resource.value.get(name), list)


def _contained(container: Node | None, identity: str) -> Node | None:
    resources = container.children("contained") if container is not None else []
    return next((resource for resource in resources if resource.text("id") == identity), None)


def _dangling(reference: Node) -> Node:
    fault(reference.at("reference"), "reference_unresolved", "Nothing in the bundle has this address")
