"""An import contract about direct imports of one part, for import-linter.

The `layers` contract also follows chains of imports; some rules are about the single step alone:
the gateway reaches `core` through `trading`, and may, but never imports it. Modules that do not
exist yet are no error, as in a `layers` contract with optional layers.
"""

from __future__ import annotations

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DirectContract(Contract):
    """Says which packages may, or may not, import another one directly.

    Configuration options:
        imported: The packages that the rule is about.
        allowed: Only these packages (and the imported one itself) may import them.
        refused: These packages may not; give this or `allowed`.
    """

    type_name = "direct"

    imported = fields.ListField(subfield=fields.StringField())
    allowed = fields.ListField(subfield=fields.StringField(), required=False)
    refused = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Collect every direct import that the rule does not admit."""
        packages: list[str] = _names(self.imported)
        broken = sorted(
            (importer, target, _lines(graph, importer, target))
            for package in packages
            for target in graph.modules
            if _inside(target, package)
            for importer in graph.find_modules_that_directly_import(target)
            if not self._admits(importer, package)
        )
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each import that breaks the rule."""
        for importer, target, lines in check.metadata["broken"]:
            output.print_error(f"{importer} -> {target} (l.{lines})", bold=False)
        output.new_line()

    def _admits(self, importer: str, package: str) -> bool:
        if _inside(importer, package):
            return True
        allowed = _names(self.allowed)
        if allowed:
            return any(_inside(importer, one) for one in allowed)
        return not any(_inside(importer, one) for one in _names(self.refused))


def _names(field: Any) -> list[str]:
    # import-linter puts the parsed value in the place of the field, under the same name.
    return list(field or ())


def _inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _lines(graph: ImportGraph, importer: str, target: str) -> str:
    details: list[Any] = graph.get_import_details(importer=importer, imported=target)
    return ", ".join(str(detail["line_number"]) for detail in details)
