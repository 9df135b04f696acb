"""Amazon S3's operations over the local object store."""

from __future__ import annotations

from ...store.objects import LocalObjectStore, ObjectStore
from ...wire.dispatch import Registry
from . import attributes, buckets, copying, listing, multipart, reading, writing
from .common import Area
from .guard import guarded
from .policies import Policies, Resolve

_AREAS: tuple[type[Area], ...] = (
    buckets.Buckets,
    writing.Writing,
    reading.Reading,
    copying.Copying,
    listing.Listings,
    multipart.Multipart,
    attributes.ObjectAttributes,
)


def register(registry: Registry, store: ObjectStore, resolve: Resolve = lambda _arn: None) -> None:
    """Add a handler for each S3 operation that the store answers; a remote one is asked itself.

    ``resolve`` gives the account of a user profile's ARN, for bucket policies.
    """
    handlers = Policies(store, resolve).handlers()
    if isinstance(store, LocalObjectStore):
        for kind in _AREAS:
            handlers |= kind(store).handlers()
    else:
        from . import forwarding  # imports boto3, which only this needs

        handlers = forwarding.handlers(store) | handlers
    for name, handler in handlers.items():
        registry.add("s3", name, guarded(store, name, handler))
