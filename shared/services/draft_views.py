"""How drafts and templates are shown."""

from __future__ import annotations

from typing import get_args

from shared.domain.draft_states import allowed_moves
from shared.domain.email.fields import FIELDS
from shared.domain.email.missing_form import form_for
from shared.domain.email.template import TONES, Template
from shared.models.api.drafts import DraftView, PhiView, RevisionView, TemplateView
from shared.models.firestore.drafts import DraftDocument, Length


def template_view(template: Template) -> TemplateView:
    """Show a template."""
    return TemplateView(
        name=template.name,
        label=template.label,
        recipient=template.recipient,
        channel=template.channel,
        ceiling=template.ceiling,
        subject=template.subject,
        tones=TONES,
        lengths=get_args(Length),
        fields=tuple(one.name for one in template.fields),
    )


def draft_view(draft: DraftDocument) -> DraftView:
    """Show a draft."""
    asked = [name for name in draft.missing_fields if name in FIELDS]
    same = {
        name: getattr(draft, name)
        for name in DraftView.model_fields
        if name not in {"fields", "missing", "form", "phi", "allowed", "revisions"}
    }
    return DraftView(
        **same,
        fields=draft.answers,
        missing=draft.missing_fields,
        form=form_for(asked) if asked else None,
        phi=PhiView(
            level=draft.phi_level,
            limit=draft.phi_limit,
            disclosed=draft.disclosed,
            reasons=draft.phi_reasons,
            ways_out=draft.ways_out,
        ),
        allowed=tuple(allowed_moves(draft)),
        revisions=tuple(RevisionView.model_validate(one, from_attributes=True) for one in draft.revisions),
    )
