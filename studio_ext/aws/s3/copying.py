"""Copies within the store."""

from __future__ import annotations

from dataclasses import replace

from ...store.objects import Attributes, ObjectInfo
from ...store.objects.checksums import require
from ...wire.dispatch import Call, Handler
from ...wire.errors import ApiError
from .common import Area, Params, checksum_members, owner_name, quoted, source_of, when
from .ranges import check_read
from .requested import attributes_of, condition_of, storage_class

_CHANGES = ("StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption", "Tagging")


class Copying(Area):
    """CopyObject."""

    def handlers(self) -> dict[str, Handler]:
        return {"CopyObject": self.copy}

    def copy(self, call: Call, params: Params) -> Params:
        source = source_of(params)
        target = params["Bucket"], params["Key"]
        info = self.store.stat(*source)
        check_read(params, info, "CopySource")
        replaced = _directive(params, "MetadataDirective") == "REPLACE"
        if source == target and not replaced and not any(name in params for name in _CHANGES):
            raise ApiError(
                "InvalidRequest",
                "This copy request is illegal because it is trying to copy an object to itself "
                "without changing the object's metadata, storage class, website redirect location "
                "or encryption attributes.",
            )
        wanted = [require(params["ChecksumAlgorithm"])] if "ChecksumAlgorithm" in params else []
        made = self.store.copy(
            source,
            target,
            attributes=_attributes(call, params, info, replaced),
            checksums=wanted,
            condition=condition_of(params),
        )
        result = {
            "ETag": quoted(made.etag),
            "LastModified": when(made.modified),
            **checksum_members(made.checksums, made.checksum_type),
        }
        return {"CopyObjectResult": result}


def _attributes(call: Call, params: Params, source: ObjectInfo, replaced: bool) -> Attributes:
    given = attributes_of(call, params)
    retagged = _directive(params, "TaggingDirective") == "REPLACE"
    kept = given if replaced else source.attributes
    return replace(
        kept,
        tags=given.tags if retagged else source.attributes.tags,
        storage_class=storage_class(call, params),
        owner=owner_name(call),
    )


def _directive(params: Params, name: str) -> str:
    value = params.get(name, "COPY")
    if value not in ("COPY", "REPLACE"):
        raise ApiError("InvalidArgument", f"Unknown {name}.")
    return str(value)
