"""Which lines of an answer count: those of the day, of the network, and the service's before the general ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from shared.domain.eligibility.dates import in_periods
from shared.domain.eligibility.registry import found, rule
from shared.models.payer_answer import BenefitLine
from shared.models.records import GENERAL_SERVICE, Payer
from shared.models.verdict import Evidence, Network

_LABELS = {"in": "Y", "out": "N"}


def lines_of(lines: Iterable[BenefitLine], *, service: str, on: date, network: Network | None) -> list[BenefitLine]:
    """Those of the lines that count: the service's own, or the general ones where it has none."""
    fitting = [line for line in lines if in_periods(line.periods, on) is not False and in_network(line, network)]
    return [line for line in fitting if service in line.service_types] or [one for one in fitting if is_general(one)]


def is_general(line: BenefitLine) -> bool:
    """Whether a line is about the plan as a whole."""
    return not line.service_types or GENERAL_SERVICE in line.service_types


@rule("E13", source="X12 005010X279A1, EB12")
def network_of(payer: Payer | None) -> tuple[Network | None, Evidence | None]:
    """E13: EB12 labels the benefit; whether we are in the payer's network is our own data. Unknown shows both."""
    if payer is None or payer.network is None:
        return None, None
    network: Network = "out" if payer.network == "out" else "in"
    text = (
        f"The organisation is {network} of the payer's network"
        if network == "out"
        else ("The organisation is in the payer's network")
    )
    return network, found("E13", f"network_{network}", text, f"payers/{payer.id}", "network")


@rule("E13")
def in_network(line: BenefitLine, network: Network | None) -> bool:
    """E13: whether a line can be about care in this network: it says so, says nothing, or nobody knows ours."""
    return network is None or line.network in (None, "W", "U", _LABELS[network])
