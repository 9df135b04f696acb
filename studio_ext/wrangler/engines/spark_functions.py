"""What Spark's SQL has no function for, in Python on its executors.

Each is made by a call, with all that it needs inside, so that it travels whole: executors need not
have Studio.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Name -> the function, and what Spark calls the type of its value.
Functions = dict[str, tuple[Callable[..., Any], str]]


def python_functions() -> Functions:
    """All of them, as they are registered with a session."""
    return {
        "studio_nfc": (_composed(), "string"),
        "studio_bare": (_bare(), "string"),
        "studio_damerau": (_damerau(), "bigint"),
        "studio_jaro": (_jaro(), "double"),
    }


def _composed() -> Callable[[str | None], str | None]:
    def composed(text: str | None) -> str | None:
        import unicodedata

        return None if text is None else unicodedata.normalize("NFC", text)

    return composed


def _bare() -> Callable[[str | None], str | None]:
    def bare(text: str | None) -> str | None:
        import unicodedata

        if text is None or text.isascii():
            return text
        parts = unicodedata.normalize("NFD", text)
        kept = "".join(part for part in parts if not unicodedata.category(part).startswith("M"))
        return unicodedata.normalize("NFC", kept)

    return bare


def _damerau() -> Callable[[str | None, str | None], int | None]:
    def damerau(x: str | None, y: str | None) -> int | None:
        """Edits of UTF-8's bytes, of which one may be two neighbours that change places.

        The unrestricted distance (Lowrance and Wagner 1975): what changed places may be edited
        further.
        """
        if x is None or y is None:
            return None
        a, b = x.encode(), y.encode()
        far = len(a) + len(b)
        rows = [[far] * (len(b) + 2), [far, *range(len(b) + 1)]]
        last_row: dict[int, int] = {}
        for i, one in enumerate(a, 1):
            row, last_column = [far, i], 0
            for j, other in enumerate(b, 1):
                k, m = last_row.get(other, 0), last_column
                swapped = rows[k][m] + (i - k - 1) + 1 + (j - m - 1)
                replaced = rows[i][j] + (one != other)
                row.append(min(replaced, row[j] + 1, rows[i][j + 1] + 1, swapped))
                if one == other:
                    last_column = j
            last_row[one] = i
            rows.append(row)
        return rows[-1][-1]

    return damerau


def _jaro() -> Callable[[str | None, str | None], float | None]:
    def jaro(x: str | None, y: str | None) -> float | None:
        """Jaro's similarity of UTF-8's bytes; above 0.7 with Winkler's part for a like beginning"""
        if x is None or y is None:
            return None
        a, b = x.encode(), y.encode()
        reach = max(max(len(a), len(b)) // 2 - 1, 0)
        taken = [False] * len(b)
        found = []
        for i, each in enumerate(a):
            for j in range(max(0, i - reach), min(len(b), i + reach + 1)):
                if not taken[j] and b[j] == each:
                    taken[j] = True
                    found.append(each)
                    break
        if not found:
            return 0.0
        others = [each for each, hit in zip(b, taken, strict=True) if hit]
        moved = sum(one != other for one, other in zip(found, others, strict=True)) // 2
        same = len(found)
        alike = (same / len(a) + same / len(b) + (same - moved) / same) / 3
        if alike <= 0.7:
            return alike
        start = 0
        while start < min(4, len(a), len(b)) and a[start] == b[start]:
            start += 1
        return alike + start * 0.1 * (1 - alike)

    return jaro
