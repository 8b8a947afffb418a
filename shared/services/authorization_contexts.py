"""The contexts that an authorization is worked on in: whose patient is meant, and which show what changed."""

from __future__ import annotations

from collections.abc import Callable

from shared.errors import FieldError, ValidationFailedError
from shared.models.api.authorizations import AuthorizationMembers, AuthorizationRequest
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.records import Authorization
from shared.repositories.authorization_protocols import RequestReferences
from shared.services.contexts import ContextService, patient_of

MODE = "eligibility"


class AuthorizationContexts:
    """Finds contexts of the eligibility mode. `bring_up_to_date` lets one show what is on file now."""

    def __init__(self, contexts: ContextService, bring_up_to_date: Callable[[Caller, ContextDocument], None]) -> None:
        self._contexts = contexts
        self._bring_up_to_date = bring_up_to_date

    def references(self, caller: Caller, asked: AuthorizationRequest) -> RequestReferences:
        """Whom and what a request is about. Raises ValidationFailedError when it names neither patient nor context."""
        if asked.patient_id is not None and asked.context_id is not None:
            raise _refused("contextId", "ambiguous", "cannot be sent beside patientId")
        if asked.patient_id is not None:
            return RequestReferences(asked.patient_id, asked.payer_id, asked.provider_id, asked.visit_id)
        if asked.context_id is None:
            raise _refused("patientId", "missing", "or contextId is needed: say whom it is for")
        return references_in(self._contexts.context_in(caller, MODE, asked.context_id), asked)

    def refresh(self, caller: Caller, authorization: Authorization) -> None:
        """Bring the contexts of the authorization, its patient and its visits up to date, where there are any."""
        places = [("authorization", authorization.id)]
        places += [("patient", authorization.patient_id)] if authorization.patient_id else []
        places += [("visit", hold.visit_id) for hold in authorization.visits]
        for record_type, identity in places:
            context = self._contexts.known(caller.client_id, MODE, record_type, identity)
            if context is not None:
                self._bring_up_to_date(caller, context)


def references_in(context: ContextDocument, asked: AuthorizationMembers) -> RequestReferences:
    """What is named, for the context's patient and, when nothing else is named, its visit."""
    visit = asked.visit_id or (context.record_uuid if context.record_type == "visit" else None)
    return RequestReferences(patient_of(context), asked.payer_id, asked.provider_id, visit)


def _refused(field: str, code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(f"{field} {message}", errors=(FieldError(field, code, message),))
