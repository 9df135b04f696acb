"""Real work, all at once, by clients that note every answer: train, deploy, invoke, store."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.faults import requests
from tests.faults.calling import call
from tests.faults.contents import made
from tests.faults.forms import FORMS, PROCESSING, TRAINING, Form
from tests.faults.history import Call, History, Job, Write
from tests.faults.server import Server

BUCKET = requests.BUCKET
ENDPOINT = "asked"
CONFIGS = ("first", "second")
MOST_JOBS = 3
MOST_WORK = 2
PART = 5 << 20


class Workload:
    """Threads that work until told to end; all chance comes from the seed."""

    def __init__(self, server: Server, history: History, seed: int) -> None:
        self._server = server
        self._history = history
        self._seed = seed
        self._ending = threading.Event()
        self._asking_ends = threading.Event()
        self.failures: list[str] = []
        self._makers = [
            self._thread(f) for f in (self._train, self._process, self._store, self._update)
        ]
        self._askers = [self._thread(self._ask, str(number)) for number in range(2)]

    def start(self) -> None:
        """Begin; the endpoint must be in service."""
        for thread in [*self._makers, *self._askers]:
            thread.start()

    def stop_making(self) -> None:
        """No new work; invocations go on."""
        self._ending.set()
        for thread in self._makers:
            thread.join()

    def stop_asking(self) -> None:
        """The end of it all."""
        self._asking_ends.set()
        for thread in self._askers:
            thread.join()

    def _thread(self, work: Callable[[random.Random], None], suffix: str = "") -> threading.Thread:
        name = f"{work.__name__.strip('_')}{suffix}"
        source = random.Random(f"{name} {self._seed}")

        def run() -> None:
            try:
                work(source)
            except Exception as error:  # a client that breaks off would find no more faults
                self.failures.append(f"the client {name} broke: {error!r}")
                raise

        return threading.Thread(target=run, name=name, daemon=True)

    def _call(self, operation: str, name: str, run: Callable[[], Any]) -> tuple[Call, Any]:
        done, answer = call(operation, name, run)
        self._history.calls.append(done)
        if done.outcome in ("unknown", "undelivered"):
            self._ending.wait(0.1)
        return done, answer

    # jobs

    def _train(self, source: random.Random) -> None:
        self._run_jobs(source, TRAINING, "job", MOST_JOBS)

    def _process(self, source: random.Random) -> None:
        self._run_jobs(source, PROCESSING, "work", MOST_WORK)

    def _run_jobs(self, source: random.Random, form: Form, word: str, most: int) -> None:
        sagemaker = self._server.caller("sagemaker")
        number = 0
        while not self._ending.wait(source.uniform(0.2, 0.8)):
            mine = [job for job in list(self._history.jobs.values()) if job.form == form.name]
            running = [job for job in mine if self._runs(sagemaker, job)]
            for job in running:
                if job.kind == "long" and time.time() - job.create.started > 4:
                    self.stop_job(sagemaker, job)
            if len(running) < most:
                self._create(sagemaker, source, form, f"{word}-{number}")
                number += 1
            self._delete_one(sagemaker, source, mine)

    def _create(self, sagemaker: Any, source: random.Random, form: Form, name: str) -> None:
        flows = 0 if form is TRAINING else 2
        kind = source.choices(["works", "fails", "long", "flow"], [6, 2, 2, flows])[0]
        lines = {"long": 100_000, "flow": 0}.get(kind, source.randint(20, 80))
        asked = requests.training if form is TRAINING else requests.working
        request = asked(name, kind, lines, pause=0.04)
        done, _ = self._call(
            form.operation("Create"), name, lambda: form.create(sagemaker, request)
        )
        self._history.jobs[name] = Job(name, kind, lines, done, form=form.name)

    def _runs(self, sagemaker: Any, job: Job) -> bool:
        """Whether a job that was asked for is not known to have ended."""
        if job.ended or not job.create.may_have_effect:
            return False
        form = FORMS[job.form]
        done, found = self._call(
            form.operation("Describe"), job.name, lambda: form.ask(sagemaker, "Describe", job.name)
        )
        missing = done.outcome == "refused" and done.status == 400
        job.ended = missing or (
            found is not None and form.status(found) not in ("InProgress", "Stopping")
        )
        return not job.ended

    def stop_job(self, sagemaker: Any, job: Job) -> None:
        """Ask a job to stop, unless that was accepted before."""
        if not any(stop.outcome == "accepted" for stop in job.stops):
            form = FORMS[job.form]
            done, _ = self._call(
                form.operation("Stop"), job.name, lambda: form.ask(sagemaker, "Stop", job.name)
            )
            job.stops.append(done)

    def _delete_one(self, sagemaker: Any, source: random.Random, jobs: list[Job]) -> None:
        ended = [job for job in jobs if job.ended and job.delete is None]
        if len(ended) > 4 and source.random() < 0.2:
            job = source.choice(ended)
            form = FORMS[job.form]
            job.delete, _ = self._call(
                form.operation("Delete"), job.name, lambda: form.ask(sagemaker, "Delete", job.name)
            )

    # objects

    def _store(self, source: random.Random) -> None:
        s3 = self._server.caller("s3")
        kept: list[str] = []
        number = 0
        while not self._ending.wait(source.uniform(0.05, 0.3)):
            key = f"stored/{number}"
            number += 1
            if source.random() < 0.12:
                done = self._multipart(s3, source, key)
            else:
                done = self._put(s3, source, key)
                if done.outcome == "accepted" and source.random() < 0.3:
                    done = self._put(s3, source, key)  # replaces it
            if done.outcome == "accepted":
                kept.append(key)
                self._read(s3, source.choice(kept))
            if len(kept) > 10:
                self._delete(s3, kept.pop(source.randrange(len(kept))))

    def _put(self, s3: Any, source: random.Random, key: str) -> Call:
        content, size = (
            f"{key} {source.random()}",
            source.choice([0, 10, 4_000, 300_000, 1_500_000]),
        )
        checksum = source.choice(["CRC32", "SHA256", "SHA1"])
        done, _ = self._call(
            "PutObject",
            key,
            lambda: s3.put_object(
                Bucket=BUCKET, Key=key, Body=made(content, size), ChecksumAlgorithm=checksum
            ),
        )
        self._history.writes.append(Write(key, done, content, size))
        return done

    def _multipart(self, s3: Any, source: random.Random, key: str) -> Call:
        """Up to the last step nothing is there; a step that fails leaves the upload behind."""
        where = {"Bucket": BUCKET, "Key": key}
        content, size = f"{key} {source.random()}", PART + source.randrange(1, 1 << 20)
        body = made(content, size)
        done, begun = self._call(
            "CreateMultipartUpload",
            key,
            lambda: s3.create_multipart_upload(**where, ChecksumAlgorithm="CRC32"),
        )
        parts = []
        for number, piece in enumerate((body[:PART], body[PART:]), 1):
            if begun is None:
                return done
            part = {"UploadId": begun["UploadId"], "PartNumber": number}
            done, sent = self._call(
                "UploadPart",
                key,
                lambda part=part, piece=piece: s3.upload_part(  # type: ignore[misc]
                    **where, **part, Body=piece, ChecksumAlgorithm="CRC32"
                ),
            )
            if sent is None:
                return done
            part = {"ETag": sent["ETag"], "ChecksumCRC32": sent["ChecksumCRC32"]}
            parts.append({"PartNumber": number, **part})
        done, _ = self._call(
            "CompleteMultipartUpload",
            key,
            lambda: s3.complete_multipart_upload(
                **where, UploadId=begun["UploadId"], MultipartUpload={"Parts": parts}
            ),
        )
        self._history.writes.append(Write(key, done, content, size))
        return done

    def _read(self, s3: Any, key: str) -> None:
        """Have a download under way, too; what it gives is looked at by botocore's checksums."""
        self._call(
            "GetObject",
            key,
            lambda: s3.get_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")["Body"].read(),
        )

    def _delete(self, s3: Any, key: str) -> None:
        done, _ = self._call("DeleteObject", key, lambda: s3.delete_object(Bucket=BUCKET, Key=key))
        self._history.writes.append(Write(key, done))

    # endpoints

    def _update(self, source: random.Random) -> None:
        sagemaker = self._server.caller("sagemaker")
        number = 0
        while not self._ending.wait(source.uniform(3, 8)):
            config = source.choice(CONFIGS)
            done, _ = self._call(
                "UpdateEndpoint",
                config,
                lambda config=config: sagemaker.update_endpoint(  # type: ignore[misc]
                    EndpointName=ENDPOINT, EndpointConfigName=config
                ),
            )
            self._history.updates.append(done)
            name = f"passing-{number}"
            number += 1
            for operation, run in (
                (
                    "CreateEndpointConfig",
                    lambda name=name: sagemaker.create_endpoint_config(  # type: ignore[misc]
                        **requests.endpoint_config(name, "first")
                    ),
                ),
                (
                    "DeleteEndpointConfig",
                    lambda name=name: sagemaker.delete_endpoint_config(  # type: ignore[misc]
                        EndpointConfigName=name
                    ),
                ),
            ):
                self._call(operation, name, run)

    def _ask(self, source: random.Random) -> None:
        runtime = self._server.caller("sagemaker-runtime", read_timeout=75)
        number = 0
        while not self._asking_ends.wait(source.uniform(0.01, 0.08)):
            question = f"{threading.current_thread().name} {number}"
            number += 1
            done, answer = call(
                "InvokeEndpoint",
                question,
                lambda question=question: runtime.invoke_endpoint(  # type: ignore[misc]
                    EndpointName=ENDPOINT, ContentType="text/plain", Body=question.encode()
                )["Body"].read(),
            )
            if answer is not None and answer.decode() not in [f"{m} {question}" for m in CONFIGS]:
                done.outcome, done.message = "wrong", repr(answer)
            self._history.invocations.append(done)
