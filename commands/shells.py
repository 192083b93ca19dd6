"""What bash needs beyond click's own completion: values of `--set NAME=VALUE`, and no space after `NAME=`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import BashComplete, add_completion_class

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_PLAIN = "        elif [[ $type == 'plain' ]]; then\n"
_OPEN = "        elif [[ $type == 'open' ]]; then\n            COMPREPLY+=($value)\n            compopt -o nospace\n"


class Bash(BashComplete):
    """Completion for bash, which takes `=` for a word of its own."""

    name = "bash"
    source_template = BashComplete.source_template.replace(_PLAIN, _OPEN + _PLAIN)
    prefix = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor and the one at it, those put together again that `=` has parted."""
        args, incomplete = super().get_completion_args()
        words: list[str] = []
        is_open = False
        for word in [*args, incomplete]:
            if word == "=" and words:
                words[-1] += "="
                is_open = True
            elif is_open:
                words[-1] += word
                is_open = False
            else:
                words.append(word)
        last = words.pop()
        if "=" in (*args[-1:], incomplete):
            self.prefix = last[: last.rindex("=") + 1]
        return words, last

    def format_completion(self, item: CompletionItem) -> str:
        """A word as the script of bash reads it: only what comes after the `=` that it stopped at."""
        value = str(item.value).removeprefix(self.prefix)
        return f"{'open' if item.type == 'plain' and value.endswith('=') else item.type},{value}"


def register() -> None:
    """Have click use it."""
    add_completion_class(Bash)
