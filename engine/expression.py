"""An expression of a pack: what the parser makes of a text, and what everything behind it takes."""

from __future__ import annotations

from .errors import Position
from .record import Record
from .tree import Node


class Expression(Record):
    """An expression as it stands in a file: its text, its place and its tree (names not yet checked)."""

    text: str
    at: Position
    tree: Node

    def position(self, node: Node) -> Position:
        """Where `node` stands in the file."""
        return self.at.within(self.text, node.offset)

    def text_of(self, node: Node) -> str:
        """What is written for `node`."""
        return self.text[node.offset : node.offset + node.width]

    def reach(self, node: Node) -> int:
        """How many characters `node` takes in its line of the file."""
        return self.at.reach(self.text, node.offset, node.width)
