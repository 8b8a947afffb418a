"""The HTML part of an e-mail, made from its plain text: the same words, and nothing in them is markup."""

from __future__ import annotations

import re
from html import escape

_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")
_FRAME = '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"></head>\n<body>\n{body}\n</body>\n</html>\n'


def html_part(body: str) -> str:
    """`body` as an HTML document: paragraphs and line breaks; everything else is escaped."""
    paragraphs = [one for one in _PARAGRAPHS.split(body.strip()) if one]
    return _FRAME.format(body="\n".join(f"<p>{_lines(one)}</p>" for one in paragraphs))


def _lines(paragraph: str) -> str:
    return "<br>\n".join(escape(line.rstrip()) for line in paragraph.split("\n"))
