"""Tables and queries of real databases, and queries over listed tables."""

from __future__ import annotations

import datetime
import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb as duck
import postgresql
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy.engine import make_url
from sqlglot import exp

from studio_ext.wrangler import Flow
from studio_ext.wrangler.engines import DuckDB, Engine
from studio_ext.wrangler.errors import WranglerError
from studio_ext.wrangler.flow import Node
from studio_ext.wrangler.sources import Sources

MOMENT = datetime.datetime(2024, 2, 29, 12, 0, 0, 250_000)
ROWS = [
    (1, 1.5, "ä", True, MOMENT.date(), MOMENT, b"\1", {"k": [1]}),
    (None, None, None, None, None, None, None, None),
]
COLUMNS = (
    "(i bigint, d numeric(9, 2), t text, b boolean, day date, at timestamptz, raw bytea, j jsonb)"
)


@pytest.fixture(scope="module")
def server() -> str:
    """The URL of a database of PostgreSQL's with a small table and a large one."""
    if postgresql.binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    url = postgresql.server().new(empty=True)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(f'CREATE TABLE "My Table" {COLUMNS}')
        for row in ROWS:
            values = [json.dumps(each) if isinstance(each, dict) else each for each in row]
            if values[5] is not None:
                values[5] = MOMENT.replace(tzinfo=datetime.UTC)
            connection.execute(f'INSERT INTO "My Table" VALUES ({", ".join(["%s"] * 8)})', values)
        connection.execute(
            "CREATE TABLE large AS SELECT g AS n, repeat('x', 2500) AS t "
            "FROM generate_series(1, 40000) g"
        )
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _read(engine: Engine, url: str, most: int | None = None, **definition: Any) -> pa.Table:
    sources = Sources(engine, connections={"sales": url})
    wanted = {"datasetSourceType": "Database", "connection": "sales", **definition}
    return sources.read("node", wanted, most).to_arrow()


def test_a_table_of_postgresql_with_its_types(duckdb: Engine, server: str) -> None:
    found = _read(duckdb, server, table="My Table", schema="public")
    first = (1, 1.5, "ä", True, MOMENT.date(), MOMENT, b"\1", '{"k": [1]}')
    assert [tuple(row.values()) for row in found.to_pylist()] == [first, ROWS[1]]


def test_a_query_is_streamed(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow, Python and the driver never hold more than some chunks of 100 MB of rows."""
    import tracemalloc

    with DuckDB(memory="256MB") as engine:
        tracemalloc.start()
        sources = Sources(engine, connections={"sales": server})
        text = "SELECT n, t FROM large WHERE t LIKE '%x' AND 'a:b' <> ':c' ORDER BY n"
        wanted = {"datasetSourceType": "Database", "connection": "sales", "queryString": text}
        relation = sources.read("node", wanted)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        f = relation.functions
        counted = relation.aggregate({"rows": f.count(), "last": exp.Max(this=relation["n"])})
    assert counted == {"rows": 40_000, "last": 40_000}
    assert peak < 40e6


def test_a_sample_of_first_rows_reads_no_more(duckdb: Engine, server: str) -> None:
    text = "SELECT CASE WHEN n > 15000 THEN 1 / (n - n) ELSE n END AS n FROM large"
    assert _read(duckdb, server, 7, queryString=text).to_pydict() == {"n": list(range(1, 8))}
    with pytest.raises(WranglerError, match="connection: 'sales': division by zero"):
        _read(duckdb, server, queryString=text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("DELETE FROM large", "sales"),
        ("INSERT INTO large VALUES (0, '') RETURNING n", "syntax error at or near"),
        ("SELECT nothing FROM large", 'column "nothing" does not exist'),
        ("   ", "queryString: the source has no query"),
    ],
)
def test_postgresql_is_only_read(duckdb: Engine, server: str, text: str, words: str) -> None:
    with pytest.raises(WranglerError, match=words):
        _read(duckdb, server, queryString=text)
    assert _read(duckdb, server, queryString="SELECT count(*) FROM large").to_pydict() == {
        "count": [40_000]
    }


def test_sqlite_and_types_that_change_on_the_way(duckdb: Engine, tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a, b, b2, c)")
        rows: list[tuple[Any, ...]] = [(None, 1, 1, "x")] * 10_000
        rows += [(5, 2.5, "late", b"y"), (None, None, None, None)]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
    url = f"sqlite:///{path}"
    found = _read(duckdb, url, table="t").to_pydict()
    assert list(found) == ["a", "b", "b2", "c"]
    assert found["a"] == [None] * 10_000 + [5, None]
    assert found["b"][-3:] == [1.0, 2.5, None]
    assert found["b2"][-3:] == ["1", "late", None]
    assert found["c"][-3:] == ["x", "y", None]
    twice = _read(duckdb, url, queryString="SELECT a, a, b AS A FROM t LIMIT 1")
    assert twice.column_names == ["a0", "a1", "A"]
    assert _read(duckdb, url, queryString="SELECT a FROM t WHERE 0").to_pydict() == {"a": []}
    with pytest.raises(WranglerError, match=r"not authorized|no rows"):
        _read(duckdb, url, queryString="DELETE FROM t")


def test_a_file_of_duckdb(duckdb: Engine, tmp_path: Path) -> None:
    path = tmp_path / "data.duckdb"
    with duck.connect(str(path)) as connection:
        connection.execute('CREATE SCHEMA s; CREATE TABLE s."a b" AS SELECT 1.5::DECIMAL(4,1) x')
    assert _read(duckdb, f"duckdb:///{path}", table="a b", schema="s").to_pydict() == {"x": [1.5]}
    for text in ("SELECT * FROM read_text('/etc/passwd')", 'DROP TABLE s."a b"'):
        with pytest.raises(WranglerError):
            _read(duckdb, f"duckdb:///{path}", queryString=text)


def _source(flow: Flow, operator: str, **definition: Any) -> Node:
    parameters = {"dataset_definition": {"name": "source", **definition}}
    return flow.document.add(operator, parameters, type="SOURCE")


REDSHIFT = {
    "datasetSourceType": "Redshift",
    "clusterIdentifier": "my-cluster",
    "database": "db",
    "dbUser": "user",
    "queryString": "SELECT a FROM t",
    "unloadIamRole": "arn:aws:iam::000000000000:role/x",
    "s3OutputLocation": "s3://bucket/",
    "outputFormat": "parquet",
}


def test_connections_have_names_and_secrets_stay_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(tmp_path / "data.db") as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS a")
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    flow = Flow.new()
    node = _source(flow, "sagemaker.redshift_source_0.1", **REDSHIFT)
    assert (
        "there is no connection 'my-cluster': set STUDIO_CONNECTION_MY_CLUSTER"
        in (flow.run().errors[node.id])
    )
    monkeypatch.setenv("STUDIO_CONNECTION_MY_CLUSTER", f"sqlite:///{tmp_path}/data.db")
    assert flow.run().table(node).to_pydict() == {"a": [7]}
    monkeypatch.delenv("STUDIO_CONNECTION_MY_CLUSTER")
    file = tmp_path / "connections.json"
    file.write_text(json.dumps({"my-cluster": f"sqlite:///{tmp_path}/data.db"}))
    file.chmod(0o644)
    assert "others may read this file of passwords" in flow.run().errors[node.id]
    file.chmod(0o600)
    assert flow.run().table(node).to_pydict() == {"a": [7]}
    wrong = {"my-cluster": "postgresql+psycopg://me:s3cret@127.0.0.1:9/db"}
    message = flow.run(connections=wrong).errors[node.id]
    assert "my-cluster" in message and "s3cret" not in message
    bad = _source(
        flow,
        "studio.database_source_0.1",
        datasetSourceType="Database",
        connection="postgresql://me:s3cret@host/db",
        table="t",
    )
    assert "a flow holds no addresses of databases" in flow.run().errors[bad.id]


def _athena(text: str, **more: Any) -> dict[str, Any]:
    return {
        "datasetSourceType": "Athena",
        "catalogName": "AwsDataCatalog",
        "databaseName": "shop",
        "queryString": text,
        **more,
    }


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "a.csv").write_text("id;amount;day\n1;2.5;2024-01-31\n2;4;2024-02-01\n")
    pq.write_table(pa.table({"id": [1, 2], "Name": ["x", "y"]}), tmp_path / "people.parquet")
    place = {"s3Uri": str(tmp_path / "orders"), "s3ContentType": "csv"}
    return {"shop.orders": place, "people": str(tmp_path / "people.parquet")}


def test_queries_of_athena_over_listed_tables(engine: Engine, tables: dict[str, Any]) -> None:
    text = """
        WITH late AS (SELECT id, amount FROM "shop"."orders" WHERE day >= DATE '2024-02-01')
        SELECT p."name", date_format(o.day, '%Y/%m') AS month, o.amount, l.id IS NULL AS early,
               cardinality(split('a,b', ',')) AS parts
        FROM Orders o JOIN people p ON p.id = o.id LEFT JOIN late l ON l.id = o.id
        ORDER BY 1
    """
    found = Sources(engine, tables=tables).read("node", _athena(text)).to_arrow()
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("x", "2024/01", 2.5, True, 2),
        ("y", "2024/02", 4.0, False, 2),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT * FROM gone", "there is no table 'shop.gone': there are people, shop.orders"),
        ("SELECT * FROM other.orders", "there is no table 'other.orders'"),
        ("SELECT * FROM read_csv('/etc/passwd')", "what a function gives"),
        ("SELECT * FROM '/etc/passwd'", "queryString"),
        ('SELECT * FROM "/etc/passwd"', "there is no table"),
        ('SELECT (SELECT 1 FROM "/etc/passwd") FROM people', "there is no table"),
        # A name of another level is none of this one.
        ('SELECT * FROM (WITH "/etc/hosts" AS (SELECT 1) SELECT 2) q, "/etc/hosts"', "no table"),
        ("DROP TABLE people", "is not one SELECT"),
        ("SELECT 1; SELECT 2", "is not one SELECT"),
        ("SELECT FROM WHERE", "queryString"),
        ("SELECT nothing FROM people", "nothing"),
    ],
)
def test_queries_name_listed_tables_alone(
    duckdb: Engine, tables: dict[str, Any], text: str, words: str
) -> None:
    with pytest.raises(WranglerError, match=words):
        Sources(duckdb, tables=tables).read("node", _athena(text)).rows()


def test_a_flow_of_athena_from_the_home(
    tables: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    (tmp_path / "tables.json").write_text(json.dumps(tables))
    flow = Flow.new()
    node = _source(
        flow, "sagemaker.athena_source_0.1", **_athena("SELECT sum(amount) s FROM orders")
    )
    assert flow.run().table(node).to_pydict() == {"s": [6.5]}
