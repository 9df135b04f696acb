"""A Studio that flows are worked on in, asked over HTTP as any signed client asks."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError
from studio_plane import Studio

from studio_ext.store.credentials import Credential
from studio_ext.wire import models

#: Of the table that tests read.
ROWS = 200_000


def flows_client(studio: Studio, key: Credential | None = None) -> Any:
    """A client of our own operations, made from their model, that does not retry."""
    credential = key or studio.plane.credential
    session = botocore.session.get_session()
    session.get_component("data_loader").search_paths.append(str(models.DATA))
    return session.create_client(
        "studio",
        endpoint_url=studio.plane.url,
        region_name=studio.config.region,
        aws_access_key_id=credential.access_key_id,
        aws_secret_access_key=credential.secret_access_key,
        aws_session_token=credential.session_token,
        config=ClientConfig(
            retries={"total_max_attempts": 1}, read_timeout=300, max_pool_connections=20
        ),
    )


def source(address: str, name: str = "source") -> dict[str, Any]:
    """A source node that reads an address."""
    place = {"s3Uri": address, "s3HasHeader": True}
    definition = {"datasetSourceType": "S3", "name": name, "s3ExecutionContext": place}
    return {
        "node_id": name,
        "type": "SOURCE",
        "operator": "sagemaker.s3_source_0.1",
        "parameters": {"dataset_definition": definition},
        "inputs": [],
        "outputs": [{"name": "default"}],
    }


def step(
    name: str, operator: str, parameters: dict[str, Any], reads: str = "source"
) -> dict[str, Any]:
    """A transform node."""
    return {
        "node_id": name,
        "type": "TRANSFORM",
        "operator": operator,
        "parameters": parameters,
        "inputs": [{"name": "df", "node_id": reads, "output_name": "default"}],
        "outputs": [{"name": "default"}],
    }


def text(*nodes: dict[str, Any]) -> str:
    """A flow's document."""
    return json.dumps({"metadata": {"version": 1, "disable_limits": False}, "nodes": nodes})


def python(name: str, code: str, reads: str = "source") -> dict[str, Any]:
    """A step of the user's own pandas."""
    inner = {"code": code}
    parameters = {"operator": "Python (Pandas)", "pandas_parameters": inner}
    return step(name, "sagemaker.spark.custom_code_0.1", parameters, reads)


def refused(error: ClientError) -> dict[str, Any]:
    """What an error tells: Code, Message, and the node, field and reason where it has them."""
    members = ("NodeId", "Field", "Reason")
    told = {name: error.response[name] for name in members if name in error.response}
    return {**error.response["Error"], **told}
