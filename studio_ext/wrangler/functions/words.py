"""Words and spelling: what cleaning texts needs beyond Python's ``str`` methods."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from .building import E, call
from .characters import SPACE
from .text import Text


class Words(Text):
    """Words, accents, distances, encodings."""

    def filled(self, x: E) -> E:
        """Text that is not empty; missing where it is."""
        return call("nullif", x, "")

    def join(self, items: E, separator: E | str) -> E:
        """A list of texts as one, what is missing left out; a missing list is missing."""
        return call("array_to_string", items, separator)

    def unaccented(self, x: E) -> E:
        """Letters without their marks; those that are letters of their own (``ø``) stay."""
        return call("strip_accents", x)

    def normalized(self, x: E) -> E:
        """In Unicode's composed form (NFC): equal texts are equal bytes."""
        return call("nfc_normalize", x)

    def collapsed(self, x: E) -> E:
        """White space at the ends gone, and between words one blank."""
        return self.strip(self.regexp_replace(x, f"[{SPACE}]+", " "))

    def similarity(self, x: E, other: str | E) -> E:
        """Jaro and Winkler's similarity, 0 to 1; outside ASCII it compares UTF-8's bytes."""
        return call("jaro_winkler_similarity", x, other)

    def edits(self, x: E, other: str) -> E:
        """Levenshtein's distance; outside ASCII it counts UTF-8's bytes."""
        return exp.cast(call("levenshtein", x, other), "BIGINT")

    def swaps(self, x: E, other: str) -> E:
        """Damerau and Levenshtein's distance: neighbours that changed places are one edit."""
        return exp.cast(call("damerau_levenshtein", x, other), "BIGINT")

    def url_decoded(self, x: E) -> E:
        """``%20`` as a blank; what is no such code stays."""
        return call("url_decode", x)

    def url_encoded(self, x: E) -> E:
        """All but ASCII's letters, digits and ``-._~`` as percent codes of UTF-8."""
        return call("url_encode", x)

    def repeated(self, x: E, times: E | int) -> E:
        """So many times one after the other."""
        return call("repeat", x, times)

    def bytes(self, x: E) -> E:
        """The length in UTF-8."""
        return call("strlen", x)

    def list_total(self, x: E) -> E:
        """The sum of a list of floats; missing of an empty one."""
        return call("list_sum", x)

    def joined_texts(self, separator: E | str, parts: Sequence[E]) -> E:
        """Texts with a separator between; what is missing is left out."""
        return call("concat_ws", separator, *parts)
