"""Whatever comes: it is read, or refused with our one error; it never hangs."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clearinghouse.carriage import unpack
from shared.clearinghouse.outcome import read_outcome
from shared.domain.remittance_balance import imbalances
from shared.models.eligibility_inquiry import InquiryFailure
from shared.models.payer_answer import PayerAnswer
from shared.x12.acknowledgement import read_refusal
from shared.x12.claim_status import read_claim_status
from shared.x12.eligibility_answer import read_eligibility_answers
from shared.x12.errors import UnreadableInterchangeError
from shared.x12.inquiry import write_inquiry
from shared.x12.inquiry_reading import read_inquiries
from shared.x12.interchange import read_interchanges
from shared.x12.remittance import read_remittance
from shared.x12.services_review import read_authorization_answers
from tests.unit.x12_samples import ACTIVE, answer_to, envelope, inquiry, mary, published

SEEDS = [
    answer_to(
        ACTIVE, "EB*B*IND*98^UC*HM*GOLD*29*10.50*.2*VS*12*Y*N*HC:99213", "HSD*VS*20", "DTP*291*D8*20260101"
    ).encode(),
    write_inquiry(inquiry(dependent=mary()), envelope()).encode(),
    *(
        path.read_bytes()
        for path in published("271_005010X279A1", "270_005010X279A1", "835_005010X221A1", "277_005010X212")
    ),
]


def read_everything(content: bytes) -> None:
    """Each reader on `content`; only the one error may come."""
    outcome = read_outcome(content, inquiry())
    assert isinstance(outcome, PayerAnswer | InquiryFailure)
    unpack("multipart/form-data; boundary=x", content)
    with suppress(UnreadableInterchangeError):
        interchanges = read_interchanges(content)
        read_refusal(interchanges)
        for one in interchanges:
            read_inquiries(one)
            for transaction in one.transactions:
                read_eligibility_answers(transaction)
                read_authorization_answers(transaction)
                with suppress(UnreadableInterchangeError):
                    imbalances(read_remittance(transaction))
                with suppress(UnreadableInterchangeError):
                    read_claim_status(transaction)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=400))
def test_random_bytes(content: bytes) -> None:
    read_everything(content)
    read_everything(SEEDS[0][:106] + content)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.sampled_from([*"~*:^\r\n ", "ISA", "GS*", "ST*271*1", "SE*", "GE*", "IEA*", "HL*1*2*22", "EB*", "NM1*"])
    )
)
def test_pieces_of_x12_in_any_order(pieces: list[str]) -> None:
    read_everything(SEEDS[0][:106] + "".join(pieces).encode())


@pytest.mark.parametrize("seed", range(40))
def test_mutated_samples(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 (repeatable, not secret)
    for _ in range(12):
        content = bytearray(rng.choice(SEEDS))
        for _ in range(rng.randint(1, 12)):
            at = rng.randrange(len(content))
            how = rng.randrange(4)
            if how == 0:
                content[at] = rng.randrange(256)
            elif how == 1:
                del content[at : at + rng.randint(1, 40)]
            elif how == 2:
                content[at:at] = bytes(rng.choice(b"*~:^\r\n EB1") for _ in range(rng.randint(1, 20)))
            else:
                other = rng.randrange(len(content))
                content[at:at] = content[other : other + 60]
        read_everything(bytes(content))


def test_any_transaction_is_read_by_any_reader() -> None:
    for seed in SEEDS:
        read_everything(seed)


@pytest.mark.parametrize(
    "content",
    [
        b"~" * 400_000,
        b"*" * 400_000,
        b"\n" * 400_000,
        SEEDS[0][:106] + b"A" * 400_000,
        SEEDS[0][:106] + b"\n" * 400_000,
        SEEDS[0][:106] + b"~" * 400_000,
        SEEDS[0] + b"~" * 400_000,
        b"ISA" * 130_000,
        SEEDS[0] * 400,
        b"--x" * 130_000,
    ],
    ids=lambda content: repr(content[-4:]),
)
def test_large_nonsense_does_not_hang(content: bytes) -> None:
    read_everything(content)
