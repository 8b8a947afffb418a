"""Firestore: the client, made on first use, and the time-outs every call carries.

Firestore's own defaults wait 273 s for a read and 48 s for a write when the service is unreachable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions, retry
from google.cloud import firestore

from shared.errors import StoreUnavailableError

TIMEOUT_SECONDS = 4.5
READ_RETRY = retry.Retry(
    predicate=retry.if_exception_type(exceptions.ServiceUnavailable, exceptions.InternalServerError),
    initial=0.05,
    maximum=0.5,
    timeout=TIMEOUT_SECONDS,
)


def firestore_client(project: str) -> firestore.Client:
    """A client for `project`; the emulator when FIRESTORE_EMULATOR_HOST says so."""
    return firestore.Client(project=project)


@contextmanager
def firestore_errors() -> Iterator[None]:
    """Turn the driver's unreachable, slow and overloaded into StoreUnavailableError."""
    try:
        yield
    except (
        exceptions.ServiceUnavailable,
        exceptions.DeadlineExceeded,
        exceptions.RetryError,
        exceptions.TooManyRequests,
        exceptions.InternalServerError,
    ) as exc:
        raise StoreUnavailableError("The live store did not answer in time", retry_after=5) from exc
