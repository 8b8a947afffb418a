"""The supervisor: starts every part in order, watches over them, and stops what it started and nothing else."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import IO, Any

from infra.local import openid, parts
from infra.local.children import Child, ProcessRegister, write_atomically
from infra.local.demo_accounts import SIGN_INS
from infra.local.parts import Part
from infra.local.postgres import EmbeddedPostgres
from infra.local.progress import Progress
from infra.local.settings import PROJECT, ROOT, StackError, StackSettings
from shared.catalog import CatalogError, load_catalog
from shared.errors import ConfigurationError

RESTARTS_AT_MOST = 5
RESTART_WINDOW_SECONDS = 60.0
WATCH_SECONDS = 0.25


class Stack:
    """One stack. `start`, then `watch` until it returns, then `stop` in any case."""

    def __init__(self, settings: StackSettings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self._running: list[Part] = []
        self._lock_file: IO[str] | None = None
        self._stopping = threading.Event()
        self._register = ProcessRegister(settings.directory / "processes.json")
        self._postgres: EmbeddedPostgres | None = None
        self._guard = threading.Lock()
        self._stack: dict[str, Any] = {}

    def start(self) -> None:
        """Start everything; ready when it returns. Raises StackError."""
        settings = self._settings
        self._take_folder()
        try:
            entries = load_catalog(settings.catalog_root)
        except CatalogError as exc:
            raise StackError(str(exc)) from exc
        urls = parts.function_urls(settings, entries)
        self._write_parts(urls)
        emulator_parts = [*parts.emulator_parts(settings), parts.openid_part(settings)]
        if settings.isolated:
            self._bundle()
        with ThreadPoolExecutor(max_workers=8) as pool:
            emulators = [pool.submit(self._bring_up, part) for part in emulator_parts]
            try:
                environment = parts.function_environment(settings, self._database())
                parts.write_function_settings(settings.functions_file, environment)
                functions = parts.function_parts(settings, entries=entries, urls=urls, environment=environment)
                hosts = [pool.submit(self._bring_up, part) for part in functions]
                seeded = pool.submit(self._run, parts.demo_child(settings, environment))
                _finish(emulators)
                traffic = [pool.submit(self._bring_up, part) for part in parts.traffic_parts(settings)]
                _finish([*hosts, *traffic, seeded])
            except BaseException:
                self._stopping.set()  # parts still starting give up
                raise
        self._bring_up(parts.scheduler_part(settings))
        self._announce(urls)

    def watch(self, asked_to_stop: Callable[[], bool]) -> None:
        """Until `asked_to_stop`: start again what ended. Raises StackError when a part cannot be replaced."""
        while not asked_to_stop():
            for part in list(self._running):
                if part.child.exit_code is not None:
                    self._replace(part)
            time.sleep(WATCH_SECONDS)

    def stop(self) -> None:
        """Stop everything this stack started, the youngest first. Safe at any moment and more than once."""
        if self._lock_file is None:
            return  # nothing was started: what is in the folder is another stack's
        self._stopping.set()
        self._settings.stack_file.unlink(missing_ok=True)
        with self._guard:
            running, self._running = self._running[::-1], []
        for part in running:
            part.child.ask_to_stop()
        for part in running:
            part.child.stop()
        if self._postgres is not None:
            self._postgres.close()
            self._postgres = None
        self._register.record([])
        self._settings.parts_file.unlink(missing_ok=True)
        self._settings.functions_file.unlink(missing_ok=True)
        self._lock_file.close()
        self._lock_file = None

    def _take_folder(self) -> None:
        directory = self._settings.directory
        self._settings.logs.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise StackError(
                f"A stack already runs from {directory} (process {owner}): use it, stop it, "
                f"or set MOBIUS_LOCAL_DIR and other ports for a second one"
            ) from exc
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        for log in self._settings.logs.iterdir():
            log.unlink()
        self._settings.stack_file.unlink(missing_ok=True)
        found = self._register.stop_stale()
        if found:
            self._progress.say(f"  stopped what an earlier start left running: {', '.join(found)}")
        # Only now is the folder ours: an interruption before this must not forget what is still to be cleaned up.
        self._lock_file = lock

    def _write_parts(self, urls: dict[str, str]) -> None:
        settings = self._settings
        self._stack = {
            "project": PROJECT,
            "gateway": settings.url("gateway"),
            "auth": settings.url("auth"),
            "openid": settings.url("openid"),
            "firestore": settings.address("firestore"),
            "pubsub": settings.address("pubsub"),
            "functions": urls,
        }
        described = self._stack | {"relay": settings.url("relay"), "catalogRoot": str(settings.catalog_root)}
        write_atomically(settings.parts_file, json.dumps(described, indent=2))

    def _bundle(self) -> None:
        with self._progress.step("bundles"):
            done = subprocess.run(
                [sys.executable, "-m", "infra.bundle"], cwd=ROOT, capture_output=True, text=True, check=False
            )
        if done.returncode:
            raise StackError(f"The bundles cannot be built: {(done.stderr or done.stdout).strip()[-400:]}")

    def _database(self) -> dict[str, str]:
        """A URL per database role, after start and migrations."""
        settings = self._settings
        url = settings.database_url
        shown = url or ""
        if url is None:
            with self._progress.step("PostgreSQL (embedded)"):
                self._postgres = EmbeddedPostgres(
                    settings.directory, port=settings.ports["database"], log=settings.logs / "postgres.log"
                )
                self._postgres.start()
            url, shown = self._postgres.socket_url, self._postgres.url
        with self._progress.step("database roles and migrations"):
            from infra.migrations.run import role_urls, upgrade

            try:
                upgrade(url)
                urls = role_urls(url)
            except ConfigurationError as exc:
                raise StackError(str(exc)) from exc
        self._stack["database"] = shown
        return urls

    def _bring_up(self, part: Part) -> None:
        with self._progress.step(part.child.name):
            self._start(part.child)
            with self._guard:
                self._running.append(part)
            part.child.wait_until(lambda: self._give_up() or part.ready(), seconds=part.seconds)

    def _run(self, child: Child) -> None:
        with self._progress.step(child.name):
            self._start(child)
            with self._guard:
                self._running.append(Part(child, lambda: True, seconds=0))
            try:
                child.wait_until(lambda: self._give_up() or child.exit_code == 0, seconds=120)
            finally:
                with self._guard:
                    self._running[:] = [part for part in self._running if part.child is not child]
                child.ask_to_stop()
                child.stop()

    def _give_up(self) -> bool:
        if self._stopping.is_set():
            raise StackError("stopped while it was starting")
        return False

    def _start(self, child: Child) -> None:
        with self._guard:
            self._give_up()
            child.start()
            self._register.record([*(part.child for part in self._running), child])

    def _replace(self, part: Part) -> None:
        child = part.child
        ended = f"{child.name} ended with code {child.exit_code} ({child.log}):\n{child.last_lines()}"
        if part.lasting:
            raise StackError(f"{ended}\n  its data were in memory: start again")
        now = time.monotonic()
        child.restarts = [moment for moment in child.restarts if now - moment < RESTART_WINDOW_SECONDS] + [now]
        if len(child.restarts) > RESTARTS_AT_MOST:
            raise StackError(f"{ended}\n  it has ended {len(child.restarts)} times within a minute")
        self._progress.say(f"{ended}\n  starting it again")
        self._start(child)
        # Not waited for: the others are watched meanwhile, and an end before it is ready is seen like any other.
        self._write_stack()

    def _announce(self, urls: dict[str, str]) -> None:
        self._stack["functions"] = urls
        self._stack["signIns"] = SIGN_INS
        self._stack["signInRedirects"] = openid.REDIRECTS
        self._write_stack()

    def _write_stack(self) -> None:
        pids = {part.child.name: part.child.pid for part in self._running}
        if self._postgres is not None and self._postgres.pid is not None:
            pids["postgres"] = self._postgres.pid
        # It holds the database administrator's password.
        write_atomically(
            self._settings.stack_file, json.dumps(self._stack | {"pids": pids}, indent=2) + "\n", mode=0o600
        )


def _finish(futures: Sequence[Future[None]]) -> None:
    """Wait for all; raise the first failure as soon as there is one."""
    done, waiting = wait(futures, return_when=FIRST_EXCEPTION)
    for future in (*done, *waiting):
        future.result()
