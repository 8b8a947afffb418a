"""An organisation sends under its own name, whatever signs that has; none of them becomes an address or a header."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from infra.local.demo_accounts import RIVERSIDE
from tests.functions.draft_office import ADDRESS, DraftOffice
from tests.functions.in_memory import InMemoryProduct


def office_named(product: InMemoryProduct, name: str) -> DraftOffice:
    profiles = product.records.profiles.profiles
    for key, one in list(profiles.items()):
        if key[0] == RIVERSIDE.id:
            profiles[key] = replace(one, client_name=name)
    return DraftOffice(product)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Care@Home", "Care@Home"),
        ("Smith, Jones & Partners", "Smith, Jones & Partners"),
        ('The "Best" Clinic', 'The "Best" Clinic'),
        ("Heart < Lung > Center", "Heart < Lung > Center"),
        ("billing@evil.example", "billing@evil.example"),
        ("Clinic <all@evil.example>, Bob", "Clinic <all@evil.example>, Bob"),
        ("Back\\slash; (Group): [1]", "Back\\slash; (Group): [1]"),
        ('Praxis Müller, "Süd" @ <Nord>', 'Praxis Müller, "Süd" @ <Nord>'),
        ("Riverside\r\nBcc: all@evil.example", "Riverside Bcc: all@evil.example"),
        ("=?utf-8?Q?Hi=0D=0ABcc:_all=40evil.example?=", "= ?utf-8?Q?Hi=0D=0ABcc:_all=40evil.example?="),
    ],
)
def test_a_name_of_any_signs_sends_under_itself(product: InMemoryProduct, name: str, told: str) -> None:
    office = office_named(product, name)
    members: Any = {}
    if "=?" in name:  # its subject would hold the name
        members = {"subject": "A question", "body": "Please call us.", "recipient": {"kind": "patient"}}
        members["recipient"]["address"] = ADDRESS
    sent = office.step(office.approved(**members), "send")
    assert sent["state"] == "sent"
    (raw,) = product.mail.written.values()
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    (sender,), (recipient,) = message["From"].addresses, message["To"].addresses
    assert (sender.display_name, sender.addr_spec) == (told, product.mail.sender.address)
    assert recipient.addr_spec == ADDRESS
    assert (message["Bcc"], message["Cc"], len(message.get_all("From", []))) == (None, None, 1)
    assert message["Subject"] == sent["subject"]
