"""Tags, access control lists and attributes of objects."""

from __future__ import annotations

from ...wire.dispatch import Call, Handler
from ...wire.errors import ApiError
from .acl import check_acl, grants
from .common import Area, Params, checksum_members, page_size, when


class ObjectAttributes(Area):
    """Operations on what is known of an object beside its bytes."""

    def handlers(self) -> dict[str, Handler]:
        return {
            "GetObjectTagging": self.get_tags,
            "PutObjectTagging": self.put_tags,
            "DeleteObjectTagging": self.delete_tags,
            "GetObjectAcl": self.get_acl,
            "PutObjectAcl": self.put_acl,
            "GetObjectAttributes": self.attributes,
        }

    def get_tags(self, _call: Call, params: Params) -> Params:
        tags = self.store.stat(params["Bucket"], params["Key"]).attributes.tags
        return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def put_tags(self, _call: Call, params: Params) -> None:
        pairs = [(tag["Key"], tag["Value"]) for tag in params["Tagging"]["TagSet"]]
        tags = dict(pairs)
        if len(tags) != len(pairs):
            raise ApiError("InvalidTag", "Cannot provide multiple Tags with the same key")
        if any(key.startswith("aws:") for key in tags):
            raise ApiError("InvalidTag", "System tags cannot be added/updated by requester")
        self.store.set_tags(params["Bucket"], params["Key"], tags)

    def delete_tags(self, _call: Call, params: Params) -> None:
        self.store.set_tags(params["Bucket"], params["Key"], {})

    def get_acl(self, _call: Call, params: Params) -> Params:
        return grants(self.store.stat(params["Bucket"], params["Key"]).attributes.owner)

    def put_acl(self, _call: Call, params: Params) -> None:
        self.store.stat(params["Bucket"], params["Key"])
        check_acl(params)
        if "AccessControlPolicy" in params:
            raise ApiError("AccessControlListNotSupported", "The bucket does not allow ACLs")

    def attributes(self, _call: Call, params: Params) -> Params:
        info = self.store.stat(params["Bucket"], params["Key"])
        wanted = params["ObjectAttributes"]
        answer: Params = {"LastModified": when(info.modified)}
        if "ETag" in wanted:
            answer["ETag"] = info.etag
        if "ObjectSize" in wanted:
            answer["ObjectSize"] = info.size
        if "StorageClass" in wanted:
            answer["StorageClass"] = info.attributes.storage_class
        if "Checksum" in wanted and info.checksums:
            answer["Checksum"] = checksum_members(info.checksums, info.checksum_type)
        if "ObjectParts" in wanted and "-" in info.etag:
            answer["ObjectParts"] = self._parts(params)
        return answer

    def _parts(self, params: Params) -> Params:
        parts = self.store.parts_of(params["Bucket"], params["Key"])
        marker = params.get("PartNumberMarker", 0)
        limit = page_size(params, "MaxParts")
        behind = [part for part in parts if part[0] > marker]
        page = behind[:limit]
        answer: Params = {
            "TotalPartsCount": len(parts),
            "PartNumberMarker": marker,
            "NextPartNumberMarker": page[-1][0] if page else 0,
            "MaxParts": limit,
            "IsTruncated": len(behind) > limit,
        }
        if any(checksums for _, _, checksums in parts):  # S3 lists parts only with checksums
            answer["Parts"] = [
                {"PartNumber": number, "Size": size, **checksum_members(checksums, None)}
                for number, size, checksums in page
            ]
        return answer
