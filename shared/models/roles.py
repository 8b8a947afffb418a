"""The roles a member of an organisation can have."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """One role a person; what each may do stands in `shared.auth.permissions`."""

    ADMIN = "admin"
    MANAGER = "manager"
    ELIGIBILITY_SPECIALIST = "eligibility_specialist"
    FRONT_DESK = "front_desk"
    BILLER = "biller"
    AUDITOR = "auditor"
