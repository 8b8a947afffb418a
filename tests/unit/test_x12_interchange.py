"""Interchanges: whatever the delimiters and line ends, everything is read; what breaks off or is no X12 is refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from shared.x12 import segments as limits
from shared.x12.errors import UnreadableInterchangeError
from shared.x12.interchange import read_interchanges
from tests.unit.x12_samples import (
    ACTIVE,
    HEADER_271,
    answer_to,
    answered,
    answers,
    interchange,
    published,
    published_or_skip,
)

TEXT = answer_to("EB*1*IND*30^98**GOLD", "EB*B**98***27*10")
FOLDERS = (
    "270_005010X279A1",
    "271_005010X279A1",
    "276_005010X212",
    "277_005010X212",
    "834_005010X220A1",
    "835_005010X221A1",
    "837_004010X096A1",
    "837_004010X098A1",
    "837_005010X222A2",
    "837_005010X223A3",
)


def fault_of(content: str | bytes) -> tuple[str, int]:
    with pytest.raises(UnreadableInterchangeError) as caught:
        read_interchanges(content)
    assert str(caught.value).startswith(f"Segment {caught.value.segment}: ")
    return caught.value.reason, caught.value.segment


def wrapped(text: str, width: int, line_end: str = "\r\n") -> str:
    return line_end.join(text[start : start + width] for start in range(0, len(text), width))


@pytest.mark.parametrize("path", published_or_skip(*FOLDERS))
def test_published_sample_is_read_and_its_counts_are_right(path: Path) -> None:
    (one,) = read_interchanges(path.read_bytes())
    assert one.faults == ()
    folder_set, _, version = path.parent.name.partition("_")
    assert {(t.set_id, t.version) for t in one.transactions} == {(folder_set, version)}
    codes = [fault.code for t in one.transactions for fault in t.faults]
    # the one published file whose trailer repeats another number than its header
    assert codes == (["control_number"] if path.name == "subscriber-health-benefit-check-error.271" else [])


def test_there_are_sixty_one_published_samples() -> None:
    found = published(*FOLDERS)
    if not found:
        pytest.skip("the published samples are not there")
    assert len(found) == 61


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\n\n", " \r\n"])
def test_line_ends_after_terminators_are_no_data(line_end: str) -> None:
    assert answers(TEXT.replace("~", f"~{line_end}")) == answers(TEXT)


@pytest.mark.parametrize("width", [1, 7, 79, 80, 105, 106, 107])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_lines_may_be_wrapped_anywhere(width: int, line_end: str) -> None:
    assert answers(wrapped(TEXT, width, line_end)) == answers(TEXT)


@pytest.mark.parametrize("terminator", ["\n", "\r\n", "\r"])
def test_a_line_end_can_be_the_terminator(terminator: str) -> None:
    assert answers(TEXT.replace("~", terminator)) == answers(TEXT)


@pytest.mark.parametrize(
    "signs", ["|>~^", "\x1d\x1f\x1c\x1e", "+:'*", "!@#$", "~*^:", "\x07\x08\x0b\x0c", "¦§¬¶", "\\/;."], ids=repr
)
def test_delimiters_come_from_the_header(signs: str) -> None:
    element, component, terminator, repetition = tuple(signs)
    table = {"*": element, ":": component, "~": terminator, "^": repetition}
    text = "".join(table.get(sign, sign) for sign in TEXT.replace("T-1", "T1"))
    (given,) = answers(text)
    (plain,) = answers(TEXT)
    assert given.benefits == plain.benefits
    assert given.person == plain.person


def test_byte_order_mark_blanks_and_nuls_around_are_no_data() -> None:
    assert answers(b"\xef\xbb\xbf \r\n" + TEXT.encode() + b"\r\n\x1a\x00\x00") == answers(TEXT)


def test_latin_1_is_read_where_it_is_no_utf_8() -> None:
    (answer,) = answers(TEXT.replace("SMITH", "GARCÍA").encode("latin-1"))
    assert answer.person is not None
    assert answer.person.last_name == "GARCÍA"


def test_lower_case_ids_repeated_separators_and_empty_trailing_elements_are_read() -> None:
    text = answer_to("eb*1*IND*^^30^^98^**GOLD****************", "ref***")
    benefit = answers(text.replace("NM1*IL", "nm1*IL").replace("SE*", "se*"))[0].benefits[0]
    assert (benefit.service_types, benefit.plan) == (("30", "98"), "GOLD")


def test_a_header_that_is_not_padded_is_read() -> None:
    text = TEXT.replace("*          *00*          *", "**00**").replace("PAYER          *", "PAYER*")
    assert answers(text) == answers(TEXT)


def test_blank_segments_are_no_data() -> None:
    assert answers(TEXT.replace("~", "~~\n~")) == answers(TEXT)


def test_before_version_00402_nothing_repeats() -> None:
    text = answer_to("EB*1**U30").replace("*^*00501*", "*U*00401*")
    assert answers(text)[0].benefits[0].service_types == ("U30",)


def test_several_interchanges_groups_and_transactions_are_read_each_with_its_delimiters() -> None:
    other = TEXT.replace("*", "|").replace("~", "\n")
    body = (
        "ST*271*0001~BHT*1~SE*3*0001~ST*271*0002~SE*2*0002~GE*2*1~GS*HB*A*B*20260504*1230*2*X*V~GE*0*2~IEA*2*000000905~"
    )
    several = TEXT[: TEXT.index("ST*")] + body
    first, second, third = read_interchanges(f"{TEXT}\n{other}{several}")
    assert (first.header.delimiters.element, second.header.delimiters.element) == ("*", "|")
    assert [len(group.transactions) for group in third.groups] == [2, 0]
    assert third.faults == ()
    assert [len(transaction.segments) for transaction in third.transactions] == [1, 0]


def test_envelope_says_who_to_whom() -> None:
    (one,) = read_interchanges(TEXT)
    assert (one.sender, one.receiver, one.control_number, one.version) == ("PAYER", "CLINIC", "000000905", "00501")
    assert (one.groups[0].functional_id, one.groups[0].version) == ("HB", "005010X279A1")


@pytest.mark.parametrize(
    ("trailer", "wrong", "code"),
    [
        ("SE*13*0001", "SE*12*0001", "segment_count"),
        ("SE*13*0001", "SE**0001", "segment_count"),
        ("SE*13*0001", "SE*13*0002", "control_number"),
        ("GE*1*1", "GE*2*1", "transaction_count"),
        ("GE*1*1", "GE*1*9", "control_number"),
        ("IEA*1*000000905", "IEA*3*000000905", "group_count"),
        ("IEA*1*000000905", "IEA*1*000000904", "control_number"),
    ],
)
def test_counts_and_control_numbers_are_reported_not_trusted(trailer: str, wrong: str, code: str) -> None:
    assert trailer in TEXT
    (one,) = read_interchanges(TEXT.replace(trailer, wrong))
    (fault,) = (*one.faults, *one.transactions[0].faults)
    assert fault.code == code
    assert one.transactions[0].incomplete == (code == "segment_count")


def test_leading_zeros_of_counts_and_numbers_do_not_count() -> None:
    (one,) = read_interchanges(TEXT.replace("SE*13*0001", "SE*0013*1"))
    assert one.transactions[0].faults == ()


def test_truncated_anywhere_is_refused_with_its_segment() -> None:
    starts = [0] + [at + 1 for at, sign in enumerate(TEXT) if sign == "~"]
    last = TEXT.rindex("IEA*")
    for cut in range(1, last + 4):
        reason, segment = fault_of(TEXT[:cut])
        assert reason in {"truncated", "isa_expected", "isa_incomplete", "delimiter"}
        begun = sum(start < cut for start in starts)
        assert segment in {begun, begun + 1}


def test_the_very_last_terminator_may_be_missing() -> None:
    assert answers(TEXT[:-1]) == answers(TEXT)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "empty"),
        (b"", "empty"),
        (" \r\n ", "empty"),
        ("<html><body>Service unavailable</body></html>", "isa_expected"),
        ('{"error": "no"}', "isa_expected"),
        ("ISA", "isa_expected"),
        ("ISA*00*", "isa_incomplete"),
        (b"\xff\xfeI\x00S\x00A\x00", "isa_expected"),
        (TEXT.replace("*", "A"), "delimiter"),
        (TEXT.replace("*P*:~", "*P**~"), "delimiter"),
        (TEXT + "and more", "isa_expected"),
        (TEXT.replace("GS*", "XX*"), "unexpected"),
        (TEXT.replace("ST*271", "XX*271"), "unexpected"),
        (TEXT.replace("SE*", "XX*"), "unexpected"),
        (TEXT.replace("GE*1*1~", ""), "unexpected"),
        (TEXT.replace("HL*2*1*21*1", "ST*271*0002"), "unexpected"),
        (TEXT.replace("HL*2*1*21*1", "ISA*00"), "unexpected"),
        (TEXT.replace("HL*2*1*21*1", "TA1*1"), None),
    ],
)
def test_what_is_no_interchange_is_refused_with_a_reason(content: str | bytes, reason: str | None) -> None:
    if reason is None:
        assert read_interchanges(content)
    else:
        assert fault_of(content)[0] == reason


def test_a_refusal_quotes_nothing_of_the_input() -> None:
    with pytest.raises(UnreadableInterchangeError) as caught:
        read_interchanges(TEXT.replace("GE*1*1~", "GE*CANARY*1~CANARY*CANARY~"))
    assert "CANARY" not in str(caught.value)


def test_over_a_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fault_of(TEXT.replace("GOLD", "G" * (limits.MAX_SEGMENT_LENGTH + 1)))[0] == "segment_too_long"
    assert fault_of(TEXT.replace("GOLD", "*" * (limits.MAX_ELEMENTS + 1)))[0] == "too_many_elements"
    assert fault_of("ISA" + " " * limits.MAX_BYTES)[0] == "too_large"
    monkeypatch.setattr(limits, "MAX_SEGMENTS", 10)
    assert fault_of(TEXT) == ("too_large", 11)
    assert fault_of(TEXT.replace("GS*", "~" * 12 + "GS*"))[0] == "too_large"


def test_reading_takes_time_in_proportion_to_the_length() -> None:
    """Four times as many benefits: a quadratic reader would need 16 times as long."""

    def seconds(lines: int) -> float:
        text = interchange(
            *HEADER_271, "HL*2*1*22*0", "NM1*IL*1*SMITH", *["EB*B**98^30**GOLD*27*10.00*****Y", "MSG*CALL US"] * lines
        )
        best = 9e9
        for _ in range(2):
            start = time.process_time()
            (answer,) = answers(text)
            best = min(best, time.process_time() - start)
        assert len(answer.benefits) == lines
        return best

    assert seconds(20_000) < 10 * seconds(5_000)


def test_active_sample_is_what_the_other_tests_build_on() -> None:
    assert answered(ACTIVE).unread == ()
