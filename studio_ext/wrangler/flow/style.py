"""How a JSON file is written, so that saving changes only what was changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from typing import Any

_INDENTS: tuple[int | str | None, ...] = (None, 2, 4, 1, 3, "\t")
_SEPARATORS = ((", ", ": "), (",", ": "), (",", ":"))


@dataclass(frozen=True)
class Style:
    """Indentation, separators, escaping and the end of a JSON text."""

    indent: int | str | None = 2
    separators: tuple[str, str] = (",", ": ")
    ascii: bool = False
    end: str = "\n"

    def dumps(self, value: Any) -> str:
        """``value`` written this way."""
        text = json.dumps(
            value, indent=self.indent, separators=self.separators, ensure_ascii=self.ascii
        )
        return text + self.end

    @classmethod
    def of(cls, text: str, value: Any) -> Style:
        """The style that gives ``text`` again; the nearest one where none does."""
        end = text[len(text.rstrip()) :]
        indented = "\n" in text.strip()
        first = text.lstrip("{[ \t\r")[:1] == "\n" if indented else False
        for indent, separators, escaped in product(_INDENTS, _SEPARATORS, (True, False)):
            if (indent is not None) == first:
                style = cls(indent, separators, escaped, end)
                if style.dumps(value) == text:
                    return style
        return cls(2 if first else None, (",", ": ") if first else (", ", ": "), False, end)
