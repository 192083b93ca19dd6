"""YAML with positions: text → plain values that know where they stand, and nothing that could surprise.

The composer of PyYAML (the C one where it is built in) reads the syntax; scalars are then told apart by YAML 1.2's core
schema, so `5e-7` is a number and `on` is text. Anchors, aliases and merge keys (`<<`) work; tags and several documents
in a file are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from .errors import PackError, Position, Problem
from .filenames import file_meant
from .items import MAX_DEPTH, Document, Item, Value, fields_of, joined
from .yamlerrors import at_offset, bomb_at, outdented, place, syntax_problem, unreadable_at
from .yamlplaces import Written
from .yamlscalars import scalar

if TYPE_CHECKING:
    from .codes import Code

    _Base: Any = object
else:
    try:
        from yaml.cyaml import CParser as _Base
    except ImportError:  # PyYAML without libyaml

        class _Base(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer):
            def __init__(self, stream: str) -> None:
                yaml.reader.Reader.__init__(self, stream)
                yaml.scanner.Scanner.__init__(self)
                yaml.parser.Parser.__init__(self)
                yaml.composer.Composer.__init__(self)


MAX_BYTES = 1_048_576
MAX_NODES = 100_000
_TOO_LARGE = f"file is larger than {MAX_BYTES // 1024} KiB"
_BOMB = f"aliases expand to more than {MAX_NODES:,} values"
_TOO_DEEP = f"nested more than {MAX_DEPTH} deep"
_SPLIT = "split it with 'extends'"
_FLATTEN = "a pack needs a dozen levels at most"

_SIGNS = re.compile("[\x85\u2028\u2029]").search
_HIDDEN = {0x85: "\ue085", 0x2028: "\ue028", 0x2029: "\ue029"}
_SHOWN = {ord(hidden): chr(sign) for sign, hidden in _HIDDEN.items()}
"""Characters that YAML 1.1 breaks lines at, and stand-ins for them while a file is read."""

_IN_EXPRESSIONS = re.compile(r"[()<>=]").search
_COLON = re.compile(r"\s*:").match
_KEYLIKE = r"[A-Za-z_][\w./*{}-]*"
_ANCHOR = r"&\S+[ \t]*"
_THINGS = 2
"""How deep the mappings are that hold things by name, such as the rules of a pack."""

_QUOTES = frozenset("'\"")


class _Composer(_Base):  # type: ignore[misc]
    """Composes nodes without resolving tags, so that a tag on a node is one that the file wrote."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.depth = self.count = 0

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        return ""

    def descend_resolver(self, parent: Any, index: object) -> None:
        self.depth += 1
        self.count += 1
        if self.depth > MAX_DEPTH:
            raise _RefusedError(parent.start_mark, "too-deep", _TOO_DEEP, _FLATTEN)
        if self.count > MAX_NODES:
            raise _RefusedError(
                parent.start_mark, "too-large", f"the file holds more than {MAX_NODES:,} values", _SPLIT
            )

    def ascend_resolver(self) -> None:
        self.depth -= 1


class _RefusedError(Exception):
    def __init__(self, mark: Any, code: Code, message: str, hint: str) -> None:
        super().__init__(message)
        self.mark, self.code, self.message, self.hint = mark, code, message, hint


def compose(text: str, file: str) -> Document:
    """The tree of one YAML document that stands in `file`.

    Raises PackError where no tree can be made: bad syntax, several documents, a limit. What else is wrong with it
    (duplicate keys, tags, a value cut by a comma) is in the document's `problems`.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        limit = len(text.encode("utf-8", "surrogatepass")[:MAX_BYTES].decode("utf-8", "ignore"))
        raise PackError([Problem(at_offset(text, file, limit), "too-large", _TOO_LARGE, _SPLIT)])
    # Lines are those that an editor shows: other signs that some take for line breaks stand for themselves.
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    try:
        has_signs = not text.isascii() and _SIGNS(text) is not None
        node = _Composer(text.translate(_HIDDEN) if has_signs else text).get_single_node()
        if node is None:
            return Document(file, Item(None, file, 1, 1))
        if has_signs:
            _show(node)
        builder = _Builder(text, file)
        return Document(file, builder.build(node, 1), tuple(sorted(builder.problems)))
    except _RefusedError as refusal:
        mark = bomb_at(text, MAX_NODES) if refusal.message == _BOMB else None
        raise PackError(
            [Problem(place(file, mark or refusal.mark), refusal.code, refusal.message, refusal.hint)]
        ) from None
    except yaml.MarkedYAMLError as error:
        raise PackError([syntax_problem(error, text, file)]) from None
    except yaml.YAMLError as error:
        message = f"not YAML: {getattr(error, 'reason', 'it cannot be read')}"
        at = unreadable_at(text, file, error)
        raise PackError([Problem(at, "not-text", message, "save it as plain UTF-8")]) from None


def read(text: str, file: str) -> Document:
    """As `compose`, but raises PackError for every problem."""
    document = compose(text, file)
    if document.problems:
        raise PackError(document.problems)
    return document


def compose_file(path: Path, file: str | None = None) -> Document:
    """The document in the file at `path`, called `file` in positions (by default the path itself)."""
    name = file or path.as_posix()
    return compose_bytes(content_of(path, name), name)


def content_of(path: Path, name: str) -> bytes:
    """What the file at `path`, called `name`, holds, up to one byte more than it may. Raises PackError without one."""
    try:
        if not path.is_file():
            reason = "is a directory" if path.is_dir() else "is not a file" if path.exists() else "does not exist"
            hint = file_meant(path, name) or "give the path of a YAML file"
            raise PackError([Problem(Position(name), "no-file", f"file {reason}", hint)])
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        problem = Problem(
            Position(name), "no-file", f"file cannot be read: {error.strerror}", "mend what keeps it from being read"
        )
        raise PackError([problem]) from None


def compose_bytes(data: bytes, name: str) -> Document:
    """The document in a file called `name` that holds `data`."""
    if len(data) > MAX_BYTES:
        whole = data[:MAX_BYTES].decode("utf-8", "ignore").removeprefix("\ufeff")
        raise PackError([Problem(at_offset(whole, name, len(whole)), "too-large", _TOO_LARGE, _SPLIT)])
    try:
        return compose(data.decode("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace").removeprefix("\ufeff")
        at = at_offset(before, name, len(before))
        raise PackError([Problem(at, "not-text", "file is not UTF-8 text", "save it as UTF-8")]) from None


class _Builder:
    """Turns nodes into items; an aliased node becomes an item at each of its places, up to a limit."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.count = 0
        self.open: set[int] = set()
        self.problems: list[Problem] = []
        self.lines: list[str] | None = None

    def build(self, node: Any, depth: int) -> Item:
        self.count += 1
        if self.count > MAX_NODES:
            raise _RefusedError(node.start_mark, "too-large", _BOMB, "use fewer aliases")
        if depth > MAX_DEPTH:
            raise _RefusedError(node.start_mark, "too-deep", _TOO_DEEP, _FLATTEN)
        if node.tag:
            self.tagged(node)
        if node.id == "scalar":
            return self.leaf(node)
        mark = node.start_mark
        if id(node) in self.open:
            raise _RefusedError(
                mark, "circular-definition", "what this anchor names holds an alias of itself", "take the alias out"
            )
        self.open.add(id(node))
        value: Value
        if node.id == "sequence":
            entries = self.entries(node) if node.flow_style else node.value
            value = [self.build(child, depth + 1) for child in entries]
        else:
            value = self.mapping(node, depth)
        self.open.discard(id(node))
        return Item(value, self.file, mark.line + 1, mark.column + 1)

    def leaf(self, node: Any) -> Item:
        mark, style, text = node.start_mark, node.style, node.value
        line, column, start, end = mark.line + 1, mark.column + 1, mark.index, node.end_mark.index
        if self.text.startswith("&", start):  # the mark is that of the anchor
            anchored = re.compile(_ANCHOR).match(self.text, start)
            length = len(anchored[0]) if anchored else 0
            column, start = column + length, start + length
        if not style:
            try:
                value = scalar(text)
                if isinstance(value, str):
                    is_plain = self.text.startswith(value, start)
                else:  # of a number, `010` and `5e-7` are not what Python writes
                    is_plain = value is None or isinstance(value, bool) or (text.isdecimal() and text[0] != "0")
                written = None if is_plain else Written(self.text, start, end, "")
                return Item(value, self.file, line, column, written=written)
            except ValueError:
                self.problem(mark, "out-of-range", "number has too many digits", "quote it if it is text")
                return Item(0, self.file, line, column)
        if style in _QUOTES:
            is_plain = end - start - 2 == len(text) and self.text.startswith(text, start + 1)
            written = None if is_plain else Written(self.text, start + 1, end - 1, style)
            return Item(text, self.file, line, column + 1, written=written)
        first = self.text.find("\n", start) + 1 or end
        return Item(text, self.file, *self.block_start(mark.line + 1), written=Written(self.text, first, end, style))

    def block_start(self, line: int) -> tuple[int, int]:
        if self.lines is None:
            self.lines = self.text.split("\n")
        while line < len(self.lines) and not self.lines[line].strip():
            line += 1
        first = self.lines[line] if line < len(self.lines) else ""
        return line + 1, len(first) - len(first.lstrip()) + 1

    def mapping(self, node: Any, depth: int) -> dict[str, Item]:
        result: dict[str, Item] = {}
        merged: dict[str, Item] | None = None
        above: tuple[str, Item] | None = None  # a thing of a section whose fields may stand beside it
        for key_node, value_node in self.pairs(node) if node.flow_style else node.value:
            mark = key_node.start_mark
            if key_node.id != "scalar":
                self.problem(mark, "bad-key", "a key must be text", "write 'key: value'")
                continue
            key = key_node.value
            if key_node.tag:
                self.tagged(key_node)
            item = self.build(value_node, depth + 1)
            item.key_line = mark.line + 1
            item.key_column = mark.column + 1 + (key_node.style in _QUOTES if key_node.style else 0)
            if item.value is None and value_node.start_mark.index == value_node.end_mark.index:
                item.line, item.column = item.key_line, item.key_column  # of nothing, the key is the place
            if key == "<<" and not key_node.style:
                if merged is not None:
                    self.problem(
                        mark, "duplicate-key", "key '<<' is given twice", "merge several as in '<<: [*one, *other]'"
                    )
                merged = self.merged(value_node, item)
            elif above is not None and self.is_moved(key, item, *above, known=key in result):
                pass
            elif key in result:
                is_joined = depth == 1 and joined(result[key], item)  # a section in two parts
                mend = "move what stands here to the end of that" if is_joined else "keep one"
                hint = f"it stands on line {result[key].key_line} already, {mend}"
                self.problem(mark, "duplicate-key", f"key {key!r} is given twice", hint)
            else:
                result[key] = item
                if depth == _THINGS and (item.is_empty or isinstance(item.value, dict)):
                    above = (key, item) if item.is_empty else None
        return {**merged, **result} if merged else result

    def is_moved(self, key: str, item: Item, name: str, above: Item, *, known: bool) -> bool:
        """Whether an entry is a field of the thing above it, which has nothing else: the key of another one's, too."""
        fields = fields_of(above)
        if isinstance(item.value, dict) or item.is_empty or key in fields or not (known or fields):
            return False
        if not fields:
            self.problems.append(outdented(key, item.key_at, repr(name), is_empty=True))
        above.value = {**fields, key: item}
        return True

    def merged(self, node: Any, item: Item) -> dict[str, Item]:
        """What a merge key brings in. Of several mappings the earlier wins; what stands beside the key wins anyway."""
        found: dict[str, Item] = {}
        entries = zip(item.value, node.value, strict=True) if isinstance(item.value, list) else [(item, node)]
        for each, inner in entries:
            if isinstance(each.value, dict):
                found = {**each.value, **found}
            else:
                self.problem(
                    inner.start_mark, "wrong-type", "'<<' merges mappings only", "name one, as in '<<: *defaults'"
                )
        return found

    def pairs(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """The entries of a mapping in braces, those put together again that a comma in unquoted text has cut."""
        entries = list(node.value)
        place = 0
        while place < len(entries):
            key, value = entries[place]
            place += 1
            if _is_bare(value):
                pieces, last = [value.value], value
                while place < len(entries) and self.is_cut_off(entries[place], pieces):
                    last = entries[place][0]
                    pieces.append(last.value)
                    place += 1
                if len(pieces) > 1:
                    value = self.rejoined(value, pieces, last)
            yield key, value

    def is_cut_off(self, entry: tuple[Any, Any], pieces: list[str]) -> bool:
        """Whether an entry of a mapping in braces is the rest of the text before it, cut off by a comma."""
        key, value = entry
        if not _is_bare(key) or not _is_bare(value) or value.value:
            return False
        if not re.fullmatch(_KEYLIKE, key.value):
            return True
        first = pieces[0]
        is_text = first[:1].isalpha() and isinstance(scalar(first), str) and not _IN_EXPRESSIONS(first)
        return (is_text and _COLON(self.text, key.end_mark.index) is None) or _is_open(pieces)

    def entries(self, node: Any) -> Iterator[Any]:
        """The entries of a list in brackets, those put together again whose parentheses a comma has torn apart."""
        entries = iter(node.value)
        entry = next(entries, None)
        while entry is not None:
            pieces, last = [entry.value] if _is_bare(entry) else [], entry
            following = next(entries, None)
            while following is not None and _is_open(pieces) and _is_bare(following):
                last = following
                pieces.append(last.value)
                following = next(entries, None)
            yield self.rejoined(entry, pieces, last) if len(pieces) > 1 else entry
            entry = following

    def rejoined(self, node: Any, pieces: Sequence[str], last: Any) -> Any:
        text = ", ".join(pieces)
        message = f"a comma cuts the unquoted {text!r} in pieces"
        width = last.end_mark.index - node.start_mark.index
        hint = "quote the expression" if _IN_EXPRESSIONS(text) else "quote the text"
        if re.fullmatch(_KEYLIKE, pieces[-1]):
            hint += f", or write '{pieces[-1]}: …' if that is a key"
        self.problem(node.start_mark, "unquoted-comma", message, hint, width)
        return yaml.ScalarNode("", text, node.start_mark, last.end_mark, "")

    def tagged(self, node: Any) -> None:
        message = f"tag {node.tag!r} is not supported"
        self.problem(node.start_mark, "yaml-tag", message, "quote text that starts with '!'")

    def problem(self, mark: Any, code: Code, message: str, hint: str, width: int = 0) -> None:
        self.problems.append(Problem(place(self.file, mark), code, message, hint, width))


def _show(node: Any) -> None:
    """Put the characters back that had stand-ins while the file was read."""
    waiting, seen = [node], set[int]()
    while waiting:
        each = waiting.pop()
        if each.id == "scalar":
            each.value = each.value.translate(_SHOWN)
        elif id(each) not in seen:
            seen.add(id(each))
            waiting += each.value if each.id == "sequence" else [part for pair in each.value for part in pair]


def _is_bare(node: Any) -> bool:
    return node.id == "scalar" and not node.style


def _is_open(pieces: Sequence[str]) -> bool:
    return sum(piece.count("(") - piece.count(")") for piece in pieces) > 0
