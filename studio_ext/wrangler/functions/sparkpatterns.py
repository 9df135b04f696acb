"""Regular expressions of RE2's as Java reads them."""

from __future__ import annotations

import re

_POSIX = {
    "alpha": r"\p{Alpha}",
    "digit": r"\p{Digit}",
    "alnum": r"\p{Alnum}",
    "upper": r"\p{Upper}",
    "lower": r"\p{Lower}",
    "punct": r"\p{Punct}",
    "space": r"\p{Space}",
    "word": r"\w",
    "xdigit": r"\p{XDigit}",
}
#: Characters that Unicode 14 has and Java 17, which goes by Unicode 13, takes for none; of Java 21
#: they are a part already.
_NEW_UPPER = (
    r"\x{2C2F}\x{A7C0}\x{A7D0}\x{A7D6}\x{A7D8}\x{10570}-\x{1057A}\x{1057C}-\x{1058A}"
    r"\x{1058C}-\x{10592}\x{10594}-\x{10595}"
)
_NEW_LOWER = (
    r"\x{2C5F}\x{A7C1}\x{A7D1}\x{A7D3}\x{A7D5}\x{A7D7}\x{A7D9}\x{10597}-\x{105A1}"
    r"\x{105A3}-\x{105B1}\x{105B3}-\x{105B9}\x{105BB}-\x{105BC}\x{1DF00}-\x{1DF09}\x{1DF0B}-\x{1DF1E}"
)
_NEW_OTHER = (
    r"\x{870}-\x{887}\x{889}-\x{88E}\x{8B5}\x{8C8}-\x{8C9}\x{C5D}\x{CDD}\x{170D}\x{171F}\x{1B4C}"
    r"\x{9FFD}-\x{9FFF}\x{A7F2}-\x{A7F4}\x{10780}-\x{10785}\x{10787}-\x{107B0}\x{107B2}-\x{107BA}"
    r"\x{10F70}-\x{10F81}\x{11071}-\x{11072}\x{11075}\x{11740}-\x{11746}\x{11AB0}-\x{11ABF}"
    r"\x{12F90}-\x{12FF0}\x{16A70}-\x{16ABE}\x{1AFF0}-\x{1AFF3}\x{1AFF5}-\x{1AFFB}"
    r"\x{1AFFD}-\x{1AFFE}\x{1B11F}-\x{1B122}\x{1DF0A}\x{1E290}-\x{1E2AD}\x{1E7E0}-\x{1E7E6}"
    r"\x{1E7E8}-\x{1E7EB}\x{1E7ED}-\x{1E7EE}\x{1E7F0}-\x{1E7FE}\x{2A6DE}-\x{2A6DF}\x{2B735}-\x{2B738}"
)
_NEW_DIGITS = r"\x{16AC0}-\x{16AC9}"
_NEWER = {
    "L": _NEW_UPPER + _NEW_LOWER + _NEW_OTHER,
    "Lu": _NEW_UPPER,
    "Ll": _NEW_LOWER,
    "N": _NEW_DIGITS,
    "Nd": _NEW_DIGITS,
}


def java(pattern: str) -> str:
    """RE2's pattern as Java reads it: ``$`` is the end alone, ``.`` all but a line feed."""
    pattern = pattern.replace("(?P<", "(?<")
    made, inside, index = [], False, 0
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            kind = re.match(r"\\p\{(\w+)\}", pattern[index:])
            escape = kind[0] if kind else pattern[index : index + 2]
            newer = _NEWER.get(kind[1], "") if kind else ""
            made.append(escape + newer if inside or not newer else f"[{escape}{newer}]")
            index += len(escape)
            continue
        posix = re.match(r"\[:(\w+):\]", pattern[index:]) if inside else None
        if posix:
            made.append(_POSIX[posix[1]])
            index += posix.end()
            continue
        if inside:
            inside = character != "]" or (pattern[index - 1] in "[^" and made[-1] in ("[", "^"))
            made.append("\\" + character if character in "[&" else character)
        elif character == "[":
            inside = True
            made.append(character)
        else:
            made.append(r"\z" if character == "$" else character)
        index += 1
    return "(?d)" + "".join(made)
