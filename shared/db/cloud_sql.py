"""Connections to Cloud SQL in production: through its connector, signed in by IAM, never waited for longer than 5 s.

The connector has no time-outs of its own (its sockets and its calls of the Admin API wait for minutes), so it works on
an event loop of ours and the caller stops waiting. Loop and connector are made with the first connection: made at
import, in the process that forks the workers, they would hang for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from shared.config import Settings

if TYPE_CHECKING:
    from google.cloud.sql.connector import Connector

TIMEOUT_SECONDS = 5


class _Connecting:
    """The connector of this process and the loop it works on, made on first use; all pools share them."""

    def __init__(self) -> None:
        self._made: tuple[Connector, asyncio.AbstractEventLoop] | None = None
        self._making = Lock()

    def connect(self, settings: Settings) -> Any:
        """A pg8000 connection as the function's IAM user. Raises ConnectionError, TimeoutError or the driver's own."""
        import pg8000.dbapi

        try:
            connector, loop = self._get()
            connecting = asyncio.run_coroutine_threadsafe(
                connector.connect_async(
                    str(settings.cloud_sql_instance),
                    "pg8000",
                    user=settings.database_user,
                    db=settings.database_name,
                    enable_iam_auth=True,
                    timeout=TIMEOUT_SECONDS,
                ),
                loop,
            )
            try:
                return connecting.result(TIMEOUT_SECONDS)
            finally:
                connecting.cancel()
        except (pg8000.dbapi.Error, OSError):
            raise
        except Exception as exc:  # HTTP, authentication, TLS, the connector's own: the database is out of reach
            raise ConnectionError("Cloud SQL cannot be reached") from exc

    def _get(self) -> tuple[Connector, asyncio.AbstractEventLoop]:
        with self._making:
            if self._made is None:
                from google.cloud.sql.connector import Connector

                loop = asyncio.new_event_loop()
                try:
                    connector = Connector(loop=loop, refresh_strategy="lazy", timeout=TIMEOUT_SECONDS)
                except BaseException:
                    loop.close()
                    raise
                Thread(target=loop.run_forever, name="cloud-sql", daemon=True).start()
                self._made = (connector, loop)
            return self._made


_CONNECTING = _Connecting()


def cloud_sql_creator(settings: Settings) -> Callable[[], Any]:
    """What a pool calls for a new connection."""
    return lambda: _CONNECTING.connect(settings)
