"""Two documents on paper: the paper, and its supplement with what stands below one page; each knows the numbers of the other."""

import re
from collections import Counter
from pathlib import Path
from typing import Any, cast

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.latex import LaTeXBuilder
from sphinx.builders.latex.nodes import thebibliography
from sphinx.environment import BuildEnvironment
from sphinx.util.console import darkgreen
from sphinx.util.nodes import inline_all_toctrees
from sphinxcontrib.bibtex.domain import BibtexDomain
from sphinxcontrib.bibtex.nodes import raw_latex

from livingpaper.build.project import Project
from livingpaper.config import config

CITES = re.compile(r"\\hyperlink\{cite\..*:([^:}]+)\}")  # as sphinxcontrib-bibtex writes it
Numbers = dict[str, dict[str, dict[str, tuple[Any, ...]]]]  # page, kind, label: as Sphinx keeps them


class Documents(LaTeXBuilder):
    """Sphinx's builder; a link into the other document opens its file and names the number or title that it has there."""

    def init_document_data(self) -> None:
        """Have the supplement written as a document of its own, if ``paper.toml`` names its first page."""
        if page := config(Project(Path(self.srcdir))).supplement:
            paper = self.config.latex_documents[0]
            apart = (page, "supplement.tex", f"Supplement to: {paper[2]}", *paper[3:])
            self.config.latex_documents = [paper, apart]
        super().init_document_data()

    def assemble_doctree(self, indexfile: str, toctree_only: bool, appendices: list[str]) -> nodes.document:
        """Return a document with its own pages, and the references that these cite."""
        apart = config(Project(Path(self.srcdir))).supplement
        if not apart:
            return super().assemble_doctree(indexfile, toctree_only, appendices)
        tree, self.docnames = self.env.get_doctree(indexfile), {indexfile}
        below = _below(self.env, apart)
        lists = cast("BibtexDomain", self.env.get_domain("cite")).bibliographies
        last = {key.docname for key in lists}  # each document has the references, at its end
        own = (below if indexfile == apart else self.env.found_docs - below) - last
        toctrees = list(tree.findall(addnodes.toctree))
        for toctree in toctrees:
            toctree["includefiles"] = [page for page in toctree["includefiles"] if page in own]
        if toctrees:
            toctrees[-1]["includefiles"] += sorted(last)
        for entry in (entry for each in lists.values() for entry in each.citation_nodes.values()):
            entry.clear()  # sphinxcontrib-bibtex fills them for each document
        whole = inline_all_toctrees(self, self.docnames, indexfile, tree, darkgreen, [indexfile])
        whole["docname"] = indexfile
        self.env.resolve_references(whole, indexfile, self)
        _name_the_other(whole, "paper" if indexfile == apart else "supplement")
        _drop_uncited(whole)
        return whole

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Return the place of a page, or the file of the other document."""
        apart = config(Project(Path(self.srcdir))).supplement
        if not apart or docname in self.docnames:
            return super().get_target_uri(docname, typ)
        return "paper.pdf" if apart in self.docnames else "supplement.pdf"


def _name_the_other(whole: nodes.document, other: str) -> None:
    """Say of every link into the other document which it is: "Figure S3 of the supplement", "Methods (supplement)"."""
    for parent in list(whole.findall(nodes.Element)):
        for at, link in enumerate(parent.children):  # some know another parent
            numbered = isinstance(link, addnodes.number_reference)  # LaTeX would ask its own document
            known = numbered or isinstance(link, nodes.reference)
            if known and link.get("refuri", "").partition("#")[0] == f"{other}.pdf":
                said = f"{link.astext()} of the {other}" if numbered else f"{link.astext()} ({other})"
                parent[at] = nodes.reference("", said, internal=False, refuri=f"{other}.pdf")


def _drop_uncited(whole: nodes.document) -> None:
    """Leave out of the list of references what this document does not cite."""
    links = (each.rawsource for each in whole.findall(raw_latex))
    cited = {found[1] for link in links if (found := CITES.search(link))}
    for listed in list(whole.findall(thebibliography)):
        listed.children = [entry for entry in listed if cited & {*entry["ids"]}]
        if not listed.children:
            listed.parent.remove(listed)


def plain_numbers(_app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give Sphinx back the numbers it has set, which it compares with those it sets now."""
    env.toc_fignumbers = getattr(env, "plain_fignumbers", env.toc_fignumbers)
    return []


def supplement_numbers(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give figures and tables of the supplement the numbers S1, S2 and so on."""
    apart = config(Project(Path(app.srcdir))).supplement
    env.plain_fignumbers = env.toc_fignumbers  # type: ignore[attr-defined]
    env.toc_fignumbers = renumbered(env.toc_fignumbers, _below(env, apart) if apart else set())
    return []


def _below(env: BuildEnvironment, page: str) -> set[str]:
    """Return a page and those that its tables of contents list."""
    found = [page]
    for name in found:
        found += env.toctree_includes.get(name, [])
    return {*found}


def renumbered(numbers: Numbers, apart: set[str]) -> Numbers:
    """Return the numbers of all pages, counted for those set ``apart`` anew and with an S."""
    counts, found = Counter[tuple[bool, str]](), Numbers()
    for page, kinds in numbers.items():
        for kind, labels in kinds.items():
            for label in labels:
                counts[page in apart, kind] += 1
                number = counts[page in apart, kind]
                said = (f"S{number}",) if page in apart else (number,)
                found.setdefault(page, {}).setdefault(kind, {})[label] = said
    return found
