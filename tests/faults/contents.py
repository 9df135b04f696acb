"""Bytes that everybody can make again from their name, and the programs that make them."""

from __future__ import annotations

import hashlib
import io
import random
import tarfile

CHECKPOINT_BYTES = 3_000
MODEL_BYTES = 200_000

#: What jobs run: numbered lines, checkpoints and a result of known content; may fail on purpose.
JOB = """
import os, random, sys, time

name, kind = os.environ["FAULT_JOB"], os.environ["FAULT_KIND"]
kept = os.environ.get("FAULT_KEPT", "/opt/ml/checkpoints")
result = os.environ.get("FAULT_RESULT", "/opt/ml/model")
lines, pause = int(os.environ["FAULT_LINES"]), float(os.environ["FAULT_PAUSE"])

def write(path, size):
    with open(path + ".part", "wb") as file:
        file.write(random.Random(os.path.basename(path) + " of " + name).randbytes(size))
    os.replace(path + ".part", path)

for number in range(lines):
    print(f"line {number} of {name}", flush=True)
    if number % 10 == 0:
        write(f"{kept}/checkpoint-{number}", 3_000)
    time.sleep(pause)
if kind == "fails":
    raise ValueError(f"{name} fails on purpose")
write(f"{result}/answer", 200_000)
print(f"end of {name}", flush=True)
"""

#: A model that answers its own name and what it was asked.
MODEL = """
import os
def model_fn(model_dir):
    return open(os.path.join(model_dir, "name")).read()
def input_fn(body, content_type):
    return body.decode() if isinstance(body, bytes) else body
def predict_fn(data, model):
    return f"{model} {data}"
def output_fn(prediction, accept):
    return prediction
"""


def made(name: str, size: int) -> bytes:
    """The bytes of a name; the scripts above make the same."""
    return random.Random(name).randbytes(size)


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def checkpoint(job: str, file: str) -> str:
    """Digest of a checkpoint that a job writes."""
    return digest(made(f"{file} of {job}", CHECKPOINT_BYTES))


def answer(job: str) -> str:
    """Digest of the file in a job's model."""
    return digest(made(f"answer of {job}", MODEL_BYTES))


#: A table, and what the flow of ``requests.FLOW`` makes of it.
ROWS = "a,b\n" + "".join(f"{number},{number % 7}\n" for number in range(500))
WITHOUT_B = [str(number) for number in range(500)]


def flowed(table: str) -> str:
    """Digest of the rows of a flow's result; their order is not its promise."""
    return digest("\n".join(sorted(table.split()[1:])).encode())


def archive(files: dict[str, bytes]) -> bytes:
    """A .tar.gz."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return packed.getvalue()
