"""The only code that knows Flask: the function app and what every route declares."""

from shared.web.app import function_app
from shared.web.operations import Operations, Reply

__all__ = ["Operations", "Reply", "function_app"]
