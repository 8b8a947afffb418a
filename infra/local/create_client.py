"""Make an organisation with its first admin, who is invited: `make create-client NAME='…' ADMIN=e-mail`.

Beside a running local stack it reads the stack's settings. Anywhere else it reads the settings that functions read
(shared/config.py): an operator sets GOOGLE_CLOUD_PROJECT, MOBIUS_CLOUD_SQL_INSTANCE, MOBIUS_DATABASE_USER and
MOBIUS_CONTEXT_KEY (the functions' own) and runs `python -m infra.local.create_client --deployed …`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from infra.local.settings import ROOT
from shared import bootstrap
from shared.errors import ConfigurationError, MobiusError
from shared.models.api.users import Invitation, OrganisationEdit
from shared.models.roles import Role

SETTINGS = ROOT / ".local" / "functions.env"


class CreateClientError(Exception):
    """The tool cannot begin. The message is one line: what is wrong and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 when nothing was made."""
    parser = argparse.ArgumentParser(prog="make create-client", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--name", required=True, help="the organisation's name")
    parser.add_argument("--admin", required=True, help="the first admin's e-mail address")
    parser.add_argument("--admin-name", help="the first admin's name (the e-mail address by default)")
    parser.add_argument("--time-zone", default="America/New_York", help="IANA name (America/New_York)")
    parser.add_argument("--settings", type=Path, default=SETTINGS, help="the local stack's functions.env")
    parser.add_argument("--deployed", action="store_true", help="the settings stand in the environment")
    given = parser.parse_args(arguments)
    try:
        if not given.deployed:
            read_settings(given.settings)
        edit = OrganisationEdit.model_validate({"name": given.name, "timeZone": given.time_zone})
        admin = Invitation(email=given.admin, name=given.admin_name or given.admin, role=Role.ADMIN)
        organisation, user = bootstrap.organisation_service().create(
            name=edit.name or "", time_zone=edit.time_zone or "", admin=admin
        )
    except ValidationError as exc:
        fault = exc.errors(include_input=False)[0]
        print(f"{fault['loc'][0]}: {fault['msg']}", file=sys.stderr)
        return 1
    except (CreateClientError, ConfigurationError, MobiusError) as exc:
        print(exc, file=sys.stderr)
        return 1
    code = bootstrap.invitation_service().view(user).invitation_code
    print(f"{organisation.name} ({organisation.id}), time zone {organisation.time_zone}")
    print(f"Invitation for {user.email}, good once, for 7 days: {code}")
    print("The admin chooses a password with it: POST /api/v1/users/accept {code, password}")
    return 0


def read_settings(file: Path) -> None:
    """Put the running stack's settings into the environment. Raises CreateClientError."""
    try:
        lines = file.read_text().splitlines()
    except OSError as exc:
        raise CreateClientError("The stack is not running: start it with `make up`, then try again") from exc
    for line in lines:
        name, _, value = line.partition("=")
        if name != "PYTHONPATH":
            os.environ[name] = "".join(shlex.split(value))


if __name__ == "__main__":
    sys.exit(main())
