"""Protecting personal data, and parts of addresses, against hashlib and urllib."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from steps import Steps

from studio_ext.wrangler.errors import ParameterError

TEXTS = ["4111-1111-1111-1234", "é", "", "ab", "Ann 12", "a\nb1c2d3e4f5", None]


def test_hashes_are_sha_256(steps: Steps) -> None:
    for salt in ("", "pepper é"):
        made = steps("privacy/hash", {"x": TEXTS}, input_column="x", salt=salt)["x"]
        assert made == [
            each if each is None else hashlib.sha256((salt + each).encode()).hexdigest()
            for each in TEXTS
        ]


def _masked(text: str | None, keep: int, side: str, only_digits: bool) -> str | None:
    """Character by character: the first or last ``keep`` that count stay, if there are more."""
    if text is None:
        return None
    places = [i for i, c in enumerate(text) if not only_digits or c in "0123456789"]
    kept = places[-keep:] if side == "last" else places[:keep]
    if keep == 0 or len(places) <= keep:
        kept = []
    return "".join("#" if i in places and i not in kept else c for i, c in enumerate(text))


@pytest.mark.parametrize("keep", [0, 1, 4])
@pytest.mark.parametrize("side", ["last", "first"])
@pytest.mark.parametrize("only_digits", [True, False])
def test_masks(steps: Steps, keep: int, side: str, only_digits: bool) -> None:
    p: dict[str, Any] = {"keep": keep, "side": side, "only_digits": only_digits}
    made = steps("privacy/mask", {"x": TEXTS}, input_column="x", mask="#", **p)["x"]
    assert made == [_masked(each, **p) for each in TEXTS]


def test_a_mask_may_be_any_character(steps: Steps) -> None:
    for mask in ("\\", "1", "é"):
        made = steps("privacy/mask", {"x": ["abc"]}, input_column="x", keep=1, mask=mask)["x"]
        assert made == [mask * 2 + "c"]


def test_masking_addresses(steps: Steps) -> None:
    texts = ["ann@example.com", "b@x.y", "no address", "@x", "a@b@c", "", None]
    made = steps("privacy/mask_e_mail_address", {"x": texts}, input_column="x")["x"]
    assert made == ["a***@example.com", "b***@x.y", "***", "***", "***", "***", None]


@pytest.mark.parametrize(
    ("kind", "text", "left"),
    [
        ("e-mail address", "to a.b+c@mail.example.co.uk, now", "to #, now"),
        ("web address", "see HTTPS://x.org/a?b=c#d or x.org", "see # or x.org"),
        ("IP address", "from 192.168.0.1: 1.2.3", "from #: 1.2.3"),
        ("credit card", "pay 4111 1111 1111 1111 or 12345", "pay # or 12345"),
        ("IBAN", "DE89 3704 0044 0532 0130 00 please", "# please"),
        ("social security number", "id 078-05-1120.", "id #."),
        ("phone number", "call +49 (30) 1234-5678 or 555-123-4567 x", "call # or # x"),
    ],
)
def test_blacking_out(steps: Steps, kind: str, text: str, left: str) -> None:
    table = {"x": [text, "nothing here", None]}
    made = steps("privacy/redact", table, input_column="x", kinds=[kind], replacement="#")["x"]
    assert made == [left, "nothing here", None]
    twice = steps("privacy/redact", table, input_column="x", kinds=[kind], replacement=r"\1$1")
    assert twice["x"][0] == left.replace("#", r"\1$1")


URLS = [
    "https://user:pw@Example.COM:8080/a/b%20c?q=x+y&q=2&e=&p%5B=1#top",
    "HTTP://x", "//host/path", "/only/path", "mailto:a@b.c", "ftp://[::1]:21/x", "?q=1", "#f", "",
    "http://x:/", "example.com/a?b#c?d", "a b", "1http://x",
]  # fmt: skip


@pytest.mark.parametrize("part", ["scheme", "host", "port", "path", "query", "fragment"])
def test_parts_of_web_addresses(steps: Steps, part: str) -> None:
    key = "web/part_of_a_web_address"
    made = steps(key, {"u": [*URLS, None]}, input_column="u", part=part, output_column="o")["o"]
    name = {"host": "hostname"}.get(part, part)
    assert made == [*(getattr(urlsplit(each), name) or None for each in URLS), None]


def test_parameters_of_web_addresses(steps: Steps) -> None:
    for name in ("q", "e", "b", "zz"):
        made = steps("web/parameter_of_a_web_address", {"u": URLS}, input_column="u", name=name)
        expected = [
            parse_qs(urlsplit(each).query, keep_blank_values=True).get(name, [None])[0]
            for each in URLS
        ]
        # A name without = has no value: missing, not empty.
        expected = [None if name == "b" else each for each in expected]
        assert made["u_parameter"] == expected


def test_parts_of_mail_addresses(steps: Steps) -> None:
    texts = ["Ann.B@Mail.Example.ORG", "a@b", "a b@c.d", "a@@c.d", "a@.d", "", None]
    parts = {"user": "Ann.B", "domain": "mail.example.org", "top-level domain": "org"}
    for part, expected in parts.items():
        made = steps("web/part_of_an_e_mail_address", {"x": texts}, input_column="x", part=part)
        assert made["x_part"] == [expected, *[None] * 6]


def test_percent_codes(steps: Steps) -> None:
    texts = ["a%20b+c", "%C3%A9", "100%", "%zz", "é &/~-._", "", None]
    decoded = steps("web/percent_codes", {"x": texts}, input_column="x")["x"]
    assert decoded == [each if each is None else unquote(each) for each in texts]
    coded = steps("web/percent_codes", {"x": texts}, input_column="x", direction="encode")["x"]
    assert coded == [each if each is None else quote(each, safe="") for each in texts]


@pytest.mark.parametrize(
    ("key", "parameters", "words"),
    [
        ("privacy/mask", {"keep": -1}, "keep: -1"),
        ("privacy/mask", {"mask": ""}, "mask: ''"),
        ("privacy/redact", {"kinds": ["name"]}, r"kinds\.0: 'name'"),
        ("web/part_of_a_web_address", {"part": "user"}, "part: 'user'"),
        ("web/parameter_of_a_web_address", {}, "name: None must be given"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, key: str, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        steps(key, {"x": ["a"]}, input_column="x", **parameters)
