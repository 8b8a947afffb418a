"""Small files of payers, for tests that send them."""

from __future__ import annotations

from tests.unit.x12_samples import interchange, remittance_file

PAYER = "N1*PR*BLUESTEM*XV*842610001"
_BEGIN = ("HL*1**20*1", "NM1*PR*2*BLUESTEM*****PI*842610001")


def remittance_of(trace: str, *claims: str, amount: str = "0") -> str:
    """An 835 with a trace number and the segments of its claims."""
    return remittance_file(f"BPR*I*{amount}*C*ACH", f"TRN*1*{trace}*1512345678", PAYER, *claims)


def acknowledgement_of(reference: str, *answers: str) -> str:
    """A 277CA with a reference and the segments of its answers."""
    body = (f"BHT*0085*08*{reference}*20261120*1230*TH", *_BEGIN, *answers)
    return interchange(*body, set_id="277", functional_id="HN", version="005010X214")
