"""Signatures of version 2 in a URL's query, which only S3 knows, by botocore's own signer."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult

from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import HTTPHeaders
from botocore.credentials import Credentials

from .request import parse_query


class _V2(HmacV1QueryAuth):
    """botocore's SigV2 URL signer at the expiry the URL carries."""

    def _get_date(self) -> str:
        return str(self._expires)


def signature(
    method: str,
    split: SplitResult,
    headers: Mapping[str, str],
    keys: tuple[str, str],
    expires: int | None,
) -> str:
    """What a URL's signature has to be; ``keys`` are the access key's id and its secret."""
    relevant = HTTPHeaders()
    fields = {name.lower(): values[0] for name, values in parse_query(split.query).items()}
    for source in (fields, headers):  # the URL may carry what was signed as a header
        for name, value in source.items():
            if name.startswith("x-amz-") or name in ("content-type", "content-md5"):
                del relevant[name]
                relevant[name] = value
    signer = _V2(Credentials(*keys), expires=expires)
    return signer.get_signature(method, split, relevant)
