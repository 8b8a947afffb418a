"""The floor of `records`: one record by number, with the same calls and nothing else."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from tests.benchmarks.floor import live, structured


@functions_framework.http
def records(request: Request) -> Response:
    """GET …/patient/<mrn>."""
    member = live.who(request)
    reference = request.path.rsplit("/", 1)[1]
    one = live.event(member, "record:read", resource="patient") if live.is_new(member, reference) else None
    with structured.tenant(member["clientId"]) as connection:
        row = connection.execute(
            structured.STATEMENTS["record"], {"client": member["clientId"], "reference": reference, "uuid": None}
        ).one()
        if one is not None:
            structured.add_event(connection, one)
    return live.answer(dict(row._mapping))
