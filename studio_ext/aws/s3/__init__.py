"""Amazon S3's operations over the local object store."""

from __future__ import annotations

from ...store.objects import LocalObjectStore, ObjectStore
from ...wire.dispatch import Registry
from . import attributes, buckets, copying, forwarding, listing, multipart, reading, writing
from .common import Area, guarded

_AREAS: tuple[type[Area], ...] = (
    buckets.Buckets,
    writing.Writing,
    reading.Reading,
    copying.Copying,
    listing.Listings,
    multipart.Multipart,
    attributes.ObjectAttributes,
)


def register(registry: Registry, store: ObjectStore) -> None:
    """Add a handler for each S3 operation that the store answers; a remote one is asked itself."""
    if not isinstance(store, LocalObjectStore):
        forwarding.register(registry, store.client)
        return
    for kind in _AREAS:
        for name, handler in kind(store).handlers().items():
            registry.add("s3", name, guarded(store, handler))
