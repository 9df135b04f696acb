"""Fill an empty database with some of everything, by the Studio that is installed.

    python tests/store/released/make.py DATABASE_URL

run with the code of a release, and a dump of that database beside this file, keep a released
schema: ``sqlite3 studio.db .dump > 0001.sqlite.sql`` (or ``Connection.iterdump``) and
``pg_dump --inserts --no-owner | grep -v '^\\\\' > 0001.postgresql.sql``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from studio_ext.config import Config
from studio_ext.store import Store
from studio_ext.store.metrics import Sample
from studio_ext.store.objects import Attributes, LocalObjectStore
from studio_ext.store.objects.uploads import Chosen


def fill(store: Store) -> None:
    """Resources with tags and events, metrics, keys, routes; objects, also in parts."""
    for name, status in (("first", "Completed"), ("second", "InProgress")):
        store.resources.create(
            kind="training-job",
            domain="default",
            name=name,
            arn=f"arn:aws:sagemaker:us-east-1:000000000000:training-job/{name}",
            owner="default",
            status=status,
            spec={"TrainingJobName": name, "HyperParameters": {"größe": "1"}},
            state={"secondary": status, "transitions": []},
            resource_tags={"team": "a", "Ärger": "π"},
            wake=status == "InProgress",
        )
    second = store.resources.get("training-job", "default", "second")
    assert second is not None
    store.resources.create(
        kind="endpoint",
        domain="default",
        name="served",
        arn="arn:aws:sagemaker:us-east-1:000000000000:endpoint/served",
        owner="default",
        status="InService",
        spec={},
        parent_id=second.id,
    )
    # What is deleted last leaves its id used.
    last = store.resources.create(
        kind="training-job",
        domain="default",
        name="deleted",
        arn="arn:aws:sagemaker:us-east-1:000000000000:training-job/deleted",
        owner="default",
        status="Failed",
        spec={},
    )
    store.resources.delete(last.id, "default")
    with store.resources.edit(second.id) as edited:
        assert edited is not None
        edited.state["secondary"] = "Training"
    store.leases.claim("host:1:1.0", 60.0)
    store.metrics.append(
        "training-job/first", [("loss", "", 1.5, n, 1 / (n + 1)) for n in range(5)]
    )
    sample = Sample("custom", "a=b", 1.5, 2.0, 6.0, 1.0, 5.0, "Seconds")
    store.metrics.add_samples("custom/space", [sample])
    store.credentials.issue("job training-2", lifetime_s=1e9)
    document = {"domain": "default", "endpoint": "served", "variants": []}
    store.routes.put(document)
    store.routes.put({**document, "endpoint": "gone"})
    store.routes.remove("default", "gone")


def fill_objects(objects: LocalObjectStore) -> None:
    """Two buckets; keys in an order that languages see differently."""
    objects.create_bucket("data", account="0" * 12, owner="default/default", region="us-east-1")
    objects.create_bucket("empty", account="0" * 12, owner="default/default", region="us-east-1")
    attributes = Attributes(content_type="text/csv", metadata={"by": "a"}, tags={"k": "v"})
    for key in ("B", "a", "a/b", "ä", "😀"):
        objects.put("data", key, key.encode(), attributes=attributes)
    uploads = objects.multipart
    done = uploads.create("data", "parts", checksum_algorithm="CRC32")
    begun = uploads.create("data", "unfinished")
    for upload in (done, begun):
        with uploads.writer("data", upload.key, upload.id, 1) as writer:
            writer.write(b"x" * 100)
            part = writer.commit()
        if upload is done:
            uploads.complete("data", "parts", done.id, [Chosen(1, part.etag)])


def main(url: str) -> None:
    """Make the database."""
    with tempfile.TemporaryDirectory() as home:
        store = Store(Config(home=str(Path(home)), database_url=url))
        store.credentials.issue("default user profile")
        fill(store)
        assert isinstance(store.objects, LocalObjectStore)
        fill_objects(store.objects)
        store.close()


if __name__ == "__main__":
    main(sys.argv[1])
