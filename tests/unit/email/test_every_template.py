"""Every template in every tone, length and simplification: nothing unresolved, nothing above the ceiling, readable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from html.parser import HTMLParser
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from shared.catalog import ROOT
from shared.domain.email.addresses import subject_line
from shared.domain.email.composing import Composed, Length, Style, compose
from shared.domain.email.fields import FIELDS, Value, shown
from shared.domain.email.findings import Known
from shared.domain.email.html_part import html_part
from shared.domain.email.merging import is_resolved
from shared.domain.email.phi import ALLOWED, is_above
from shared.domain.email.phi_meter import measure
from shared.domain.email.template import TONES, Template
from shared.domain.email.templates import NAMES, template, templates
from shared.importing.fhir import parse_fhir
from shared.importing.synthea_csv import parse_synthea_folder
from shared.models.imported import ImportBatch
from tests.unit.email.letters import ANSWERS, DEMO, KNOWN, PRACTICE, canaries

LENGTHS: tuple[Length, ...] = ("short", "standard", "long")
STYLES = [Style(tone, length, simplified) for tone, length, simplified in product(TONES, LENGTHS, (False, True))]
DATA = ROOT.parent / "shared" / "data"
FHIR, CSV = DATA / "fhir-r4-synthea", DATA / "synthea-csv-27"
ZONE = ZoneInfo("America/New_York")
EVERY = frozenset({
    "appt_reminder", "appt_reschedule", "no_show_rebook", "insurance_info_needed", "coverage_inactive_notice",
    "cob_update_request", "copay_estimate", "balance_reminder", "payment_plan", "auth_submitted_patient",
    "auth_approved_patient", "auth_denied_patient", "auth_status_inquiry", "auth_additional_docs",
    "peer_to_peer_request", "claim_status_inquiry", "corrected_claim_cover", "appeal_timely_filing",
    "appeal_no_auth", "appeal_medical_necessity", "records_request", "referral_request",
    "provider_query_documentation", "handoff_note", "shift_summary",
})  # fmt: skip


class Words(HTMLParser):
    """The text of an HTML part, and the tags that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.said = set[str](), list[str]()

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def reread(letter: Composed) -> tuple[str, str, str]:
    """The subject, the plain and the HTML text as a mail program reads them."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = "a@practice.example", "b@patient.example"
    message["Subject"] = subject_line(letter.subject)
    message.set_content(letter.body)
    message.add_alternative(html_part(letter.body), subtype="html")
    read = message_from_bytes(message.as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert not read.defects
    assert set(read.keys()) == {"From", "To", "Subject", "MIME-Version", "Content-Type"}
    plain, html = read.get_body(("plain",)), read.get_body(("html",))
    assert plain is not None
    assert html is not None
    return read["Subject"], plain.get_content(), html.get_content()


def check(of: Template, letter: Composed, known: Known, *, all_told: bool = True) -> None:
    """What must hold for every letter that could be sent."""
    subject, plain, html = reread(letter)
    if all_told:
        assert letter.missing == ()
        assert is_resolved(subject + plain + html)
    words = Words()
    words.feed(html)
    assert words.tags <= {"html", "head", "meta", "body", "p", "br"}
    assert "".join(words.said).split() == plain.split() == letter.body.split()
    reading = measure(subject=subject, body=plain, recipient=of.recipient, channel=of.channel, known=known)
    assert reading.reasons == (), [(one.finding.kind, one.finding.field) for one in reading.reasons]
    assert not is_above(reading.level, of.ceiling)
    assert not [line for line in letter.body.splitlines() if "  " in line or line != line.strip()]
    assert ".." not in letter.body


def test_every_template_of_the_design_is_there() -> None:
    assert set(NAMES) == EVERY


@pytest.mark.parametrize("name", NAMES)
def test_every_style_of_a_template_is_whole_and_within_its_ceiling(name: str) -> None:
    for style in STYLES:
        check(template(name), compose(template(name), style, DEMO), KNOWN)


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_without_any_optional_value_is_whole_too(name: str) -> None:
    of = template(name)
    needed = set(compose(of, Style(length="long"), {}).missing)
    values = {field: DEMO[field] for field in needed}
    for style in STYLES:
        check(of, compose(of, style, values), Known(values))


@pytest.mark.parametrize("name", NAMES)
def test_canaries_show_what_a_template_discloses(name: str) -> None:
    """Each value is a string that is found nowhere else: whatever stands in a letter is known by it."""
    of, values = template(name), canaries()
    ceiling, allowed = of.ceiling, ALLOWED[of.recipient, of.channel]
    told = {field: shown(FIELDS[field], value) for field, value in values.items()}
    for style in STYLES:
        letter = compose(of, style, values)
        parts = (letter.subject, letter.body, html_part(letter.body))
        for field, said in told.items():
            found = [said in part for part in parts]
            assert found[1:] == [field in letter.used] * 2 or field == "organisation.name"
            if any(found) and FIELDS[field].kind is not None:
                assert not is_above(FIELDS[field].level, ceiling)
                assert FIELDS[field].kind in allowed
                assert not found[0]
        for field in ("patient.mrn", "coverage.member_id", "patient.phone"):
            assert str(values[field]) not in "".join(parts)


def test_canaries_are_told_apart() -> None:
    told = [shown(FIELDS[field], value) for field, value in canaries().items()]
    assert len(set(told)) == len(told)
    assert not [one for one in told for other in told if one is not other and one in other]


def test_no_patient_is_told_a_diagnosis_or_a_number_over_plain_email() -> None:
    for of in templates():
        if (of.recipient, of.channel) == ("patient", "plain_email"):
            assert not {one.kind for one in of.fields} & {
                "diagnosis",
                "clinical",
                "mrn",
                "member_id",
                "service",
                "claim",
            }


@pytest.mark.parametrize("name", NAMES)
def test_tones_have_words_of_their_own_unless_they_say_whose_they_share(name: str) -> None:
    of = template(name)
    bodies = {tone: compose(of, Style(tone), DEMO).body for tone in TONES}
    for tone, whose in of.shares.items():
        assert bodies[tone] == bodies[whose]
    own = [bodies[tone] for tone in TONES if tone not in of.shares]
    assert len(set(own)) == len(own)


@pytest.mark.parametrize("name", NAMES)
def test_lengths_differ_and_longer_letters_say_all_that_shorter_ones_do(name: str) -> None:
    for tone in TONES:
        short, standard, long = (compose(template(name), Style(tone, length), DEMO) for length in LENGTHS)
        assert len(short.body) <= len(standard.body) < len(long.body)
        assert set(short.used) <= set(standard.used) <= set(long.used)
    bodies = [compose(template(name), Style(length=length), DEMO).body for length in LENGTHS[:2]]
    assert bodies[0] != bodies[1] or name in {"corrected_claim_cover", "records_request", "peer_to_peer_request"}


@pytest.mark.parametrize("name", NAMES)
def test_concise_is_the_shortest_of_the_tones(name: str) -> None:
    sizes = {tone: len(compose(template(name), Style(tone), DEMO).body) for tone in TONES}
    assert min(sizes, key=lambda tone: sizes[tone]) == "concise"


# --- imported patients


@cache
def imported() -> tuple[ImportBatch, ...]:
    batches = [parse_fhir(json.loads(file.read_bytes()), zone=ZONE) for file in sorted(FHIR.glob("*.json"))]
    return (*batches, parse_synthea_folder(CSV, zone=ZONE))


@cache
def patients() -> tuple[tuple[dict[str, Value], Known], ...]:
    return tuple(values_of_patients())


def values_of_patients() -> Iterator[tuple[dict[str, Value], Known]]:
    """What the records say of each imported patient, with what people would fill in."""
    for batch in imported():
        payers = {one.number: one for one in batch.payers}
        providers = {one.source_ref: one for one in batch.providers}
        for patient in batch.patients:
            mine = patient.source_ref
            visits = [one for one in batch.visits if one.patient == mine]
            claims = [one for one in batch.claims if one.patient == mine]
            coverages = [one for one in batch.coverages if one.patient == mine and one.member_id]
            values = {**PRACTICE, **ANSWERS, "patient.first_name": patient.first_name}
            values |= {
                "patient.last_name": patient.last_name,
                "patient.mrn": patient.mrn,
                "patient.phone": patient.phone,
            }
            values |= {"patient.full_name": f"{patient.first_name} {patient.last_name}"}
            values |= {"patient.birth_date": patient.date_of_birth, "payer.name": "Acme Health"}
            for visit in visits[-1:]:
                starts = None if visit.starts_at is None else visit.starts_at.astimezone(ZONE).time()
                provider = providers.get(visit.provider or "")
                values |= {"visit.date": visit.visit_date, "visit.time": starts, "visit.number": visit.number}
                values |= {"visit.provider": None if provider is None else provider.name}
            for claim in claims[-1:]:
                values |= {"claim.number": claim.number, "claim.amount": claim.amount, "claim.status": claim.status}
                values |= {"claim.service_date": claim.service_date, "claim.submitted_date": claim.submitted_date}
            for coverage in coverages[-1:]:
                values |= {"coverage.member_id": coverage.member_id, "coverage.plan_name": coverage.plan_name}
                values |= {"payer.name": payers[coverage.payer].name, "coverage.period_end": coverage.period_end}
            reasons = tuple(one.reason for one in visits if one.reason)
            ids = tuple(one.member_id for one in coverages if one.member_id)
            yield values, Known(values, member_ids=ids, diagnoses=reasons)


# What the sample data does not hold is filled in as a person would.
FILLED: dict[str, Value] = {
    "visit.date": date(2026, 3, 5),
    "visit.time": datetime(2026, 3, 5, 14, 30, tzinfo=ZONE).time(),
    "claim.number": "CLM-1",
    "claim.submitted_date": date(2026, 1, 15),
    "claim.diagnosis_codes": ("M54.50",),
    "claim.procedure_codes": ("97110",),
    "authorization.number": "AUTH-7",
    "author.changes": "The modifier of the second line.",
    "coverage.estimate": Decimal("45.00"),
}


@pytest.mark.skipif(not FHIR.is_dir() or not CSV.is_dir(), reason="the reference data (../shared/data) is not there")
@pytest.mark.parametrize("name", NAMES)
def test_every_imported_patient_can_be_written_to_in_every_tone(name: str, full_volume: bool) -> None:
    """At reduced volume each patient is written to in one of the tones, in turn."""
    of, count = template(name), 0
    for values, known in patients():
        whole = {**FILLED, **{field: value for field, value in values.items() if value}}
        for tone in TONES if full_volume else (TONES[count % len(TONES)],):
            letter = compose(of, Style(tone, "long"), whole)
            check(of, letter, Known(whole, known.mrns, known.member_ids, known.phones, known.diagnoses))
        for identifier in (str(values["patient.mrn"]), *known.member_ids):
            assert identifier not in letter.subject + letter.body
        count += 1
    assert count == 39
