"""One instance of the chat's two functions with the scripted assistant, as a process of its own on the stack's stores.

`python -m tests.e2e.chat_instance --port P`: what a function needs comes from the environment, as ever. Only the
assistant is a test's; the rest is the product as the local stack serves it.
"""

from __future__ import annotations

import argparse

import uvicorn

from infra.local.function_host import FunctionHost, load_functions
from infra.local.settings import HOST
from shared import bootstrap_chat
from shared.catalog import load_catalog
from tests.scripted_assistant import ScriptedAssistant

NAMES = ("chat", "chat_stream")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    assistant = ScriptedAssistant()
    bootstrap_chat.assistant = lambda _preferences: assistant  # type: ignore[assignment]  # it answers as well
    host = FunctionHost(load_functions([entry for entry in load_catalog() if entry.name in NAMES]))
    uvicorn.run(host, host=HOST, port=port, log_level="warning", access_log=False, lifespan="on")


if __name__ == "__main__":
    main()
