"""Databases and listed tables in flows: what pages, fits and jobs read of them, and whose."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import postgresql
import psycopg
import pytest
from botocore.exceptions import ClientError
from flow_studio import flows_client, refused, step, text
from people import Person
from sqlalchemy.engine import make_url
from studio_plane import Studio

sys.path.insert(0, str(Path(__file__).parents[1] / "processing"))

from processing_jobs import OUT, Jobs, given, left

IMAGE = "663277389841.dkr.ecr.us-east-1.amazonaws.com/sagemaker-data-wrangler-container:5.0.9"
SECRET = "s3cret-of-the-database"


def database(connection: str, **query: str) -> dict[str, Any]:
    return _source({"datasetSourceType": "Database", "connection": connection, **query})


def athena(query: str) -> dict[str, Any]:
    return _source({"datasetSourceType": "Athena", "databaseName": "shop", "queryString": query})


def _source(definition: dict[str, Any]) -> dict[str, Any]:
    return {
        "node_id": "source",
        "type": "SOURCE",
        "operator": "studio.database_source_0.1",
        "parameters": {"dataset_definition": {"name": "source", **definition}},
        "inputs": [],
        "outputs": [{"name": "default"}],
    }


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of SQLite's that is larger than what a preview reads, and one of DuckDB's."""
    folder = tmp_path_factory.mktemp("databases")
    with sqlite3.connect(folder / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (id INTEGER, amount REAL)")
        shop.executemany("INSERT INTO orders VALUES (?, ?)", ((n, n / 2) for n in range(60_000)))
    with duckdb.connect(str(folder / "shop.duckdb")) as shop:
        shop.execute("CREATE TABLE orders AS SELECT 7 AS id, 2.5 AS amount")
    return folder


@pytest.fixture(scope="module")
def listed(studio: Studio, orders: Path) -> Iterator[Path]:
    """The home's lists: all of the administrator, some shared with Ana."""
    home = studio.config.path
    urls: dict[str, Any] = {
        "own": f"sqlite:///{orders}/shop.db",
        "lent": {"url": f"sqlite:///{orders}/shop.db", "sharedWith": "carl ana"},
        "duck": {"url": f"duckdb:///{orders}/shop.duckdb", "sharedWith": "@all"},
        "missing": f"sqlite:///{orders}/none.db",
        "away": f"postgresql+psycopg://me:{SECRET}@127.0.0.1:9/db",
    }
    if postgresql.binaries() is not None:
        url = postgresql.server().new(empty=True)
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute("CREATE TABLE orders AS SELECT 8 AS id, 3.5::float AS amount")
        named = make_url(url).set(drivername="postgresql+psycopg")
        urls["postgres"] = named.render_as_string(hide_password=False)
    csv = "id,amount\n1,2.5\n2,4\n"
    address = studio.put("tables/orders/a.csv", csv).removesuffix("a.csv")
    context = {"s3Uri": address, "s3ContentType": "csv", "s3HasHeader": True}
    tables = {"shop.orders": context, "shop.lent": {**context, "sharedWith": "ana"}}
    for name, content in (("connections.json", urls), ("tables.json", tables)):
        (home / name).write_text(json.dumps(content))
        (home / name).chmod(0o600)
    yield home
    for name in ("connections.json", "tables.json"):
        (home / name).unlink()


@pytest.mark.parametrize(
    ("connection", "first"), [("own", 0), ("lent", 0), ("duck", 7), ("postgres", 8)]
)
def test_a_page_of_a_database(api: Any, listed: Path, connection: str, first: int) -> None:
    if connection == "postgres" and postgresql.binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    for more in ({"table": "orders"}, {"queryString": "SELECT id, amount FROM orders"}):
        flow = text(database(connection, **more))
        page = api.preview_flow(Document=flow, NodeId="source", FlowId="db", Limit=2)
        assert [each["Name"] for each in page["Columns"]] == ["id", "amount"]
        assert page["Data"][0][0] == first


def test_pages_read_no_whole_table_and_fits_do(api: Any, listed: Path) -> None:
    scale = {"operator": "Scale values", "scale_values_parameters": {}}
    scale["scale_values_parameters"] = {
        "scaler": "Min-max scaler",
        "min_max_scaler_parameters": {"input_column": ["id"], "min": 0, "max": 1},
    }
    flow = text(
        database("own", table="orders"),
        step("scaled", "sagemaker.spark.process_numeric_0.1", scale),
    )
    page = api.preview_flow(Document=flow, NodeId="source", FlowId="db", Limit=1, CountRows=True)
    assert page["TotalRows"] == 50_000
    assert page["Notes"] == [
        "These are the first 50,000 rows of the database; SampleRows reads more."
    ]
    more = api.preview_flow(
        Document=flow, NodeId="source", FlowId="db", Limit=1, CountRows=True, SampleRows=55_000
    )
    assert (more["TotalRows"], more["Notes"]) == (55_000, [])
    fitted = api.fit_flow(Document=flow, FlowId="db")["Document"]
    assert "59999" in fitted


def test_a_page_of_a_query_over_listed_tables_follows_its_files(
    studio: Studio, api: Any, listed: Path
) -> None:
    flow = text(athena("SELECT sum(amount) AS total FROM orders"))

    def total() -> Any:
        page = api.preview_flow(Document=flow, NodeId="source", FlowId="athena")
        return page["Data"][0][0]

    assert total() == 6.5
    studio.put("tables/orders/b.csv", "id,amount\n3,10\n")
    assert total() == 16.5
    studio.s3.delete_object(Bucket=studio.bucket, Key="tables/orders/b.csv")
    assert total() == 6.5


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        (database("own", table="orders"), "ValidationException", "'own' that ana may use"),
        (database("nothing", table="orders"), "ValidationException", "connections.json"),
        (
            database("lent", queryString="ATTACH DATABASE 'HOME/studio.db' AS theirs"),
            "ValidationException",
            "not authorized",
        ),
        (database("lent", queryString="PRAGMA database_list"), "ValidationException", "not auth"),
        (
            database("duck", queryString="SELECT * FROM read_text('HOME/connections.json')"),
            "ValidationException",
            "disabled by configuration",
        ),
        (athena("SELECT * FROM orders"), "ValidationException", "there are shop.lent"),
        (athena("SELECT * FROM lent"), "AccessDeniedException", "tables/orders"),
    ],
)
def test_what_is_the_administrators_is_not_anas(
    studio: Studio, ana: Person, listed: Path, source: dict[str, Any], code: str, words: str
) -> None:
    hers = flows_client(studio, ana.key)
    flow = text(source).replace("HOME", str(studio.config.path))
    with pytest.raises(ClientError) as caught:
        hers.preview_flow(Document=flow, NodeId="source", FlowId="hers")
    told = refused(caught.value)
    assert told["Code"] == code and words in told["Message"], told


def test_what_is_lent_is_used_and_taken_back(studio: Studio, ana: Person, listed: Path) -> None:
    hers = flows_client(studio, ana.key)
    flow = text(database("lent", table="orders"))
    page = hers.preview_flow(Document=flow, NodeId="source", FlowId="lent", Limit=1)
    assert page["Data"][1] == [0.0]
    file = listed / "connections.json"
    before = file.read_text()
    file.write_text(before.replace("carl ana", "carl"))
    try:
        with pytest.raises(ClientError, match="that ana may use"):  # though it is in memory
            hers.preview_flow(Document=flow, NodeId="source", FlowId="lent", Limit=1)
    finally:
        file.write_text(before)


def test_no_password_is_told_and_no_file_made(api: Any, listed: Path, orders: Path) -> None:
    for name, words in (("away", "'away'"), ("missing", "unable to open database file")):
        with pytest.raises(ClientError) as caught:
            api.preview_flow(
                Document=text(database(name, table="orders")), NodeId="source", FlowId="db"
            )
        told = refused(caught.value)
        assert words in told["Message"] and SECRET not in told["Message"]
        assert (told["NodeId"], told["Field"]) == ("source", "connection")
    assert not (orders / "none.db").exists()
    (listed / "connections.json").chmod(0o644)
    try:
        with pytest.raises(ClientError, match="chmod 600"):
            api.preview_flow(
                Document=text(database("own", table="orders")), NodeId="source", FlowId="db"
            )
    finally:
        (listed / "connections.json").chmod(0o600)


def _start(who: Studio, role: str, name: str, flow: str) -> None:
    uri = who.put(f"flows/{name}.flow", flow)
    config = json.dumps({"source.default": {"content_type": "CSV"}})
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    who.sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=role,
        AppSpecification={
            "ImageUri": IMAGE,
            "ContainerArguments": [f"--output-config '{config}'"],
        },
        ProcessingInputs=[given(uri, "/opt/ml/processing/flow", "flow")],
        ProcessingOutputConfig={
            "Outputs": [left(f"s3://{who.bucket}/made/{name}", f"{OUT}/0", "source.default")]
        },
        ProcessingResources={"ClusterConfig": cluster},
    )


def _table(who: Studio, name: str) -> pd.DataFrame:
    prefix = f"made/{name}/{name}/source/default/"
    (key,) = [
        each["Key"]
        for each in who.s3.list_objects_v2(Bucket=who.bucket, Prefix=prefix)["Contents"]
        if each["Key"].endswith(".csv")
    ]
    return pd.read_csv(io.BytesIO(who.get(f"s3://{who.bucket}/{key}")))


def test_jobs_read_databases_and_listed_tables(studio: Studio, listed: Path) -> None:
    role = studio.config.role_arn
    for name, source in (
        ("job-database", database("own", queryString="SELECT sum(id) AS total FROM orders")),
        ("job-athena", athena("SELECT sum(amount) AS total FROM orders")),
    ):
        _start(studio, role, name, text(source))
    for name in ("job-database", "job-athena"):
        done = Jobs(studio).ended(name)
        assert done["ProcessingJobStatus"] == "Completed", done
    assert _table(studio, "job-database")["total"].item() == 59_999 * 30_000
    assert _table(studio, "job-athena")["total"].item() == 6.5
    folder = studio.config.path / "jobs"
    kept = [each.read_text() for each in folder.glob("*/opt/ml/config/connections.json")]
    assert any("shop.db" in each for each in kept)
    assert SECRET not in "".join(kept)  # what a flow does not name does not go with its job


def test_jobs_of_others_read_what_is_lent_alone(studio: Studio, ana: Person, listed: Path) -> None:
    _start(ana, ana.role, "anas-database", text(database("own", table="orders")))
    done = Jobs(ana).ended("anas-database")
    assert done["ProcessingJobStatus"] == "Failed"
    assert "there is no connection 'own'" in done["FailureReason"]
