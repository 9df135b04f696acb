"""Serving one model: our gateway and workers beside a bare server, MLServer, BentoML and LitServe.

``python -m benchmarks.serving [--model sklearn|xgboost] [--seconds 4] [--rounds 3]``. Every server
gets the same rows of CSV (in a JSON document where it takes nothing else; MLServer as a tensor),
has one worker process for the model, and runs with and without batching where it can batch: the
better one counts. Ours checks a signature with each request and splits traffic between two
variants. CPU is that of the server's processes, all of them; rounds are interleaved; medians.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from . import serving_setup as setup
from .measure import Claim, cpu_seconds, report
from .studios import new_home

CLIENTS = (1, 32)


@dataclass
class Result:
    """One run of the load: CPU seconds a request, requests a second, latencies in seconds."""

    cpu: float
    rate: float
    p50: float
    p99: float


def load(server: setup.Server, clients: int, seconds: float, expected: list[Any]) -> Result:
    """Put load on a server; AssertionError when an answer is not what the model predicts."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(pickle.dumps(server.messages))
        arguments = [str(part) for part in (server.port, clients, seconds, file.name)]
        client = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.serving_load", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with client:
            assert client.stdin is not None and client.stdout is not None
            assert client.stdout.readline() == "ready\n", f"{server.name} takes no connections"
            before = cpu_seconds(*server.pids)
            client.stdin.write("\n")
            client.stdin.flush()
            line = client.stdout.readline()
            cpu = cpu_seconds(*server.pids) - before
    found = json.loads(line)
    assert not found["failed"], f"{server.name}: {found['failed']} requests failed"
    for index, text in found["answers"].items():
        answer = server.read(json.loads(text))
        assert answer == expected[int(index)], (server.name, answer, expected[int(index)])
    count = found["count"]
    return Result(cpu / count, count / found["wall"], found["p50"], found["p99"])


def compare(
    servers: list[setup.Server], rounds: int, seconds: float, expected: list[Any]
) -> dict[tuple[str, int], Result]:
    """Medians over the rounds, by server and clients."""
    runs: dict[tuple[str, int], list[Result]] = {}
    for server in servers:
        load(server, 32, 1.0, expected)  # to warm up
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for clients in CLIENTS:
            for server in servers:
                result = load(server, clients, seconds, expected)
                runs.setdefault((server.name, clients), []).append(result)
    names = Result.__dataclass_fields__
    return {
        key: Result(**{name: median(getattr(one, name) for one in results) for name in names})
        for key, results in runs.items()
    }


def table(results: dict[tuple[str, int], Result], cold: dict[str, float]) -> None:
    """Print everything that was measured."""
    print("| server | clients | CPU ms/request | requests/s | p50 ms | p99 ms | cold start s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for (name, clients), r in results.items():
        numbers = f"{r.cpu * 1e3:.3f} | {r.rate:.0f} | {r.p50 * 1e3:.2f} | {r.p99 * 1e3:.2f}"
        print(f"| {name} | {clients} | {numbers} | {cold.get(name, float('nan')):.2f} |")
    print()


def claims(
    results: dict[tuple[str, int], Result], cold: dict[str, float], importing: float
) -> list[Claim]:
    """What is promised, with what was measured."""
    no_peers = ("studio", "bare", setup.IN_ONE_PROCESS)
    peers = [name for name, clients in results if clients == 1 and name not in no_peers]
    ours, bare = results["studio", 1], results["bare", 1]
    made = []
    if peers:
        best = min(peers, key=lambda name: results[name, 32].cpu)
        many, theirs = results["studio", 32], results[best, 32]
        name = f"32 clients, CPU per request, beside {best}"
        made.append(Claim(name, many.cpu * 1e3, theirs.cpu * 1e3, 1 / 8))
    made += [
        Claim("1 client, CPU per request, beside bare uvicorn", ours.cpu * 1e3, bare.cpu * 1e3, 1),
        Claim("1 client, p50, beside bare uvicorn", ours.p50 * 1e3, bare.p50 * 1e3, 1),
        Claim("cold start, beside importing the library", cold["studio"], importing, 1.5, "s"),
    ]
    return made


@contextlib.contextmanager
def everybody(model: setup.Model, names: list[str]) -> Iterator[tuple[list[setup.Server], Any]]:
    """All servers, running, and how long each took to its first answer."""
    cold: dict[str, float] = {}
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(new_home())
        servers = []
        makers: dict[str, Callable[..., Any]] = {"studio": setup.studio, **setup.PEERS}
        for name in names:
            maker = makers[name]
            print(f"starting {name}", file=sys.stderr, flush=True)
            server, cold[name] = stack.enter_context(maker(model, home))
            servers.append(server)
        yield servers, cold


def main() -> int:
    """Measure and judge; 1 when a claim does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    parser.add_argument("--model", choices=("sklearn", "xgboost"), default="sklearn")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="names of servers, by commas")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else ["studio", *setup.PEERS]
    with tempfile.TemporaryDirectory(prefix="sb-") as folder:
        model = setup.train(given.model, Path(folder))
        expected = [np.atleast_1d(model.predict([row])).tolist() for row in model.rows]
        importing = median(setup.import_seconds(model) for _ in range(5))
        with everybody(model, names) as (servers, cold):
            results = compare(servers, given.rounds, given.seconds, expected)
    print(f"Importing the library and loading the model: {importing:.2f} s\n")
    table(results, cold)
    return report(claims(results, cold, importing))


if __name__ == "__main__":
    sys.exit(main())
