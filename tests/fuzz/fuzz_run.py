"""A run of the fuzzer: requests without end, each reproducible by seed and number."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from botocore.model import OperationModel
from fuzz_attacks import Attack, Attacker
from fuzz_http import Answer, Sender, Wire, signed
from fuzz_judge import Case, judge
from fuzz_mutations import mutations
from fuzz_requests import request_that_succeeds
from fuzz_server import Server
from fuzz_values import Values
from fuzz_wire import request
from fuzz_world import World

from studio_ext.wire import models
from studio_ext.wire.dispatch import Registry

#: How many mutations of one right request are sent, and how many attacks on it.
MUTATIONS, ATTACKS = 12, 6
#: The server may keep this much more memory than it had half-way through.
GROWTH_BYTES = 100 << 20
#: ... and may need this much at once for the largest requests, each of up to 32 MB.
PEAK_BYTES = 1500 << 20
#: Right requests for these are to miss what the others need.
_DESTROY = frozenset(
    "DeleteTrainingJob DeleteProcessingJob DeleteModel DeleteEndpointConfig DeleteEndpoint "
    "UpdateEndpoint DeleteDomain "
    "UpdateEndpointWeightsAndCapacities AbortMultipartUpload CompleteMultipartUpload".split()
)
_NAMED = {
    "CreateTrainingJob": "TrainingJobName",
    "CreateProcessingJob": "ProcessingJobName",
    "CreateModel": "ModelName",
    "CreateEndpointConfig": "EndpointConfigName",
    "CreateDomain": "DomainName",
}
#: Each that is accepted starts processes.
_COSTLY = frozenset({"CreateTrainingJob", "CreateProcessingJob", "CreateEndpoint"})
_TARGETS = ("plane", "gateway")


@dataclass(frozen=True)
class Finding:
    """One answer that is not right, and how to get it again."""

    operation: str
    label: str
    problem: str
    seed: str
    raw: bytes = b""
    target: str = "plane"

    def __str__(self) -> str:
        again = f"python -m tests.fuzz --again {self.seed}"
        shown = self.raw[:500]
        return f"{self.operation} {self.label}: {self.problem}\n    again: {again}\n    {shown!r}"

    @property
    def kind(self) -> tuple[str, str, str]:
        """Findings of one kind are told once."""
        cause = self.problem.rpartition("(")[2] if "status 500" in self.problem else self.problem
        return self.operation, self.label.partition("(")[0].partition(":")[0], cause[-60:]


@dataclass
class Report:
    """What a run sent and found."""

    sent: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)
    slowest: tuple[float, str] = (0.0, "")
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        self.findings.setdefault(finding.kind, finding)


def operations(registry: Registry) -> list[OperationModel]:
    """Every operation that has a handler."""
    return [
        models.service_model(service).operation_model(name)
        for service in registry.services()
        for name in registry.operations(service)
    ]


class Run:
    """Sends requests to a server and judges the answers."""

    def __init__(
        self,
        server: Server,
        world: World,
        wanted: list[OperationModel],
        *,
        mutations: int = MUTATIONS,
        attacks: int = ATTACKS,
    ) -> None:
        self.server, self.world, self.wanted = server, world, wanted
        self._mutations, self._attacks = mutations, attacks
        self.known = world.known()
        self.report = Report()
        self.senders: dict[str, Sender] = {
            "plane": server.sender(),
            "gateway": server.gateway(),
        }

    def turns(self, seed: str) -> Iterator[tuple[str, OperationModel, str]]:
        """(seed, operation, target) of turns without end; each operation in each round."""
        number = 0
        while True:
            for operation in self.wanted:
                for target in _TARGETS if operation.name == "InvokeEndpoint" else _TARGETS[:1]:
                    name = models.wire_name(operation)
                    yield f"{seed}:{number}:{name}:{target}", operation, target
            number += 1

    def turn(self, seed: str, operation: OperationModel, target: str) -> None:
        """One right request, and wrong ones made of it; a seed says all."""
        source = random.Random(seed)
        values = Values(source, self.known)
        if operation.name in _DESTROY:
            values.known = {}  # what the others need stays
        elif operation.name in _COSTLY:
            values.known_chance = source.choice((0.3, 0.97))
        name = models.wire_name(operation)
        params = values.request(operation.input_shape)
        if source.random() < 0.5:
            params = request_that_succeeds(self.world, name, source) or params
        wire = request(operation, params)
        right = Case(name, wire.protocol, wire.method)
        answer = self._signed(seed, name, target, "right", wire, right)
        if answer.status < 400:
            self.report.accepted.add(name)
        offered = mutations(operation.input_shape, params, wire.protocol)
        for label, make in source.sample(offered, min(self._mutations, len(offered))):
            mutation = make()
            if (named := _NAMED.get(operation.name)) and named != mutation.member:
                # What is called as something that is there already is not looked at further.
                mutation.params[named] = f"fuzz-{source.getrandbits(60):x}"
            wrong = request(operation, mutation.params)
            # The gateway checks what routing needs; headers are the model's business.
            refused = mutation.refused and target == "plane"
            case = Case(
                name,
                wrong.protocol,
                wrong.method,
                refused=refused,
                member=mutation.member if refused else "",
                private=(self.server.key.secret,),
            )
            self._signed(seed, name, target, label, wrong, case)
        attacker = Attacker(wire, self.server.key, self.senders[target].authority, name, source)
        attacks = list(attacker.attacks())
        for attack in source.sample(attacks, min(self._attacks, len(attacks))):
            self._attack(seed, name, target, attack)
        self._check_server(seed, name)

    def _signed(
        self, seed: str, name: str, target: str, label: str, wire: Wire, case: Case
    ) -> Answer:
        right = signed(wire, self.server.key, self.senders[target].authority)
        return self._send(seed, name, target, label, right.raw(), case, end=False)

    def _attack(self, seed: str, name: str, target: str, attack: Attack) -> None:
        self._send(seed, name, target, attack.kind, attack.raw(), attack.case, end=attack.end)

    def _send(
        self, seed: str, name: str, target: str, label: str, raw: bytes, case: Case, *, end: bool
    ) -> Answer:
        before = self.server.contents() if case.refused else None
        answer = self.senders[target].send(raw, case.method, end=end)
        problems = judge(case, answer)
        if before is not None and answer.status >= 400 and self._made(before):
            # Or a request before it did, which was given up while the server worked on it.
            time.sleep(1)
            before = self.server.contents()
            self.senders[target].send(raw, case.method, end=end)
            if self._made(before):
                problems.append(f"refused, but it made something: {before}")
        if answer.status == 500:
            problems = [f"{problem} ({self.server.last_exception()[:700]})" for problem in problems]
        for problem in problems:
            self.report.add(Finding(name, label, problem, seed, raw, target))
        self.report.sent[label.partition("(")[0].partition(":")[0]] += 1
        self.report.statuses[answer.status] += 1
        self.report.slowest = max(self.report.slowest, (answer.seconds, f"{name} {label} {seed}"))
        return answer

    def _made(self, before: dict[str, int]) -> bool:
        after = self.server.contents()
        return any(after[table] > before[table] for table in after)

    def _check_server(self, seed: str, name: str) -> None:
        if not self.server.alive():
            self.report.add(Finding(name, "server", "the server is gone", seed))
            raise SystemExit(str(list(self.report.findings.values())[-1]))

    def check_ground(self, seed: str, memory_before: int, growth: int = GROWTH_BYTES) -> None:
        """Memory, and files where none belong."""
        outside = self.server.outside() - self.server.started_with
        if outside:
            self.report.add(Finding("all", "files", f"outside the home: {sorted(outside)}", seed))
        grown = self.server.memory() - memory_before
        if grown > growth:
            text = f"memory grew by {grown >> 20} MiB"
            self.report.add(Finding("all", "memory", text, seed))
        if self.server.peak() > PEAK_BYTES:
            text = f"memory peaked at {self.server.peak() >> 20} MiB"
            self.report.add(Finding("all", "memory", text, seed))
