"""The API's description and its page: everything is served from here, so the page works offline."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from flask import Response

from shared.errors import NotFoundError

DESCRIPTION = Path(__file__).resolve().parents[2] / "infra" / "gateway" / "openapi.json"
_ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
_START = "start.js"
_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mobius OS API</title>
<link rel="stylesheet" href="/api/v1/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/api/v1/docs/swagger-ui-bundle.js"></script>
<script src="/api/v1/docs/start.js"></script>
</body>
</html>
"""
_SCRIPT = 'SwaggerUIBundle({ url: "/api/v1/openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null });\n'


def description() -> Response:
    """Return the OpenAPI document that was generated with this deployment."""
    return Response(DESCRIPTION.read_bytes(), content_type="application/json; charset=utf-8")


def page() -> Response:
    """Return the page that shows it."""
    return Response(_PAGE, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _POLICY})


def asset(name: str) -> Response:
    """Return a file of the page. Raises NotFoundError for any other name."""
    if name == _START:
        return Response(_SCRIPT, content_type="text/javascript; charset=utf-8")
    if name not in _ASSETS:
        raise NotFoundError("There is no such file")
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response((_page_files() / name).read_bytes(), content_type=_ASSETS[name], headers=headers)


def _page_files() -> Path:
    """Return the folder of Swagger UI's files: the package is found and not imported, for it only serves files."""
    package = find_spec("flask_swagger_ui")
    if package is None or package.origin is None:
        raise NotFoundError("There is no such file")
    return Path(package.origin).parent / "dist"
