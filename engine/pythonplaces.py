"""Where the nodes and the faults of Python's syntax stand in the text of an expression."""

from __future__ import annotations

import ast


class Places:
    """Places in a text, of what Python reads as `(text` and a closing parenthesis on the next line."""

    def __init__(self, text: str) -> None:
        self.bare = text.strip()
        self.indent = len(text) - len(text.lstrip())
        self.is_ascii = text.isascii()

    def offset(self, node: ast.AST) -> int:
        """Where a node begins in the text, in characters."""
        return self.place(getattr(node, "lineno", 1), getattr(node, "col_offset", 1))

    def width(self, node: ast.AST) -> int:
        """How many characters a node takes."""
        end = self.place(getattr(node, "end_lineno", None) or 1, getattr(node, "end_col_offset", None) or 1)
        return max(end - self.offset(node), 0)

    def place(self, line: int, column: int) -> int:
        """The offset in the text of what Python's tree has in `line` (from 1) at `column` (in bytes of UTF-8)."""
        if line == 1:
            # The opening parenthesis is not the user's.
            if not self.is_ascii:
                column = len(f"({self.bare}".encode()[:column].decode(errors="replace"))
            return self.indent + max(column - 1, 0)
        lines = self.bare.split("\n")
        if line > len(lines):
            return self.indent + len(self.bare)
        column = len(lines[line - 1].encode()[:column].decode(errors="replace"))
        return self.indent + sum(len(each) + 1 for each in lines[: line - 1]) + column

    def of_fault(self, error: SyntaxError) -> int:
        """Where the syntax breaks; the closing parenthesis that is not the user's stands for the end of the text."""
        line, column = error.lineno or 1, max((error.offset or 2) - 1, 0)
        if line > self.bare.count("\n") + 1:
            return self.indent + len(self.bare)
        lines = self.bare.split("\n")[: line - 1]
        return self.indent + sum(len(each) + 1 for each in lines) + (max(column - 1, 0) if line == 1 else column)
