"""`python -m infra.local up [--isolated]`: run the whole product on this machine until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from typing import Any

from infra.local.demo_accounts import SIGN_INS
from infra.local.progress import Progress
from infra.local.settings import StackError, StackSettings, from_environment
from infra.local.stack import Stack

EXIT_CANNOT_START = 2


def main() -> int:
    """The command line; exit code 0: stopped as asked, 2: could not start, 1: a part could not be replaced."""
    parser = argparse.ArgumentParser(prog="infra.local", description=__doc__)
    parser.add_argument("command", choices=["up"])
    parser.add_argument("--isolated", action="store_true", help="one process per function, from its bundle")
    arguments = parser.parse_args()
    stop_asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _ask_to_stop(stop_asked))
    try:
        return _run(from_environment(isolated=arguments.isolated), stop_asked)
    except StackError as exc:
        print(exc, file=sys.stderr)
        return EXIT_CANNOT_START


def _run(settings: StackSettings, stop_asked: threading.Event) -> int:
    progress = Progress()
    stack = Stack(settings, progress)
    ready = False
    try:
        progress.say(f"Starting Mobius OS (logs: {settings.logs})")
        stack.start()
        ready = True
        _greet(settings, progress)
        stack.watch(stop_asked.is_set)
    except KeyboardInterrupt:
        pass
    except StackError as exc:
        print(exc, file=sys.stderr)
        return 1 if ready else EXIT_CANNOT_START
    finally:
        # From here on a second Ctrl-C must not leave half of it running.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stack.stop()
        progress.say("Stopped.")
    return 0


def _ask_to_stop(stop_asked: threading.Event) -> Any:
    if stop_asked.is_set():
        return
    stop_asked.set()
    raise KeyboardInterrupt


def _greet(settings: StackSettings, progress: Progress) -> None:
    progress.say(
        f"Ready after {progress.elapsed:.1f} s.\n"
        f"  API        {settings.url('gateway')}/api/v1/health\n"
        f"  docs       {settings.url('gateway')}/api/v1/docs\n"
        f"  all parts  {settings.stack_file}\n"
        f"  sign in    {SIGN_INS[2]['email']} / {SIGN_INS[2]['password']}  (every role: stack.json, signIns)\n"
        f"Ctrl-C stops everything."
    )


if __name__ == "__main__":
    sys.exit(main())
