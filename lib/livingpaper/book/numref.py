"""References to numbered figures and tables, resolved without reading a page's tree again for each of them.

Sphinx unpickles the whole page behind every ``numref``: a third of the time of this book.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment


class ReadOnceDomain(StandardDomain):
    """Sphinx's standard domain, with the trees that references lead to kept for the rest of the build."""

    def _resolve_numref_xref(self, env: BuildEnvironment, *arguments: Any) -> nodes.Element | None:
        kept = self.__dict__.setdefault("_kept", _Kept(env))
        return super()._resolve_numref_xref(kept, *arguments)


class _Kept:
    """An environment whose trees are read once; nobody changes them, they are only looked at."""

    def __init__(self, env: BuildEnvironment) -> None:
        self._env, self._trees = env, dict[str, nodes.document]()

    def get_doctree(self, name: str) -> nodes.document:
        if name not in self._trees:
            self._trees[name] = self._env.get_doctree(name)
        return self._trees[name]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._env, name)
