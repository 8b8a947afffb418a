"""The PHI meter: what the detector finds and what it leaves alone, who may be told what, and that the ways out work."""

# ruff: noqa: RUF001 (look-alikes are what this is about)
from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.email.findings import Known, findings
from shared.domain.email.phi import (
    ALLOWED,
    CHANNELS,
    LEVELS,
    LIMITS,
    RECIPIENTS,
    Channel,
    PhiKind,
    RecipientKind,
    highest,
    is_above,
)
from shared.domain.email.phi_meter import REMOVED, measure, remove
from shared.models.firestore.drafts import PhiLevel
from tests.unit.email.letters import KNOWN

NOBODY = Known()
# What each kind of recipient may be told: (recipient, channel): highest level.
TOLD: dict[tuple[RecipientKind, Channel], PhiLevel] = {
    ("patient", "plain_email"): "low",
    ("payer", "plain_email"): "medium",
    ("provider", "plain_email"): "medium",
    ("colleague", "plain_email"): "medium",
    ("other", "plain_email"): "none",
    ("patient", "portal_link"): "high",
    ("payer", "portal_link"): "high",
    ("provider", "portal_link"): "high",
    ("colleague", "portal_link"): "high",
    ("other", "portal_link"): "low",
}


def kinds(text: str, known: Known = NOBODY) -> set[tuple[str, str]]:
    """The kinds that are found, and exactly what they are found in."""
    return {(one.kind, text[one.start : one.end]) for one in findings(text, known)}


# --- found by its shape, whoever it is about

FOUND: list[tuple[str, PhiKind, str]] = [
    # social security numbers
    ("Her number is 219-09-9999.", "ssn", "219-09-9999"),
    ("219 09 9999", "ssn", "219 09 9999"),
    ("219.09.9999", "ssn", "219.09.9999"),
    ("219 - 09 - 9999", "ssn", "219 - 09 - 9999"),
    ("219–09–9999", "ssn", "219–09–9999"),
    ("219\u201109\u20119999", "ssn", "219\u201109\u20119999"),
    ("219\u221209\u22129999", "ssn", "219\u221209\u22129999"),
    ("219-09-\n9999", "ssn", "219-09-\n9999"),
    ("219\u00a009\u00a09999", "ssn", "219\u00a009\u00a09999"),
    ("219\u200309\u20039999", "ssn", "219\u200309\u20039999"),
    ("2\u200b19-0\u200c9-99\u00ad99", "ssn", "2\u200b19-0\u200c9-99\u00ad99"),
    ("２１９-０９-９９９９", "ssn", "２１９-０９-９９９９"),
    ("٢١٩-٠٩-٩٩٩٩", "ssn", "٢١٩-٠٩-٩٩٩٩"),
    ("२१९-०९-९९९९", "ssn", "२१९-०९-९९९९"),
    ("SSN 219099999", "ssn", "219099999"),
    ("ssn: 219 099 999", "ssn", "219 099 999"),
    ("Social Security number is 219099999.", "ssn", "219099999"),
    ("(219-09-9999)", "ssn", "219-09-9999"),
    ("SSN:219-09-9999,MRN", "ssn", "219-09-9999"),
    # dates of birth
    ("DOB 04/03/1981", "birth_date", "04/03/1981"),
    ("D.O.B.: 4-3-81", "birth_date", "4-3-81"),
    ("born on April 3, 1981", "birth_date", "April 3, 1981"),
    ("Born 3 April 1981", "birth_date", "3 April 1981"),
    ("date of birth is 1981-04-03", "birth_date", "1981-04-03"),
    ("Date of\nbirth: 1981-04-03", "birth_date", "1981-04-03"),
    ("her birthday, the 3rd of April 1981", "birth_date", "3rd of April 1981"),
    ("birthdate １９８１-０４-０３", "birth_date", "１９８１-０４-０３"),
    ("04/03/1981 (DOB)", "birth_date", "04/03/1981"),
    ("dob=04.03.1981", "birth_date", "04.03.1981"),
    ("born: Apr. 3rd, 1981", "birth_date", "Apr. 3rd, 1981"),
    # medical record numbers
    ("MRN 00155387", "mrn", "00155387"),
    ("mrn: A-1553/87", "mrn", "A-1553/87"),
    ("MRN# 15538", "mrn", "15538"),
    ("medical record number is QX15538.", "mrn", "QX15538"),
    ("Medical Record No. 155387", "mrn", "155387"),
    ("chart no 155387", "mrn", "155387"),
    ("patient ID 155387", "mrn", "155387"),
    ("МRN: 155387", "mrn", "155387"),
    ("M\u200bRN: 155\u200b387", "mrn", "155\u200b387"),
    # member ids
    ("member id XYZ123456789", "member_id", "XYZ123456789"),
    ("Member ID: XYZ 1234 56789", "member_id", "XYZ 1234 56789"),
    ("subscriber number 88-12345", "member_id", "88-12345"),
    ("policy # 9912345", "member_id", "9912345"),
    ("Medicare ID 1EG4-TE5-MK73", "member_id", "1EG4-TE5-MK73"),
    ("MBI: 1EG4TE5MK73", "member_id", "1EG4TE5MK73"),
    ("insurance no: A9912345", "member_id", "A9912345"),
    # ICD-10-CM codes
    ("E11.9", "diagnosis", "E11.9"),
    ("for e11.9,", "diagnosis", "e11.9"),
    ("(M54.50)", "diagnosis", "M54.50"),
    ("S72.001A is", "diagnosis", "S72.001A"),
    ("T36.0X1A", "diagnosis", "T36.0X1A"),
    ("C50.A0", "diagnosis", "C50.A0"),
    ("M1A.00X0", "diagnosis", "M1A.00X0"),
    ("Z3A.28", "diagnosis", "Z3A.28"),
    ("U07.1", "diagnosis", "U07.1"),
    ("Е11.9 with a Cyrillic letter", "diagnosis", "Е11.9"),
    ("Ｅ１１.９", "diagnosis", "Ｅ１１.９"),
    ("E1\u200b1.9", "diagnosis", "E1\u200b1.9"),
    ("E11\u2024 9".replace(" ", ""), "diagnosis", "E11\u20249"),
    ("diagnosis I10", "diagnosis", "I10"),
    ("Dx: E119", "diagnosis", "E119"),
    ("ICD-10 code J45", "diagnosis", "J45"),
    ("diagnoses I10, E11 and J45", "diagnosis", "I10, E11 and J45"),
    # phone numbers
    ("Call 212-555-0188.", "contact", "212-555-0188"),
    ("(212) 555-0188", "contact", "(212) 555-0188"),
    ("+1 212 555 0188", "contact", "+1 212 555 0188"),
    ("212.555.0188", "contact", "212.555.0188"),
    ("+49 30 901820", "contact", "+49 30 901820"),
    ("２１２-５５５-０１８８", "contact", "２１２-５５５-０１８８"),
]


@pytest.mark.parametrize(("text", "kind", "what"), FOUND)
def test_what_identifies_or_describes_is_found_where_it_stands(text: str, kind: PhiKind, what: str) -> None:
    assert (kind, what) in kinds(text)


# --- left alone

LEFT = [
    # numbers that cannot be social security numbers
    "000-12-3456", "666-12-3456", "900-12-3456", "999-99-9999", "219-00-9999", "219-09-0000",
    "SSN 000123456", "219-09-99990", "1219-09-9999", "219-09-9999-1", "XXX-XX-9999", "ending in 9999", "219099999",
    "12-3456789", "ZIP 12345-6789",
    # dates that are no dates of birth
    "your visit on 04/03/2026", "effective 01/01/1990", "on April 3, 1981", "1981-04-03",
    "by March 5, 2026 at noon",
    "She was born in 1981.", "born on April 3", "DOB on file", "a birthday card, sent on Friday",
    "the 3rd of the month",
    # numbers with labels that are no identifiers
    "MRN on file", "Member id: ending in 8842", "member since 2019", "policy of our practice",
    "medical records of the visit",
    "patient is 44 years old", "MRN ending in 5387", "your insurance card", "insurance number", "chart review",
    "Medicare Part B", "member services at the number on your card",
    # what looks like a code and is none
    "vitamin B12", "room A12", "A1c", "Section D90.1", "H96.1 is beyond the chapter", "K96.0", "version V1.2",
    "B12.example.com",
    "see m25.com", "T89.1", "file e11.pdf", "E1.19", "I10", "J45", "E119", "CPT 97110", "HCPCS G0283", "CO-197",
    "PR-3",
    "Form W-9", "Q3 2026", "x86.64bit", "A4 paper", "the B20 bus",
    # other numbers
    "claim CLM-88-1234", "claim 20260115-0042", "$1,234.50", "$219-$999", "12:30-14:00", "5 x 12", "10.5 %",
    "555-0188",
    "AUTH-7 of 2026", "3.14159", "1234567890123456", "invoice 219-0999", "order 212-5550-188",
]  # fmt: skip


@pytest.mark.parametrize("text", LEFT)
def test_what_discloses_nothing_is_left_alone(text: str) -> None:
    assert kinds(text) == set()


# --- found because the records know it

KNOWS: list[tuple[str, PhiKind, str]] = [
    ("about MRN553 here", "mrn", "MRN553"),
    ("about mrn 553 here", "mrn", "mrn 553"),
    ("m-r-n/5 5 3", "mrn", "m-r-n/5 5 3"),
    ("BST553018842", "member_id", "BST553018842"),
    ("bst 553 018 842", "member_id", "bst 553 018 842"),
    ("BST-5530-\n18842", "member_id", "BST-5530-\n18842"),
    ("ВSТ553018842", "member_id", "ВSТ553018842"),
    ("BST５５３０１８８４２", "member_id", "BST５５３０１８８４２"),
    ("8842", "member_id", "8842"),
    ("04/03/1981", "birth_date", "04/03/1981"),
    ("3.4.1981", "birth_date", "3.4.1981"),
    ("4/3/81", "birth_date", "4/3/81"),
    ("April 3rd 1981", "birth_date", "April 3rd 1981"),
    ("3-Apr-1981", "birth_date", "3-Apr-1981"),
    ("19810403", "birth_date", "19810403"),
    ("04031981", "birth_date", "04031981"),
    ("1981/04/03", "birth_date", "1981/04/03"),
    ("1981-\n04-03", "birth_date", "1981-\n04-03"),
    ("2125550188", "contact", "2125550188"),
    ("low back pain", "diagnosis", "low back pain"),
    ("Low  Back\nPain", "diagnosis", "Low  Back\nPain"),
    ("m5450", "diagnosis", "m5450"),
    ("M54 50", "diagnosis", "M54 50"),
    ("G8929", "diagnosis", "G8929"),
    ("for Elena Vasquez", "name", "Elena Vasquez"),
    ("physical\ntherapy", "service", "physical\ntherapy"),
    ("claim clm-88", "claim", "clm-88"),
    ("you owe 182.40", "money", "182.40"),
    ("you come on 3/5/2026", "appointment", "3/5/2026"),
]


@pytest.mark.parametrize(("text", "kind", "what"), KNOWS)
def test_values_of_the_record_are_found_however_they_are_written(text: str, kind: PhiKind, what: str) -> None:
    assert (kind, what) in kinds(text, KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "AMRN553", "MRN5531", "BST5530188421", "88421", "04/04/1981", "April 1981", "elena", "Elenas", "lower back",
        "an office visit", "it was denied", "12 visits", "1182.40", "182.401", "physically", "painful",
        "(555) 555-0100", "Riverside Family Practice", "Amara Okonkwo, MD, practices", "10403", "1981", "backpain",
        "M54.501",
    ],
)  # fmt: skip
def test_what_only_resembles_the_record_is_left_alone(text: str) -> None:
    found = {one for one in kinds(text, KNOWN) if one != ("diagnosis", "M54.501") and one[0] != "appointment"}
    assert found == set()


def test_words_of_a_diagnosis_are_found_without_the_rest_of_it() -> None:
    known = Known(diagnoses=("Type 2 diabetes mellitus without complications (disorder)", "Acute bronchitis"))
    assert ("diagnosis", "Diabetes") in kinds("Diabetes care", known)
    assert ("diagnosis", "bronchitis") in kinds("your bronchitis", known)
    for text in ("without a doubt", "a disorder of the list", "an acute need", "type 2"):
        assert kinds(text, known) == set()


def test_where_two_fields_have_one_value_the_one_that_discloses_less_is_meant() -> None:
    known = Known({"visit.date": date(2026, 3, 5), "claim.submitted_date": date(2026, 3, 5)})
    assert {one.field for one in findings("on March 5, 2026", known)} == {"visit.date"}
    newborn = Known({"visit.date": date(2026, 3, 5), "patient.birth_date": date(2026, 3, 5)})
    assert {one.kind for one in findings("Come on March 5, 2026", newborn)} == {"appointment"}
    assert "birth_date" in {one.kind for one in findings("born on March 5, 2026", newborn)}


def test_short_record_numbers_are_not_taken_for_every_number() -> None:
    assert kinds("12 visits, room 1234, MRN 1234", Known({}, mrns=("12", "1234"))) == set()


@given(st.text(max_size=120))
def test_any_text_is_read_and_places_are_within_it(text: str) -> None:
    for one in findings(text, KNOWN):
        assert 0 <= one.start < one.end <= len(text)


@given(st.sampled_from([(text, kind) for text, kind, _ in FOUND]), st.data())
def test_invisible_characters_hide_nothing(row: tuple[str, PhiKind], data: st.DataObject) -> None:
    text, kind = row
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        text = (
            text[:at]
            + data.draw(st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u2066\x00\u0301"))
            + text[at:]
        )
    assert kind in {one.kind for one in findings(text, NOBODY)}


@given(
    st.from_regex(r"(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}", fullmatch=True),
    st.text(" .,;\n", max_size=3),
)
def test_every_possible_social_security_number_is_found(number: str, around: str) -> None:
    text = f"a {around}{number}{around} z"
    assert "ssn" in {one.kind for one in findings(text, NOBODY)} or f".{number}" in text or f"{number}." in text


@given(
    st.dates(date(1900, 1, 1), date(2025, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%B %d, %Y", "%d %b %Y"]),
)
def test_a_known_date_of_birth_is_found_in_every_usual_form(day: date, form: str) -> None:
    known = Known({"patient.birth_date": day})
    assert "birth_date" in {one.kind for one in findings(f"Patient, {day.strftime(form)}, please", known)}
    assert kinds(f"on {date(2031, 1, 1).strftime(form)}", known) == set()


# --- who may be told what


def test_limits_are_those_of_the_table_and_fit_the_kinds() -> None:
    assert LIMITS == TOLD
    assert set(ALLOWED) == set(LIMITS) == set(product(RECIPIENTS, CHANNELS))


def test_nobody_is_told_a_social_security_number_and_no_patient_a_diagnosis_by_email() -> None:
    assert not [whom for whom, allowed in ALLOWED.items() if "ssn" in allowed]
    for kind in ("diagnosis", "clinical", "birth_date"):
        assert not [whom for whom, allowed in ALLOWED.items() if kind in allowed and whom[1] == "plain_email"]
    assert "diagnosis" in ALLOWED["patient", "portal_link"]


def test_levels_are_in_order() -> None:
    assert highest([]) == "none"
    assert highest(["low", "high", "medium"]) == "high"
    assert [is_above(one, "low") for one in LEVELS] == [False, False, True, True]


TEXTS: dict[str, str] = {
    "none": "The office is closed on Monday.",
    "low": "Elena, you come on March 5, 2026.",
    "medium": "Elena, this is about claim CLM-88.",
    "high": "Elena, this is about M54.50.",
    "ssn": "Elena, 219-09-9999.",
}


@pytest.mark.parametrize(("recipient", "channel"), list(TOLD))
def test_level_of_a_letter_is_the_highest_in_it_and_the_limit_holds(recipient: RecipientKind, channel: Channel) -> None:
    limit = LEVELS.index(TOLD[recipient, channel])
    for number, level in enumerate(LEVELS):
        reading = measure(subject="News", body=TEXTS[level], recipient=recipient, channel=channel, known=KNOWN)
        assert reading.level == level
        assert reading.limit == LEVELS[limit]
        assert bool(reading.reasons) == (number > limit)
    worst = measure(subject="News", body=TEXTS["ssn"], recipient=recipient, channel=channel, known=KNOWN)
    assert "phi_not_for_recipient" in {one.code for one in worst.reasons}
    assert worst.ways_out == ("remove",)


@pytest.mark.parametrize(
    "subject", ["Elena", "Visit on 3/5/2026", "CLM-88", "E11.9", "$182.40", "MRN553", "212-555-0188"]
)
def test_a_subject_discloses_nothing_to_anybody(subject: str) -> None:
    for recipient, channel in TOLD:
        reading = measure(subject=subject, body="Hello", recipient=recipient, channel=channel, known=KNOWN)
        assert {one.code for one in reading.reasons} == {"phi_in_subject"}
        assert reading.ways_out == ("remove",)
    clean = measure(subject="From Riverside", body="Hello", recipient="other", channel="plain_email", known=KNOWN)
    assert clean.reasons == ()


def test_reasons_say_what_and_where_and_never_the_thing() -> None:
    body = "Elena, MRN553, born on 04/03/1981, has M54.50 (BST553018842, 219-09-9999)."
    reading = measure(subject="MRN553", body=body, recipient="patient", channel="plain_email", known=KNOWN)
    assert {one.finding.kind for one in reading.reasons} == {"mrn", "birth_date", "diagnosis", "member_id", "ssn"}
    for secret in ("553", "1981", "M54", "8842", "219", "Elena"):
        assert secret not in " ".join(one.text for one in reading.reasons)
        assert secret not in " ".join(reading.disclosed)
    (place,) = [one.finding for one in reading.reasons if one.finding.kind == "ssn"]
    assert body[place.start : place.end] == "219-09-9999"
    assert {"patient.mrn", "patient.birth_date", "ssn", "diagnosis"} <= set(reading.disclosed)


def test_portal_is_a_way_out_only_where_it_may_be_read_there() -> None:
    told: dict[str, Any] = {"subject": "News", "known": KNOWN, "channel": "plain_email"}
    assert measure(body="About M54.50", recipient="patient", **told).ways_out == ("remove", "portal_link")
    assert measure(body="About 219-09-9999", recipient="patient", **told).ways_out == ("remove",)
    assert measure(body="About M54.50", recipient="other", **told).ways_out == ("remove",)
    assert measure(body="Elena", recipient="other", **told).ways_out == ("remove", "portal_link")
    assert measure(body="Hello", recipient="other", **told).ways_out == ()


@given(
    st.lists(st.sampled_from([text for text, *_ in (*FOUND, *KNOWS)] + LEFT), max_size=6), st.sampled_from(list(TOLD))
)
def test_removing_makes_every_letter_fit_and_takes_nothing_else(texts: list[str], whom: Any) -> None:
    recipient, channel = whom
    subject, body = (
        (texts[0] if texts else "").replace("\n", " "),
        "Dear you,\n" + " and\n".join(texts) + "\nThank you.",
    )
    for _ in range(len(texts) + 2):
        reading = measure(subject=subject, body=body, recipient=recipient, channel=channel, known=KNOWN)
        if not reading.reasons:
            break
        subject, body = remove(subject, reading.reasons, part="subject"), remove(body, reading.reasons)
    assert not reading.reasons
    assert body.startswith("Dear you,\n")
    assert body.endswith("\nThank you.")


def test_removing_marks_each_place_once() -> None:
    body = "a 219-09-9999 b M54.50 c"
    reading = measure(subject="x", body=body, recipient="patient", channel="plain_email", known=KNOWN)
    assert remove(body, reading.reasons) == f"a {REMOVED} b {REMOVED} c"
    assert remove(body, reading.reasons, part="subject") == body
    assert remove(body, ()) == body


def test_amounts_are_found_with_and_without_their_signs() -> None:
    known = Known({"claim.balance": Decimal("1182.40")})
    for text in ("$1,182.40", "1182.40", "$1182.40", "1,182.40 USD"):
        assert {one.kind for one in findings(text, known)} == {"money"}
    for text in ("$11,182.40", "1,182.4", "$1,182", "1182.405"):
        assert findings(text, known) == ()
