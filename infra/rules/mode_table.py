"""The predicate `roleReads(role, mode)` of firestore.rules, made from `shared/auth/permissions.py`."""

from __future__ import annotations

from shared.auth.permissions import ALL_MODES, MODES_BY_ROLE

_BEGIN = "    // GENERATED from shared/auth/permissions.py by `python -m infra.rules`: BEGIN\n"
_END = "    // GENERATED: END\n"


class RulesError(ValueError):
    """firestore.rules does not hold exactly one generated block."""


def predicate() -> str:
    """Rules source of `roleReads`. Who works in every mode also reads modes made later (see `allows_mode`)."""
    everywhere = sorted(role.value for role, modes in MODES_BY_ROLE.items() if modes == ALL_MODES)
    rows = [
        f"            '{role.value}': [{_quoted(sorted(modes))}]"
        for role, modes in sorted(MODES_BY_ROLE.items())
        if modes != ALL_MODES
    ]
    return "\n".join(
        (
            "    // Does the role work in this mode?",
            "    function roleReads(role, mode) {",
            "      return mode is string",
            f"        && (role in [{_quoted(everywhere)}]",
            "          || mode in {",
            ",\n".join(rows),
            "          }.get(role, []));",
            "    }",
            "",
        )
    )


def with_predicate(rules: str) -> str:
    """Return the text of firestore.rules with its generated block replaced. Raises RulesError."""
    if rules.count(_BEGIN) != 1 or rules.count(_END) != 1:
        raise RulesError("firestore.rules must hold one block between GENERATED … BEGIN and GENERATED: END")
    before, rest = rules.split(_BEGIN)
    _, after = rest.split(_END)
    return before + _BEGIN + predicate() + _END + after


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
