"""What a Python source imports from `shared`, read from its syntax tree without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PACKAGE = "shared"
COMPOSITION_ROOTS = (
    "shared.bootstrap",
    "shared.bootstrap_chat",
    "shared.bootstrap_events",
    "shared.bootstrap_modes",
    "shared.bootstrap_sign_in",
)


class BundleError(ValueError):
    """A bundle cannot be built. The message names the file, the line and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """One parsed file. `module` is its dotted name; `package` is what its relative imports start from."""

    module: str
    package: str
    path: Path
    tree: ast.Module

    def where(self, node: ast.AST) -> str:
        """`file:line` of `node`, for messages."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


@dataclass(slots=True)
class Reached:
    """What a piece of code asks for: modules of `shared`, and factories of the composition roots by dotted name."""

    modules: set[str] = field(default_factory=set)
    factories: set[str] = field(default_factory=set)


def module_file(root: Path, module: str) -> Path | None:
    """The file of a dotted module name under `root`, or None when there is no such module."""
    base = root.joinpath(*module.split("."))
    for candidate in (base / "__init__.py", base.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    return None


@cache
def _parse(path: Path, _modified: int, _size: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def read_source(path: Path, module: str) -> Source:
    """Parse `path`, known as `module`. Raises BundleError when it is no valid Python."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    status = path.stat()
    try:
        return Source(module, package, path, _parse(path, status.st_mtime_ns, status.st_size))
    except SyntaxError as exc:
        raise BundleError(f"{path}:{exc.lineno}: {exc.msg}") from exc


def imports_of(source: Source, nodes: Iterable[ast.AST], root: Path) -> Reached:
    """Everything of `shared` that `nodes` import, at any depth, except under TYPE_CHECKING. Raises BundleError."""
    reached = Reached()
    running = [node for top in nodes for node in walk_running_code(top)]
    for node in running:
        for module, name in _imported(source, node):
            if module.split(".")[0] == PACKAGE:
                _add(reached, source, node, root, module=module, name=name)
    _add_factories(reached, source, running)
    return reached


def walk_running_code(top: ast.AST) -> Iterator[ast.AST]:
    """`top` and everything in it, leaving out what stands under `if TYPE_CHECKING`."""
    yield top
    children: Iterable[ast.AST] = ast.iter_child_nodes(top)
    if isinstance(top, ast.If) and _asks_for_type_checking(top.test):
        children = top.orelse
    for child in children:
        yield from walk_running_code(child)


def _asks_for_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _imported(source: Source, node: ast.AST) -> Iterator[tuple[str, str | None]]:
    """(module, name or None) for each alias of an import statement."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, None
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parents = source.package.split(".")
            parents = parents[: len(parents) - node.level + 1]
            base = ".".join([*parents, *([node.module] if node.module else [])])
        for alias in node.names:
            yield base, alias.name


def _add(reached: Reached, source: Source, node: ast.AST, root: Path, *, module: str, name: str | None) -> None:
    if module_file(root, module) is None:
        raise BundleError(f"{source.where(node)}: there is no module {module}")
    reached.modules.add(module)
    if module in COMPOSITION_ROOTS and name is not None:
        if name == "*":
            raise BundleError(f"{source.where(node)}: name the factories of {module} instead of *")
        reached.factories.add(f"{module}.{name}")
    elif name is not None and module_file(root, f"{module}.{name}") is not None:
        reached.modules.add(f"{module}.{name}")


def _add_factories(reached: Reached, source: Source, running: list[ast.AST]) -> None:
    """The factories named as `bootstrap.X`; the module passed around as a value cannot be followed."""
    roots = _names_of_composition_roots(source)
    if not roots:
        return
    owners: set[int] = set()
    for node in running:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in roots:
            reached.factories.add(f"{roots[node.value.id]}.{node.attr}")
            owners.add(id(node.value))
    for node in running:
        if isinstance(node, ast.Name) and node.id in roots and id(node) not in owners:
            raise BundleError(f"{source.where(node)}: {node.id} is used as a value; write {node.id}.<factory>")


def _names_of_composition_roots(source: Source) -> dict[str, str]:
    """The composition roots that a source imports, by the name that it gives them."""
    names = {}
    for node in walk_running_code(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in COMPOSITION_ROOTS and alias.asname is None:
                    package, _, last = alias.name.rpartition(".")
                    raise BundleError(f"{source.where(node)}: write `from {package} import {last}`")
                if alias.name in COMPOSITION_ROOTS and alias.asname:
                    names[alias.asname] = alias.name
        elif isinstance(node, ast.ImportFrom):
            for (module, name), alias in zip(_imported(source, node), node.names, strict=True):
                if f"{module}.{name}" in COMPOSITION_ROOTS:
                    names[alias.asname or alias.name] = f"{module}.{name}"
    return names
