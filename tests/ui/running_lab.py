"""A JupyterLab that runs, as tests talk to it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab; ``root`` is the folder its file browser shows."""

    url: str
    token: str
    root: Path
    home: Path

    def call(self, target: str, **request: Any) -> dict[str, Any]:
        """Call an operation the way the panels do, for example ``SageMaker.ListTrainingJobs``."""
        answer: dict[str, Any] = json.loads(
            self.open("studio/api", json.dumps(request).encode(), target)
        )
        return answer

    def open(self, path: str, body: bytes | None = None, target: str = "") -> bytes:
        """Body of the answer to a request below the server's URL."""
        headers = {
            "Authorization": f"token {self.token}",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": target,
        }
        request = urllib.request.Request(f"{self.url}{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{target or path}: {error.read().decode()}") from error
