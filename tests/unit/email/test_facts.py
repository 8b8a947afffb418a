"""The check of other words: what says the same passes, and no changed, added, lost or exchanged fact does."""

# ruff: noqa: RUF001 (look-alikes are what this is about)
from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain.email.composing import Style, compose
from shared.domain.email.facts import same_facts
from shared.domain.email.template import TONES
from shared.domain.email.templates import NAMES, template
from tests.unit.email.letters import DEMO

NAMES_KNOWN = ("Elena Vasquez", "Amara Okonkwo", "Bluestem Health Plan")


def changes(before: str, after: str) -> set[tuple[str, str, str]]:
    return {(one.change, one.kind, one.fact) for one in same_facts(before, after, names=NAMES_KNOWN)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("You owe $20.00.", "Your balance is $20."),
        ("You owe $1,234.50 now.", "Please pay 1234.50 dollars."),
        ("Please call us at (555) 555-0140 at 2:30 PM.", "Kindly ring 555-555-0140 at 14:30."),
        ("You have two visits left.", "There are 2 visits left for you."),
        ("Claim CLM-88 isn't paid.", "The claim clm-88 is not paid."),
        ("Please do not hesitate to call.", "Please call."),
        ("Elena, come on March 5, 2026.", "Elena, please come on 2026-03-05."),
        ("Elena is to see us. Elena is well.", "We look forward to Elena's visit."),
        ("We see a fracture in both images.", "A fracture is seen."),
        ("Your exams are ready.", "The exam is ready for you."),
        ("It will start soon.", "It begins soon."),
        ("The fifth visit.", "It is visit 5."),
        ("We approved it on the 3rd.", "It was approved by us on the 3."),
        ("Your copay is 20%.", "20 percent is your copay."),
        ("It costs us nothing to ask.", "To ask us costs nothing."),
        ("Call before noon.", "Please ring us before noon, thank you."),
        ("See https://a.example/x?y=1.", "Look at https://a.example/x?y=1"),
        ("Dear {{patient.first_name}}, hello.", "Hello {{patient.first_name}}."),
        ("The plan denied it.", "The plan declined it."),
        ("We will send you the form.", "You will receive the form."),
        ("The form will be sent to you.", "We'll mail you the form."),
        ("We have been paid.", "It was paid, thank you."),
        ("You can send us all of the forms.", "Please send us the forms."),
        ("We hope you pay soon.", "Please pay soon."),
        ("", ""),
    ],
)  # fmt: skip
def test_other_words_for_the_same_facts_pass(before: str, after: str) -> None:
    assert changes(before, after) == set()


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("You owe $20.", "You owe $200.", "amount"),
        ("You owe $20.", "You owe \u20ac20.", "amount"),
        ("You owe $20.", "You owe 20.", "amount"),
        ("You owe $20.", "You owe something.", "amount"),
        ("You owe something.", "You owe $20.", "amount"),
        ("You owe -$5.", "You owe $5.", "amount"),
        ("You owe $1,000.", "You owe $1.000.", "amount"),
        ("You owe $20.", "You owe $２0０.", "amount"),
        ("You owe $20.", "You owe $2\u200b00.", "amount"),
        ("20 cents", "20 dollars", "amount"),
        ("20% of it", "20 of it", "amount"),
        ("Elena owes $20, Bob $30.", "Bob owes $20, Elena $30.", "name"),
        ("Elena owes $20, Bob $30.", "Elena owes $30, Bob $20.", "amount"),
        ("It is covered.", "It is not covered.", "meaning"),
        ("It is not covered.", "It is covered.", "meaning"),
        ("It isn't covered.", "It is covered.", "meaning"),
        ("It isn\u2019t covered.", "It is covered.", "meaning"),
        ("It can't be done.", "It can be done.", "meaning"),
        ("We will pay.", "We will never pay.", "meaning"),
        ("It was approved.", "It was denied.", "meaning"),
        ("The plan is active.", "The plan is inactive.", "meaning"),
        ("It is paid.", "It is unpaid.", "meaning"),
        ("Pay before Friday.", "Pay after Friday.", "meaning"),
        ("at least 3 visits", "at most 3 visits", "meaning"),
        ("more than 3 visits", "less than 3 visits", "meaning"),
        ("the left knee", "the right knee", "meaning"),
        ("her mother", "her father", "meaning"),
        ("2 days", "2 weeks", "meaning"),
        ("on Monday", "on Tuesday", "meaning"),
        ("come today", "come tomorrow", "meaning"),
        ("on March 5, 2026", "on March 6, 2026", "date"),
        ("on March 5", "on March 6", "date"),
        ("on March 5", "on April 5", "date"),
        ("on 5 May", "on 5 June", "date"),
        ("on 03/04/2026", "on 04/03/2026", "date"),
        ("on 2026-03-05", "some day", "date"),
        ("on 3/5/26", "on 3/5/27", "date"),
        ("at 2:30 PM", "at 2:30 AM", "time"),
        ("at 2:30 PM", "at 3:30 PM", "time"),
        ("at 9 a.m.", "at 9 p.m.", "time"),
        ("call 555-123-4567", "call 555-123-4568", "code"),
        ("code E11.9", "code E11.8", "code"),
        ("claim CLM-88", "claim CLM-89", "code"),
        ("claim CLM-88", "the claim", "code"),
        ("12 visits", "13 visits", "number"),
        ("12 visits", "twelve or 13 visits", "number"),
        ("two visits", "three visits", "number"),
        ("3 visits and 3 tests", "3 visits and tests", "number"),
        ("1.5 of it", "15 of it", "number"),
        ("12 visits", "1２3 visits", "number"),
        ("Elena is here.", "Bob is here.", "name"),
        ("ask Elena", "ask elena and Bob", "name"),
        ("Elena Vasquez", "Elena", "name"),
        ("see Dr. Okonkwo", "see the doctor", "name"),
        ("call us", "call 来", "name"),
        ("write to a@b.example", "write to a@c.example", "address"),
        ("pay it", "pay it at https://evil.example/x", "address"),
        ("pay at https://a.example", "pay at https://a.example.evil.example", "address"),
        ("pay it", "pay it {{patient.mrn}}", "field"),
        ("Hi {{patient.first_name}}", "Hi {{patient.last_name}}", "field"),
        ("Hi {{patient.first_name}}", "Hi", "field"),
    ],
)  # fmt: skip
def test_every_change_of_a_fact_is_found_with_its_kind(before: str, after: str, kind: str) -> None:
    assert kind in {one for _, one, _ in changes(before, after)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Ana owes $20 and Bob does not owe $30.", "Ana does not owe $20 and Bob owes $30."),
        ("Call 555-0100 to book. Call 555-0200 to cancel.", "Call 555-0100 to cancel. Call 555-0200 to book."),
        ("Ana owes $20. Bob owes $30. Ana owes $5.", "Ana owes $20. Bob owes $30. Bob owes $5."),
        ("The plan will pay.", "The plan fails to pay."),
        ("Approved in part.", "Approved in full."),
        ("The result is normal.", "The result is abnormal."),
        ("The result is abnormal.", "The result is normal."),
        ("Please start the pills.", "Please stop the pills."),
        ("allergic to penicillin", "allergic to aspirin"),
        ("take aspirin, then penicillin", "take penicillin, then aspirin"),
        ("at your first visit", "at your second visit"),
        ("ask dr. smith", "ask dr. jones"),
        ("It is non-urgent.", "It is urgent."),
        ("It was unhelpful.", "It was."),
        ("You owe us $20.", "We owe you $20."),
        ("We owe you $20.", "You owe us $20."),
        ("You owe Bob $20.", "Bob owes you $20."),
        ("We owe you $20 and you owe us $30.", "You owe us $20 and we owe you $30."),
        ("We received your payment.", "We sent your payment."),
        ("We sent your payment.", "We received your payment."),
        ("We received your payment.", "You received your payment."),
        ("Send all of the documents.", "Send some of the documents."),
        ("Send some of the documents.", "Send all of the documents."),
        ("Bring a card or cash.", "Bring a card and cash."),
        ("Bring a card and cash.", "Bring a card or cash."),
        ("He called.", "She called."),
        ("Ask her.", "Ask him."),
    ],
)  # fmt: skip
def test_no_statement_can_be_turned_around(before: str, after: str) -> None:
    assert changes(before, after) != set()


def test_a_new_word_is_named() -> None:
    assert changes("Take it.", "Take the antibiotic.") == {("added", "word", "antibiotic")}


def test_differences_say_what_was_lost_and_what_was_added() -> None:
    assert changes("You owe $20 on May 5.", "You owe $25 on May 5.") == {
        ("lost", "amount", "20 $"),
        ("added", "amount", "25 $"),
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_letter_says_the_same_as_itself(name: str) -> None:
    for tone in TONES:
        body = compose(template(name), Style(tone, "long"), DEMO).body
        assert same_facts(body, body, names=NAMES_KNOWN) == ()
        assert same_facts(body, body.replace("\n", " "), names=NAMES_KNOWN) == () or "\n" in body


@given(st.text(max_size=100))
def test_any_text_says_the_same_as_itself(text: str) -> None:
    assert same_facts(text, text) == ()


FACTS = st.one_of(
    st.integers(0, 10**7).map(str),
    st.integers(0, 10**6).map(lambda cents: f"${cents / 100:,.2f}"),
    st.dates(date(1950, 1, 1), date(2040, 1, 1)).map(lambda day: f"{day:%B} {day.day}, {day.year}"),
    st.from_regex(r"[A-Z]{2,4}-[0-9]{2,6}", fullmatch=True),
    st.from_regex(r"(1[0-2]|[1-9]):[0-5][0-9] (AM|PM)", fullmatch=True),
    st.from_regex(r"[A-Z][a-z]{3,8}son", fullmatch=True),
)


@given(FACTS, FACTS, st.sampled_from(["We expect {} here.", "It is {}, thanks.", "the {} of it"]))
def test_no_fact_can_be_put_in_the_place_of_another(one: str, other: str, sentence: str) -> None:
    assume(one.strip("0$., ") != other.strip("0$., "))
    assert same_facts(sentence.format(one), sentence.format(other)) != ()
    assert same_facts(sentence.format(one), sentence.format("it")) != ()
    assert same_facts(sentence.format("it"), sentence.format(one)) != ()
    assert same_facts(sentence.format(one), sentence.format(one)) == ()


@given(st.lists(FACTS, min_size=2, max_size=4, unique=True))
def test_facts_of_one_kind_cannot_change_places(facts: list[str]) -> None:
    before, after = (", then ".join(order) for order in (facts, facts[::-1]))
    kinds = {one.kind for one in same_facts(before, "")}
    counts = len(same_facts(before, ""))
    assert counts >= len(facts)
    if len(kinds) == 1:
        assert same_facts(before, after) != ()
