"""The import closure of one function: the part of `shared` that its main.py reaches.

Imports are followed wherever they stand (also inside functions), except under TYPE_CHECKING. The composition roots are
the one special case: they import inside their factories on purpose, so each factory is a node of its own, and only
those that reached code names are followed.
"""

from __future__ import annotations

import ast
from pathlib import Path

from infra.bundle.imports import (
    COMPOSITION_ROOTS,
    BundleError,
    Reached,
    Source,
    imports_of,
    module_file,
    read_source,
    walk_running_code,
)

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class CompositionRoot:
    """A composition root, cut into its factories. `shared_code` is what stands outside of them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.factories = {node.name: node for node in source.tree.body if isinstance(node, _Definition)}
        self.shared_code = [node for node in source.tree.body if not isinstance(node, _Definition)]

    def reached_from(self, names: set[str], root: Path) -> Reached:
        """What is reached by the factories in `names` (dotted) and by every factory of this root that they use."""
        own = {name.removeprefix(f"{self.source.module}.") for name in names}
        todo = [name for name in own if name in self.factories]
        todo += [name for node in self.shared_code for name in self._used(node)]
        seen: set[str] = set()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += self._used(self.factories[name])
        return imports_of(self.source, [*self.shared_code, *(self.factories[name] for name in sorted(seen))], root)

    def _used(self, node: ast.AST) -> list[str]:
        return [
            inner.id
            for inner in walk_running_code(node)
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load) and inner.id in self.factories
        ]


def import_closure(main: Path, root: Path, extra: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Dotted names of every module of `shared` that `main` reaches under `root`, packages included, sorted.

    `extra` are modules that are imported by name at run time (`lazyImports` of the catalog), `package.*` all modules
    of a package. Raises BundleError.
    """
    extra = tuple(module for name in extra for module in _expanded(name, root))
    unknown = [module for module in extra if module_file(root, module) is None]
    if unknown:
        raise BundleError(f"{main.parent / 'function.yaml'}: lazyImports names no module: {', '.join(unknown)}")
    source = read_source(main, "main")
    first = imports_of(source, [source.tree], root)
    modules: set[str] = set()
    factories = set(first.factories)
    todo = list(first.modules | set(extra))
    known = -1
    while todo or len(factories) > known:
        known = len(factories)
        _follow(todo, modules, factories, root)
        for name in COMPOSITION_ROOTS:
            if name in modules:
                reached = CompositionRoot(_source(name, root)).reached_from(factories, root)
                factories |= reached.factories
                todo += sorted(reached.modules - modules)
    return tuple(sorted(modules))


def _expanded(name: str, root: Path) -> list[str]:
    if not name.endswith(".*"):
        return [name]
    package = name.removesuffix(".*")
    files = sorted((root / package.replace(".", "/")).glob("*.py"))
    return [package if file.stem == "__init__" else f"{package}.{file.stem}" for file in files]


def _follow(todo: list[str], modules: set[str], factories: set[str], root: Path) -> None:
    """Add what `todo` reaches to `modules` and `factories`; the composition roots' factories are left to the caller."""
    while todo:
        module = todo.pop()
        if module in modules:
            continue
        modules.add(module)
        parent = module.rpartition(".")[0]
        if parent:
            todo.append(parent)
        if module in COMPOSITION_ROOTS:
            continue
        source = _source(module, root)
        reached = imports_of(source, [source.tree], root)
        todo += sorted(reached.modules)
        factories |= reached.factories


def _source(module: str, root: Path) -> Source:
    path = module_file(root, module)
    if path is None:
        raise BundleError(f"there is no module {module}: its package has no __init__.py")
    return read_source(path, module)
