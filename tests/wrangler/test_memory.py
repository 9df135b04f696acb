"""A session takes no more memory than its process may have, and says where it is too little."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from studio_ext.wrangler.engines import DuckDB, memory
from studio_ext.wrangler.errors import DataError

BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
from studio_ext.wrangler.engines.memory import for_session
print(for_session())
"""


@pytest.mark.parametrize("limit", [1_000_000_000, 3_000_000_000, 10 << 40])
def test_half_of_what_a_process_may_have(limit: int) -> None:
    command = [sys.executable, "-c", BOUNDED, str(limit)]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    there = min(limit, *memory._limits())
    assert made.strip() == f"{min(2_000_000_000, there // 2) // 1_000_000}MB"


@pytest.mark.parametrize("file", ["memory.max", "memory.limit_in_bytes"])
def test_a_group_is_bounded_by_those_above_it(tmp_path: Path, file: str) -> None:
    inner = tmp_path / "pod" / "container"
    inner.mkdir(parents=True)
    for place, said in ((tmp_path, "max"), (tmp_path / "pod", "4096"), (inner, "8192")):
        (place / file).write_text(said + "\n")
    assert min(memory._group(tmp_path, "/pod/container", file)) == 4096
    # What a container is called outside is not there inside.
    assert list(memory._group(tmp_path / "pod", "/docker/abc", file)) == [4096]


def test_what_does_not_fit_says_so_without_the_engines_settings() -> None:
    with (
        DuckDB(memory="60MB", threads=1) as engine,
        pytest.raises(DataError, match="There is not enough memory") as error,
    ):
        engine._run("SELECT list(repeat('x', 10000) || i) FROM range(100000) t(i)")
    assert not {"SET", "Error:"} & set(error.value.message.split())
