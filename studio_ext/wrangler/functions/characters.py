"""Classes of characters as Python's ``str`` has them, for regular expressions.

RE2 and Java know general categories (``\\p{Lu}``) but not the derived properties that ``isupper``,
``islower``, ``isdigit`` and ``isnumeric`` go by: what those add to the categories is listed here,
by Unicode 14. A test holds the classes against Python's own answers, character by character.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

#: Letters that are capital without being of the category: Roman numerals, circled letters.
_MORE_UPPER = (
    r"\x{2160}-\x{216F}\x{24B6}-\x{24CF}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}"
)
_MORE_LOWER = (
    r"\x{AA}\x{BA}\x{2B0}-\x{2B8}\x{2C0}-\x{2C1}\x{2E0}-\x{2E4}\x{345}\x{37A}\x{1D2C}-\x{1D6A}"
    r"\x{1D78}\x{1D9B}-\x{1DBF}\x{2071}\x{207F}\x{2090}-\x{209C}\x{2170}-\x{217F}\x{24D0}-\x{24E9}"
    r"\x{2C7C}-\x{2C7D}\x{A69C}-\x{A69D}\x{A770}\x{A7F8}-\x{A7F9}\x{AB5C}-\x{AB5F}\x{10780}"
    r"\x{10783}-\x{10785}\x{10787}-\x{107B0}\x{107B2}-\x{107BA}"
)
#: Digits that are no decimal digits: superscripts, circled digits.
_MORE_DIGITS = (
    r"\x{B2}-\x{B3}\x{B9}\x{1369}-\x{1371}\x{19DA}\x{2070}\x{2074}-\x{2079}\x{2080}-\x{2089}"
    r"\x{2460}-\x{2468}\x{2474}-\x{247C}\x{2488}-\x{2490}\x{24EA}\x{24F5}-\x{24FD}\x{24FF}"
    r"\x{2776}-\x{277E}\x{2780}-\x{2788}\x{278A}-\x{2792}\x{10A40}-\x{10A43}\x{10E60}-\x{10E68}"
    r"\x{11052}-\x{1105A}\x{1F100}-\x{1F10A}"
)
#: Ideographs that stand for numbers.
_MORE_NUMBERS = (
    r"\x{3405}\x{3483}\x{382A}\x{3B4D}\x{4E00}\x{4E03}\x{4E07}\x{4E09}\x{4E5D}\x{4E8C}\x{4E94}"
    r"\x{4E96}\x{4EBF}-\x{4EC0}\x{4EDF}\x{4EE8}\x{4F0D}\x{4F70}\x{5104}\x{5146}\x{5169}\x{516B}"
    r"\x{516D}\x{5341}\x{5343}-\x{5345}\x{534C}\x{53C1}-\x{53C4}\x{56DB}\x{58F1}\x{58F9}\x{5E7A}"
    r"\x{5EFE}-\x{5EFF}\x{5F0C}-\x{5F0E}\x{5F10}\x{62FE}\x{634C}\x{67D2}\x{6F06}\x{7396}\x{767E}"
    r"\x{8086}\x{842C}\x{8CAE}\x{8CB3}\x{8D30}\x{9621}\x{9646}\x{964C}\x{9678}\x{96F6}\x{F96B}"
    r"\x{F973}\x{F978}\x{F9B2}\x{F9D1}\x{F9D3}\x{F9FD}\x{20001}\x{20064}\x{200E2}\x{20121}\x{2092A}"
    r"\x{20983}\x{2098C}\x{2099C}\x{20AEA}\x{20AFD}\x{20B19}\x{22390}\x{22998}\x{23B1B}\x{2626D}"
    r"\x{2F890}"
)

UPPER = r"\p{Lu}" + _MORE_UPPER
LOWER = r"\p{Ll}" + _MORE_LOWER
TITLE = r"\p{Lt}"
LETTER = r"\p{L}"
DECIMAL = r"\p{Nd}"
DIGIT = DECIMAL + _MORE_DIGITS
NUMBER = r"\p{N}" + _MORE_NUMBERS
ALPHANUMERIC = LETTER + r"\p{N}"
SPACE = (
    r"\x{9}-\x{D}\x{1C}-\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}-\x{2029}\x{202F}"
    r"\x{205F}\x{3000}"
)
#: The same, character by character.
SPACES = "".join(
    map(chr, [*range(9, 14), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)])
) + "".join(map(chr, [0x2028, 0x2029, 0x202F, 0x205F, 0x3000]))


@cache
def upper_as() -> dict[str, str]:
    """Letters of which one capital letter will not do: those of German, of Armenian, ligatures."""
    return {each: each.upper() for each in _plane() if len(each.upper()) > 1}


@cache
def title_as() -> dict[str, str]:
    """Letters that begin a word otherwise than as their capital."""
    titles = {each: each.title() for each in _plane()}
    return {each: t for each, t in titles.items() if len(t) > 1 or t != each.upper()}


def _plane() -> Iterator[str]:
    """The basic multilingual plane beyond ASCII: looked through when first asked for."""
    return (chr(each) for each in range(0x80, 0x10000) if not 0xD800 <= each < 0xE000)


#: Letters with a case, and characters that a word's end is looked for across (Unicode 3.13, D135
#: and D136), for the sigma at the end of a word.
_CASED = r"\p{Lu}\p{Ll}\p{Lt}\x{AA}\x{BA}\x{2160}-\x{217F}\x{24B6}-\x{24E9}"
_IGNORED = (
    r"\p{Mn}\p{Me}\p{Cf}\p{Lm}\p{Sk}'.:\x{B7}\x{387}\x{55F}\x{5F4}\x{2018}\x{2019}\x{2024}\x{2027}"
    r"\x{FE13}\x{FE52}\x{FE55}\x{FF07}\x{FF0E}\x{FF1A}"
)
LAST_SIGMA = f"([{_CASED}][{_IGNORED}]*)\\x{{3A3}}([{_IGNORED}]*(?:$|[^{_CASED}{_IGNORED}]))"
