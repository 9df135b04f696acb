"""What is large passes through in flat memory."""

from __future__ import annotations

from benchmarks import flat


def test_large_objects_and_channels_take_no_memory_of_their_size() -> None:
    megabytes = 300
    found = flat.run(megabytes)
    assert {"serve", "gateway", "shim.py"} <= {name for kind in found.values() for name in kind}
    assert flat.grown(found) < 64, found
