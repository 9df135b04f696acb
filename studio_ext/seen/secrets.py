"""Secrets that are seen to be secrets, wherever they turn up, and are blotted out of logs.

Studio's own secrets carry a prefix for that, as GitHub's and others' do. The rest is known by
what stands before it: signatures and tokens in URLs, passwords in database addresses.
"""

from __future__ import annotations

import re
import secrets

BLOT = "***"
_PREFIX = "studio_"
#: Text that must be there for a rule to be tried, which is what keeps a line cheap; the rule.
_RULES = [
    *((mark, re.compile(rf"({mark})[\w-]{{16,}}")) for mark in ("studio_key_", "studio_token_")),
    ("ignature=", re.compile(r"((?:X-Amz-)?Signature=)[^&\s\"',]+")),
    ("oken=", re.compile(r"((?:X-Amz-Security-Token|[Tt]oken)=)[^&\s\"']+")),
    ("earer ", re.compile(r"([Bb]earer )[^\s\"',]+")),
    ("://", re.compile(r"(://[^/\s:@\"']{1,80}:)[^/\s@\"']+(?=@)")),
]


def new_key() -> str:
    """A new secret access key."""
    return f"{_PREFIX}key_{secrets.token_urlsafe(30)}"


def new_token(size: int = 64) -> str:
    """A new token of ``size`` random bytes."""
    return f"{_PREFIX}token_{secrets.token_urlsafe(size)}"


def without(text: str) -> str:
    """A text with every secret in it blotted out."""
    for mark, rule in _RULES:
        if mark in text:
            text = rule.sub(rf"\1{BLOT}", text)
    return text
