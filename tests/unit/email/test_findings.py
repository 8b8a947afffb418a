"""The detector: what it finds, through every disguise, and what it leaves alone."""

# ruff: noqa: RUF001 (look-alikes are what this is about)
from __future__ import annotations

import time
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.email.facts import same_facts
from shared.domain.email.fields import Value
from shared.domain.email.findings import Known, findings
from shared.domain.email.html_part import html_part
from shared.domain.email.merging import merge
from shared.domain.email.phi import (
    PhiKind,
)
from shared.domain.email.plain_text import letter_text
from shared.domain.email.revisions import difference
from shared.errors import ValidationFailedError
from tests.unit.email.letters import KNOWN

NOBODY = Known()


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
    ("SSN of the patient 123456789", "ssn", "123456789"),
    ("SSN for Ana is 123456789", "ssn", "123456789"),
    ("Social Security no. 123456789", "ssn", "123456789"),
    ("Ana's SSN, as told: 123_456_789", "ssn", "123_456_789"),
    ("123/45/6789", "ssn", "123/45/6789"),
    ("123--45--6789", "ssn", "123--45--6789"),
    ("123_45_6789", "ssn", "123_45_6789"),
    ("1\ufe0f\u20e323-45-6789", "ssn", "1\ufe0f\u20e323-45-6789"),
    ("SSN 1\u20e32\u20e33\u20e3456789", "ssn", "1\u20e32\u20e33\u20e3456789"),
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
    ("DOB for Helena Ruiz is 04/03/1981", "birth_date", "04/03/1981"),
    ("DOB 03 04 1980", "birth_date", "03 04 1980"),
    ("DOB: 1980 03 04", "birth_date", "1980 03 04"),
    ("DOB: 1980 March 4", "birth_date", "1980 March 4"),
    ("DOB.03/04/1980", "birth_date", "03/04/1980"),
    ("born 3_4_1980", "birth_date", "3_4_1980"),
    ("born on the 4th day of March 1980", "birth_date", "4th day of March 1980"),
    # medical record numbers
    ("MRN 00155387", "mrn", "00155387"),
    ("mrn: A-1553/87", "mrn", "A-1553/87"),
    ("MRN# 15538", "mrn", "15538"),
    ("medical record number is QX15538.", "mrn", "QX15538"),
    ("Medical Record No. 155387", "mrn", "155387"),
    ("chart no 155387", "mrn", "155387"),
    ("chart 77812345", "mrn", "77812345"),
    ("Chart: A7781", "mrn", "A7781"),
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
    ("Mbr ID XYZ987654321", "member_id", "XYZ987654321"),
    ("subscriber XYZ987654321", "member_id", "XYZ987654321"),
    ("for 1EG4-TE5-MK73 only", "member_id", "1EG4-TE5-MK73"),
    ("for 1eg4te5mk73 only", "member_id", "1eg4te5mk73"),
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
    ("F32,1", "diagnosis", "F32,1"),
    ("for E 11.9,", "diagnosis", "E 11.9"),
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
    "12-3456789", "ZIP 12345-6789", "SSN on file. Claim 123456789", "Social Security claim 123456789",
    "Social Security, Baltimore MD 21235-0001", "Social Security pays $123,456,789", "123/45/67890", "12/345/6789",
    "SSN ending in 6789", "1/123/45/6789",
    # dates that are no dates of birth
    "your visit on 04/03/2026", "effective 01/01/1990", "on April 3, 1981", "1981-04-03",
    "by March 5, 2026 at noon",
    "She was born in 1981.", "born on April 3", "DOB on file", "a birthday card, sent on Friday",
    "the 3rd of the month",
    "The baby was born. Come on 04/03/2026",
    # numbers with labels that are no identifiers
    "chart 97110", "chart: see page 12", "member since 20 years", "a subscriber of 2019", "Mbr services",
    "1SG4-TE5-MK73", "0EG4-TE5-MK73", "1EG4-TE5-MK731", "EG4-TE5-MK73",
    "visit 03 04 1980", "the 4th day of March 1980", "1980 March 4",
    "MRN on file", "Member id: ending in 8842", "member since 2019", "policy of our practice",
    "medical records of the visit",
    "patient is 44 years old", "MRN ending in 5387", "your insurance card", "insurance number", "chart review",
    "Medicare Part B", "member services at the number on your card",
    # what looks like a code and is none
    "a 10.5 % rise", "I 10.5", "Plan G 20.50", "E 11.9%", "rooms A10,000", "rooms B12, 5 and 6", "Phase E 11.9",
    "Suite B 12.5",
    "rev. F 32.10", "Level C 10.25",
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
    ("About ELENA VASQUEZ", "name", "ELENA VASQUEZ"),
    ("elena vasquez is our patient", "name", "elena vasquez"),
    ("the vasquez file", "name", "vasquez"),
    ("ELENA is here", "name", "ELENA"),
    ("for El\u0301ena", "name", "El\u0301ena"),
    ("1981 April 3", "birth_date", "1981 April 3"),
    ("04 03 1981", "birth_date", "04 03 1981"),
    ("4_3_1981", "birth_date", "4_3_1981"),
    ("the 3rd day of April 1981", "birth_date", "3rd day of April 1981"),
    ("M54,50", "diagnosis", "M54,50"),
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


@pytest.mark.parametrize("recorded", ["Jos\u00e9 Pe\u00f1a", "Jose\u0301 Pen\u0303a"])
@pytest.mark.parametrize(
    "written", ["Jos\u00e9 Pe\u00f1a", "Jose\u0301 Pen\u0303a", "JOS\u00c9 PE\u00d1A", "jose pena"]
)
def test_names_are_found_however_their_accents_are_written(recorded: str, written: str) -> None:
    first, last = recorded.split()
    known = Known({"patient.first_name": first, "patient.last_name": last, "patient.full_name": recorded})
    text = f"\u00c0 propos: {written}\u0301, please"
    found = {text[one.start : one.end].rstrip("\u0301") for one in findings(text, known)}
    assert written.rstrip("\u0301") in found
    assert kinds("Josefa Penas", known) == set()


def test_a_first_name_that_is_a_word_is_found_only_with_a_capital() -> None:
    known = Known({"patient.first_name": "GRACE", "patient.last_name": "Li"})
    assert kinds("within the grace period", known) == set()
    assert {what for _, what in kinds("Grace or GRACE LI", known)} == {"Grace", "GRACE", "LI"}


def test_the_name_of_the_practice_is_not_the_patients() -> None:
    names: dict[str, Value] = {
        "patient.first_name": "Ana", "patient.last_name": "Park", "patient.full_name": "Ana Park",
        "organisation.name": "Park Family Practice", "author.name": "Ana Soto", "provider.name": "Park",
        "organisation.portal_link": "https://park.example/",
    }  # fmt: skip
    known = Known(names)
    assert kinds("Ana Soto, Park  Family\nPractice, https://park.example/", known) == set()
    assert kinds("Park, of Park Family Practice", known) == {("name", "Park")}
    assert ("name", "Ana Park") in kinds("Ana Park", known)
    solo = Known({**names, "author.name": "Dr. Ana Park", "organisation.name": "Ana Park Clinic"})
    for text in ("Dr. Ana Park", "Ana Park Clinic"):
        assert ("name", "Ana Park") in kinds(text, solo)


def test_short_record_numbers_are_found_only_where_the_text_calls_them_so() -> None:
    known = Known({}, mrns=("12", "1234"), member_ids=("77",))
    assert kinds("12 visits, room 1234, 77 days, MRN 34", known) == set()
    assert kinds("MRN 1234", known) == {("mrn", "1234")}
    assert kinds("chart no. 12; member id: 77", known) == {("mrn", "12"), ("member_id", "77")}


def test_phone_numbers_that_the_practice_tells_everybody_are_nobodys() -> None:
    for text in ("(555) 555-0100", "555-555-0100", "+1 555.555.0100", "555 555 0140"):
        assert kinds(text, KNOWN) == set()
    assert kinds("555-555-0102", KNOWN) == {("contact", "555-555-0102")}


def test_short_diagnoses_are_found_where_they_are_all_that_tells() -> None:
    known = Known(diagnoses=("Gout (disorder)", "HIV infection", "Low back pain (finding)"))
    assert kinds("your gout", known) == {("diagnosis", "gout")}
    assert ("diagnosis", "HIV") in kinds("the HIV clinic", known)
    assert kinds("back at a low price, without pain", known) == set()


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


LONGEST = 20_000


@pytest.mark.parametrize(
    "piece",
    ["a", "1", "a.", "a-1", "1 ", "1-", "mrn 1 ", "member id ", "{{", "{{ ", "\n", " \n", "A1.", "born 1/1/19", "$1,",
     "ssn a ", "social security ", "1 1 ", "1_", "1980 ", "chart ", "1EG4", "E 1", "E11,", "A ",
     "(", "@", "a@", "E11 .", "icd ", "X'", "\u200b1", "219-09-", "X. ", "http://"],
)  # fmt: skip
def test_long_texts_are_read_in_a_time_that_grows_with_their_length_only(piece: str) -> None:
    """What is quadratic takes minutes here; processor time, so that a busy machine does not matter."""
    text = piece * (LONGEST // len(piece))
    begun = time.process_time()
    findings(text, KNOWN)
    same_facts(text, text[::-1][: LONGEST // 2])
    difference(text, text[::-1][: LONGEST // 2])
    html_part(letter_text(text))
    with suppress(ValidationFailedError):
        merge(text, {})
    assert time.process_time() - begun < 10


def test_amounts_are_found_with_and_without_their_signs() -> None:
    known = Known({"claim.balance": Decimal("1182.40")})
    for text in ("$1,182.40", "1182.40", "$1182.40", "1,182.40 USD"):
        assert {one.kind for one in findings(text, known)} == {"money"}
    for text in ("$11,182.40", "1,182.4", "$1,182", "1182.405"):
        assert findings(text, known) == ()
