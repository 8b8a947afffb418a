"""One HTTP exchange against a real server: its limits hold in total, whatever the server does."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared import http_exchange
from shared.http_exchange import ExchangeAnswer, ExchangeError, Limits, exchange, open_exchange
from tests.integration.payer_endpoint import Endpoint, payer_endpoint

SHORT = Limits(connect_seconds=0.3, total_seconds=0.6, max_bytes=10_000)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with payer_endpoint() as opened:
        yield opened


def fault(url: str, limits: Limits = SHORT) -> str:
    """The fault of an exchange, which must come before its limit (and a moment for a busy machine)."""
    start = time.monotonic()
    with pytest.raises(ExchangeError) as caught:
        exchange(url, method="POST", body=b"x", limits=limits)
    assert time.monotonic() - start < limits.total_seconds + 0.8
    return caught.value.fault


def test_request_and_answer_are_carried_as_they_are(endpoint: Endpoint) -> None:
    endpoint.answers(b"caf\xc3\xa9\x00", status="418 Teapot", content_type="text/x; charset=utf-8")
    answer = exchange(endpoint.url, method="POST", body=b"\x00body", headers={"X-One": "1"}, limits=SHORT)
    assert answer == ExchangeAnswer(418, "text/x; charset=utf-8", b"caf\xc3\xa9\x00")
    head = endpoint.heads[0].split("\r\n")
    assert head[0] == "POST /270?mode=real%20time HTTP/1.1"
    assert f"Host: {endpoint.url.split('/')[2]}" in head
    assert {"X-One: 1", "Accept-Encoding: identity", "Content-Length: 5"} <= set(head)
    assert endpoint.bodies == [b"\x00body"]


def test_without_a_body_it_asks(endpoint: Endpoint) -> None:
    endpoint.answers("ok")
    assert exchange(endpoint.url, limits=SHORT).body == b"ok"
    assert endpoint.heads[0].startswith("GET ")


def test_chunks_and_an_answer_that_ends_with_the_connection_are_read(endpoint: Endpoint) -> None:
    endpoint.sends(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n", pause=0.05)
    assert exchange(endpoint.url, limits=SHORT).body == b"abcde"
    endpoint.sends(OK + b"\r\nabc", b"de", pause=0.05)
    assert exchange(endpoint.url, limits=SHORT).body == b"abcde"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_redirect_is_an_answer_and_is_not_followed(endpoint: Endpoint, status: str) -> None:
    endpoint.answers("", status=status, headers=f"Location: {endpoint.url}/elsewhere\r\n")
    assert exchange(endpoint.url, limits=SHORT).status == int(status[:3])
    assert len(endpoint.heads) == 1


def test_silence_is_a_timeout(endpoint: Endpoint) -> None:
    endpoint.says_nothing()
    assert fault(endpoint.url) == "timeout"


def test_slow_drip_of_a_body_is_a_timeout(endpoint: Endpoint) -> None:
    endpoint.drips(b"x", pause=0.05)
    assert fault(endpoint.url) == "timeout"


def test_slow_drip_of_a_head_is_a_timeout(endpoint: Endpoint) -> None:
    endpoint.sends(b"HTTP/1.1 200 OK\r\n", *[b"X-More: 1\r\n"] * 60, pause=0.05)
    assert fault(endpoint.url) == "timeout"


def test_interim_answers_without_end_are_a_timeout(endpoint: Endpoint) -> None:
    endpoint.sends(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 60, pause=0.05)
    assert fault(endpoint.url) == "timeout"


def test_reset_is_broken(endpoint: Endpoint) -> None:
    endpoint.resets()
    assert fault(endpoint.url) == "broken"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        OK + b"Content-Length: 100\r\n\r\n",
        OK + b"Content-Length: 100\r\n\r\nfewer",
        OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nfewer",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"1" * 70_000 + b"\r\n\r\n",
    ],
    ids=lambda answer: repr(answer[-20:]),
)
def test_answer_that_is_cut_or_none_is_broken(endpoint: Endpoint, answer: bytes) -> None:
    endpoint.sends(answer)
    assert fault(endpoint.url) == "broken"


def test_answer_over_the_limit_is_not_taken_in(endpoint: Endpoint) -> None:
    endpoint.answers(b"x" * 10_000)
    assert len(exchange(endpoint.url, limits=SHORT).body) == 10_000
    endpoint.answers(b"x" * 10_001)
    assert fault(endpoint.url) == "too_large"
    endpoint.drips(b"x" * 4_000, pause=0.0)
    assert fault(endpoint.url) == "too_large"


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert fault(f"http://127.0.0.1:{free.getsockname()[1]}/") == "unreachable"


def test_connection_that_is_not_accepted_in_time_is_a_timeout() -> None:
    """A full queue of connections: the kernel answers no further one."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.settimeout(0.0)
            one.connect_ex(full.getsockname())
        assert fault(f"http://127.0.0.1:{full.getsockname()[1]}/") == "timeout"
        for one in waiting:
            one.close()


@pytest.mark.parametrize(
    "url", ["", "ftp://example.com/", "http://", "http://[::1", "http://h:99999/", "http://a..b/", "file:///etc/passwd"]
)
def test_address_that_is_none_is_unreachable(url: str) -> None:
    assert fault(url) == "unreachable"


def test_certificate_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, context = _self_signed(tmp_path)
    http_exchange.tls.cache_clear()
    try:
        with payer_endpoint(context) as endpoint:
            endpoint.answers("secret")
            assert fault(endpoint.url) == "unreachable"
            assert endpoint.bodies == []
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            http_exchange.tls.cache_clear()
            assert exchange(endpoint.url, method="POST", body=b"x", limits=SHORT).body == b"secret"
            endpoint.drips(b"x", pause=0.05)
            assert fault(endpoint.url) == "timeout"
            assert fault(endpoint.url.replace("localhost", "127.0.0.1")) == "unreachable"  # another name
    finally:
        http_exchange.tls.cache_clear()


def test_handshake_that_is_not_answered_is_a_timeout(endpoint: Endpoint) -> None:
    assert fault(endpoint.url.replace("http:", "https:")) == "timeout"


def _self_signed(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


def test_an_open_answer_is_read_as_it_comes(endpoint: Endpoint) -> None:
    endpoint.sends(OK + b"X-One: 1\r\n\r\nab", b"cd", pause=0.2)
    opened = open_exchange(endpoint.url, limits=SHORT)
    assert (opened.status, opened.headers["x-one"]) == (200, "1")
    begun = time.monotonic()
    pieces = [(piece, time.monotonic() - begun) for piece in opened.pieces()]
    opened.close()
    assert [piece for piece, _ in pieces] == [b"ab", b"cd"]
    assert pieces[0][1] < 0.15 < pieces[1][1]


def test_nothing_may_come_for_as_long_as_it_may_be_idle_and_each_byte_begins_anew(endpoint: Endpoint) -> None:
    limits = Limits(connect_seconds=0.3, total_seconds=5, max_bytes=100, idle_seconds=0.3)
    endpoint.sends(OK + b"\r\n", *[b"x"] * 5, pause=0.15)
    assert exchange(endpoint.url, limits=limits).body == b"xxxxx"
    endpoint.says_nothing()
    begun = time.monotonic()
    with pytest.raises(ExchangeError, match="timeout"):
        exchange(endpoint.url, limits=limits)
    assert time.monotonic() - begun < 1


def test_who_gives_up_waits_no_longer(endpoint: Endpoint) -> None:
    endpoint.says_nothing()
    asked: list[float] = []
    begun = time.monotonic()

    def given_up() -> bool:
        asked.append(time.monotonic() - begun)
        return len(asked) == 2

    with pytest.raises(ExchangeError, match="given_up"):
        open_exchange(endpoint.url, limits=Limits(1, 5, 100), given_up=given_up)
    assert len(asked) == 2
    assert asked[1] < 1
