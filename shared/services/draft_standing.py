"""Whether a letter still holds: the records that it was merged from are looked at once more before it goes out.

Between a letter and its sending an authorization can be denied, a visit cancelled, or moved to another hour. Then the
letter is refused, with what changed: it is worded anew or discarded, never sent as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.auth.permissions import hidden_fields, may_read
from shared.domain.email import used_fields
from shared.domain.email.fields import FIELDS, label_of
from shared.domain.email.rewording import paragraphs_of
from shared.domain.email.template import Template
from shared.errors import ConflictError, FieldError, PreconditionFailedError
from shared.models.firestore.drafts import DraftDocument
from shared.models.roles import Role
from shared.services.draft_contents import named_template, used_in, with_facts
from shared.services.email_values import EmailFacts, fields_hidden_from

WAYS_OUT = ("revise", "discard")
# What may be out already is not worded anew; it can be taken back, once it is said to be sent.
WAYS_OUT_OF_UNKNOWN = ("was_sent",)


def rests_on_records(draft: DraftDocument) -> bool:
    """Tell whether the draft's template asks for a record in some state."""
    template = None if draft.template is None else named_template(draft.template)
    return template is not None and bool(template.needs or template.takes)


def check_standing(draft: DraftDocument, facts: EmailFacts | None, *, role: Role) -> None:
    """Refuse a letter that is not true of its records any more, as `role` may know.

    `facts` are those of the records that the draft was merged from; None where none was read, as it asks for none.
    Raises ConflictError `record_changed`, naming each record and value and the ways out, PreconditionFailedError for a
    draft that rests on records since it was read.
    """
    if draft.template is None or not rests_on_records(draft):
        return
    if facts is None:
        raise PreconditionFailedError("The draft has changed since you read it")
    template = named_template(draft.template)
    records = [*_records(draft, template, facts, role)]
    errors = (*records, *_values(draft, template, facts, role, gone={one.field for one in records}))
    if errors:
        ways = WAYS_OUT_OF_UNKNOWN if draft.state == "send_unknown" else WAYS_OUT
        words = f"{errors[0].message}: the e-mail does not hold any more. What can be done: {' or '.join(ways)}"
        raise ConflictError(words, code="record_changed", errors=errors, allowed=list(ways), current=draft.state)


def _records(draft: DraftDocument, template: Template, facts: EmailFacts, role: Role) -> Iterator[FieldError]:
    """The records that are not in a state that the template holds for; one that it never names does not matter."""
    _, paragraphs = used_in(draft)
    named = {FIELDS[name].source for fields in paragraphs for name in fields}
    for record in {**template.takes, **template.needs}:
        rested = draft.rests_on.get(record)
        held = facts.rests_on.get(record)
        if rested is None and (record not in template.needs or held is not None):
            continue
        if held == rested and held is not None:
            continue
        if record in template.needs or record in named:
            yield _changed(record, template, None if rested is None else facts.states.get(rested), role)


def _changed(record: str, template: Template, state: str | None, role: Role) -> FieldError:
    field = f"{record}.record"
    shown = may_read(role, record) and "status" not in hidden_fields(role, record)
    fits = state in {**template.takes, **template.needs}[record]
    if fits and record == "visit" and shown:
        return FieldError(field, "over", "The day of the visit of this e-mail has passed")
    if state is None or fits or not shown:
        return FieldError(field, "gone", f"The {record} of this e-mail is not as the e-mail tells any more")
    return FieldError(field, "state_changed", f"The {record} of this e-mail is {state.replace('_', ' ')} now")


def _values(
    draft: DraftDocument, template: Template, facts: EmailFacts, role: Role, *, gone: set[str]
) -> Iterator[FieldError]:
    """What those records had filled in and say otherwise now, or no more; a person's words are theirs.

    Of what `role` does not see nothing is told.
    """
    values = with_facts(facts, draft.answers).values
    made = {one.text for one in draft.made}
    _, used = used_in(draft)
    told = dict[str, None]()
    for text, fields in zip(paragraphs_of(draft.body), used, strict=False):
        were = fields if text in made else used_fields.standing(text, fields, draft.stated)
        told |= dict.fromkeys(name for name in were if name not in used_fields.standing(text, fields, values))
    records, hidden = {**template.takes, **template.needs}, fields_hidden_from(role)
    for name in told:
        source = FIELDS[name].source
        if source in records and f"{source}.record" not in gone and name not in hidden:
            yield FieldError(name, "value_changed", f"{label_of(name)} has changed")
