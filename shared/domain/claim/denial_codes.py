"""Claim adjustment reason codes (CARC) as data: what each says, which step let it happen, what is done about it.

Source: X12 external code list 139, as published; the meanings are our own words. A denial is the payer's decision about
a claim that it has adjudicated. What a clearinghouse or payer sends back unread has other codes: `rejections`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.models.claim import CauseStep

NextStep = Literal[
    "retro_authorization", "link_authorization", "appeal_authorization", "appeal_clinically", "peer_to_peer",
    "verify_cob", "recheck_eligibility", "prove_filing", "attach_documents", "correct_coding", "correct_claim",
    "correct_registration", "find_original", "bill_other_payer", "bill_secondary", "bill_patient", "appeal",
    "write_off",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class DenialCode:
    """A reason code: its meaning, the step that caused it, and the steps that may get it paid, best first."""

    carc: str
    meaning: str
    step: CauseStep
    next_steps: tuple[NextStep, ...]


def _codes(*rows: tuple[str, str, CauseStep, tuple[NextStep, ...]]) -> Mapping[str, DenialCode]:
    return {row[0]: DenialCode(*row) for row in rows}


_RETRO: tuple[NextStep, ...] = ("link_authorization", "retro_authorization", "appeal_authorization", "write_off")
_CLINICAL: tuple[NextStep, ...] = ("peer_to_peer", "appeal_clinically", "write_off")
_RECHECK: tuple[NextStep, ...] = ("recheck_eligibility", "bill_other_payer", "bill_patient")
_CODING: tuple[NextStep, ...] = ("correct_coding", "appeal")
_ATTACH: tuple[NextStep, ...] = ("attach_documents", "appeal")
_LATE: tuple[NextStep, ...] = ("prove_filing", "write_off")
_LIMIT: tuple[NextStep, ...] = ("bill_secondary", "bill_patient", "appeal_clinically")
_AGREED: tuple[NextStep, ...] = ("appeal", "write_off")

DENIAL_CODES: Mapping[str, DenialCode] = _codes(
    ("1", "Applied to the deductible", "eligibility_check", ("bill_secondary", "bill_patient")),
    ("2", "The patient's coinsurance", "eligibility_check", ("bill_secondary", "bill_patient")),
    ("3", "The patient's copay", "eligibility_check", ("bill_secondary", "bill_patient")),
    ("4", "The procedure and its modifier do not go together, or a modifier is missing", "coding", _CODING),
    ("5", "The procedure does not fit the place of service", "coding", _CODING),
    ("6", "The procedure does not fit the patient's age", "coding", _CODING),
    ("7", "The procedure does not fit the patient's sex", "coding", _CODING),
    ("8", "The procedure does not fit the provider's specialty", "coding", _CODING),
    ("9", "The diagnosis does not fit the patient's age", "coding", _CODING),
    ("10", "The diagnosis does not fit the patient's sex", "coding", _CODING),
    ("11", "The diagnosis does not fit the procedure", "coding", _CODING),
    ("12", "The diagnosis does not fit the provider", "coding", _CODING),
    ("14", "The service lies before the patient's birth", "registration", ("correct_registration", "correct_claim")),
    ("15", "The authorization number is missing or does not fit what was billed", "authorization", _RETRO),
    ("16", "Something is missing or wrong; the remark code says what", "filing", ("attach_documents", "correct_claim")),
    ("18", "The same was billed before", "filing", ("find_original", "appeal")),
    ("19", "Workers' compensation pays for this", "registration", ("bill_other_payer", "verify_cob")),
    ("20", "A liability insurer pays for this", "registration", ("bill_other_payer", "verify_cob")),
    ("21", "A no-fault insurer pays for this", "registration", ("bill_other_payer", "verify_cob")),
    ("22", "Another payer may come first", "registration", ("verify_cob", "bill_other_payer")),
    ("23", "What the payer before has paid or adjusted", "payer", ("bill_secondary", "appeal")),
    ("24", "Covered by a capitation or managed-care plan", "eligibility_check", _RECHECK),
    ("26", "The service lies before the coverage", "eligibility_check", _RECHECK),
    ("27", "The service lies after the coverage has ended", "eligibility_check", _RECHECK),
    ("29", "The time for filing has passed", "filing", _LATE),
    ("31", "The payer does not know the patient", "registration", ("correct_registration", "recheck_eligibility")),
    ("32", "The patient is no dependent that is covered", "registration", _RECHECK),
    ("33", "The plan covers no dependents", "registration", _RECHECK),
    ("35", "The lifetime limit is reached", "eligibility_check", _LIMIT),
    ("39", "The authorization was asked for and denied", "authorization", ("peer_to_peer", "appeal_authorization")),
    ("45", "More was billed than is agreed or allowed", "payer", _AGREED),
    ("49", "A routine or screening service, which is not covered", "eligibility_check", ("correct_coding", "appeal")),
    ("50", "Not medically necessary in the payer's judgement", "coding", _CLINICAL),
    ("55", "Experimental in the payer's judgement", "authorization", _CLINICAL),
    ("58", "Not the place in which the service should be rendered", "scheduling", ("correct_coding", "appeal")),
    ("96", "Not covered; the remark says why", "eligibility_check", ("attach_documents", "bill_patient", "appeal")),
    ("97", "Part of another service that was paid", "coding", _CODING),
    ("107", "The claim that this one belongs to was not named", "filing", ("correct_claim", "appeal")),
    ("109", "Another payer is to be billed", "registration", ("bill_other_payer", "recheck_eligibility")),
    ("119", "The limit of the benefit is reached", "scheduling", _LIMIT),
    ("129", "What the payer before has done looks wrong", "filing", ("correct_claim",)),
    ("136", "The rules of the payer before were not kept", "filing", ("appeal", "write_off")),
    ("138", "The appeal came late or in the wrong way", "filing", _LATE),
    ("140", "The member number and the name do not go together", "registration", ("correct_registration",)),
    ("146", "The diagnosis code was not valid on the day", "coding", _CODING),
    ("147", "No rate is agreed, or it has ended", "payer", ("appeal",)),
    ("149", "The lifetime limit of this benefit is reached", "eligibility_check", _LIMIT),
    ("150", "The records do not support this level of service", "coding", _CLINICAL),
    ("151", "The records do not support so many services", "coding", _CLINICAL),
    ("152", "The records do not support so long a service", "coding", _CLINICAL),
    ("163", "An attachment that the claim names has not come", "filing", _ATTACH),
    ("164", "An attachment that the claim names came late", "filing", _ATTACH),
    ("166", "The plan was not this payer's any more", "eligibility_check", _RECHECK),
    ("167", "The diagnosis is not covered", "coding", ("correct_coding", "appeal_clinically")),
    ("170", "Not payable to this kind of provider", "scheduling", ("correct_claim", "appeal")),
    ("177", "The patient was not eligible", "eligibility_check", _RECHECK),
    ("181", "The procedure code was not valid on the day", "coding", _CODING),
    ("182", "The modifier was not valid on the day", "coding", _CODING),
    ("183", "The referring provider may not refer for this", "scheduling", ("correct_claim", "appeal")),
    ("185", "The rendering provider may not render this", "scheduling", ("correct_claim", "appeal")),
    ("193", "The payer keeps its decision", "payer", ("appeal", "write_off")),
    ("197", "There was no authorization or notification", "authorization", _RETRO),
    ("198", "More was rendered than was authorized", "authorization", _RETRO),
    ("200", "The service lies in a gap of the coverage", "eligibility_check", _RECHECK),
    ("204", "The plan does not cover this", "eligibility_check", ("bill_secondary", "bill_patient", "appeal")),
    ("206", "The provider's NPI is missing", "filing", ("correct_claim",)),
    ("207", "The provider's NPI is not well formed", "filing", ("correct_claim",)),
    ("208", "The payer does not know the provider's NPI", "filing", ("correct_claim",)),
    ("210", "The authorization came late", "authorization", _RETRO),
    ("222", "More than the agreed number of services in the time", "scheduling", ("appeal_clinically", "write_off")),
    ("226", "The provider did not send what was asked for", "filing", _ATTACH),
    ("227", "The patient did not send what was asked for", "registration", ("correct_registration", "bill_patient")),
    ("234", "Not paid apart from another service", "coding", _CODING),
    ("236", "Not payable beside another procedure of the day", "coding", _CODING),
    ("242", "The provider is not of the patient's network", "scheduling", ("bill_secondary", "appeal", "bill_patient")),
    ("243", "The network's own provider did not authorize it", "authorization", _RETRO),
    ("250", "The attachment was the wrong one", "filing", _ATTACH),
    ("251", "The attachment was not complete", "filing", _ATTACH),
    ("252", "An attachment is needed", "filing", _ATTACH),
    ("253", "Sequestration, a cut that federal law makes", "payer", ("write_off",)),
    ("256", "The contract does not pay for it", "payer", _AGREED),
    ("267", "The provider's documentation is missing", "filing", _ATTACH),
    ("284", "The authorization is valid, but not for what was billed", "authorization", _RETRO),
    ("286", "The appeal came late", "filing", _LATE),
    ("287", "More was rendered than the referral allows", "scheduling", ("retro_authorization", "appeal")),
    ("288", "There was no referral", "scheduling", ("retro_authorization", "appeal")),
    ("302", "The authorization had expired", "authorization", _RETRO),
    ("B7", "The provider was not certified for this on the day", "scheduling", ("correct_claim", "appeal")),
    ("B13", "Paid before", "filing", ("find_original",)),
    ("B15", "A service that this one depends on was not rendered or paid", "coding", _CODING),
)  # fmt: skip

# Every other code of the published list that may stand in an answer: known, and without a row of its own above.
_RANGES = (
    (13, 13), (34, 34), (40, 40), (44, 44), (51, 51), (53, 54), (56, 56), (59, 61), (66, 66), (69, 70), (74, 76),
    (78, 78), (85, 85), (89, 91), (94, 95), (100, 106), (108, 108), (110, 112), (114, 118), (121, 122), (128, 128),
    (130, 135), (137, 137), (142, 144), (148, 148), (153, 155), (157, 162), (168, 169), (171, 176), (178, 180),
    (184, 184), (186, 192), (194, 195), (199, 199), (201, 203), (205, 205), (209, 209), (211, 213), (215, 216),
    (219, 219), (223, 225), (228, 229), (231, 233), (235, 235), (237, 241), (245, 249), (254, 254), (257, 266),
    (268, 283), (285, 285), (289, 293), (299, 301), (303, 303),
)  # fmt: skip
_LETTERED = frozenset(
    {f"A{n}" for n in (0, 1, 5, 6, 8)} | {f"B{n}" for n in (1, 4, 8, 9, 10, 11, 12, 14, 16, 20, 22, 23)}
)
PUBLISHED: frozenset[str] = (
    frozenset(DENIAL_CODES) | frozenset(str(n) for first, last in _RANGES for n in range(first, last + 1)) | _LETTERED
)
