"""The local gateway against a real backend, over real sockets: what API Gateway does, it does."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from infra.local.gateway import MAX_BODY_BYTES, Gateway, upstream_client
from infra.local.gateway_routes import RouteTable
from infra.local.parts_file import Parts
from shared.catalog import load_catalog
from tests.integration.serving import free_port, served, until

PROJECT = "demo-test"
DEADLINE = 1.0


def encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def token(*, header: dict[str, Any] | None = None, signature: str = "", **claims: Any) -> str:
    payload = {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "sub": "uid-é?>",
        "exp": int(time.time()) + 600,
        **claims,
    }
    return f"{encoded(header or {'alg': 'none'})}.{encoded(payload)}.{signature}"


@dataclass
class Backend:
    """Stands for the functions: answers with what it was asked."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    stream_ended: bool = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = await request.body()
        seen = {
            "method": request.method,
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [[name.decode(), value.decode("latin-1")] for name, value in request.headers.raw],
            "size": len(body),
        }
        self.asked.append(seen)
        if request.query_params.get("do") == "hang":
            await anyio.sleep(DEADLINE * 3)
        await self._answer(request, seen)(scope, receive, send)

    def _answer(self, request: Request, seen: dict[str, Any]) -> Response:
        match request.query_params.get("do"):
            case "stall":
                return StreamingResponse(self._ticks(2, 60))
            case "stream":
                return StreamingResponse(self._ticks(1000, 0.05), media_type="text/event-stream")
            case "gzip":
                return Response(gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})
            case "cookies":
                answer = Response(status_code=201, headers={"Connection": "X-Hop", "ETag": '"1"'})
                answer.set_cookie("a", "1")
                answer.set_cookie("b", "2")
                return answer
            case "redirect":
                return Response(status_code=307, headers={"Location": "/elsewhere"})
        return JSONResponse(seen)

    async def _ticks(self, count: int, pause: float) -> AsyncIterator[bytes]:
        try:
            for number in range(count):
                yield f"data: {number}\n\n".encode()
                await anyio.sleep(pause)
        finally:
            self.stream_ended = True


@pytest.fixture(scope="module")
def backend() -> Backend:
    return Backend()


@pytest.fixture(scope="module")
def gateway(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("root")
    for name, kind, path in (
        ("tasks", "http", "/api/v1/components/tasks"),
        ("shorter", "http", "/api/v1/components"),
        ("meta", "http", "/api/v1/health"),
        ("live", "stream", "/api/v1/components/live"),
        ("down", "http", "/api/v1/down"),
    ):
        write_entry(root, name, kind=kind, path=path)
    with served(backend) as url:
        functions = {name: f"{url}/{name}" for name in ("tasks", "shorter", "meta", "live")}
        functions["down"] = f"http://127.0.0.1:{free_port()}/down"
        parts = Parts(PROJECT, "", "", functions, load_catalog(root), root)
        application = Gateway(RouteTable(parts, deadline=DEADLINE), project=PROJECT, client=upstream_client())
        with served(application) as address:
            yield address


def write_entry(root: Path, name: str, *, kind: str, path: str) -> None:
    folder = root / "functions/api" / name
    folder.mkdir(parents=True)
    (folder / "function.yaml").write_text(
        f"name: {name}\nkind: {kind}\nentryPoint: {name}\npaths: [{path}]\ndependencies: [web]\nmemory: 256Mi\n"
        f"timeoutSeconds: 60\nconcurrency: 8\ninstances: {{ min: 0, max: 1 }}\nserviceAccount: mobius-{name}\n"
        f'public: ["GET /api/v1/health"]\n'
    )


def call(gateway: str, path: str, *headers: tuple[str, str], method: str = "GET", body: Any = None) -> tuple[Any, Any]:
    """One request by the plainest client there is; the answer and its JSON."""
    connection = http.client.HTTPConnection(urlsplit(gateway).netloc, timeout=20)
    connection.putrequest(method, path)
    for name, value in headers:
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, json.loads(content) if content.startswith(b"{") else content


def bearer(**claims: Any) -> tuple[str, str]:
    return "Authorization", f"Bearer {token(**claims)}"


def values(seen: dict[str, Any], name: str) -> list[str]:
    return [value for key, value in seen["headers"] if key == name]


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1/componentsx", "/api/v1/down2", "/api/v1/healthy"])
def test_an_undefined_path_gets_the_gateways_own_404(gateway: str, path: str) -> None:
    answer, body = call(gateway, path, bearer())
    assert answer.status == 404
    assert body == {"code": 404, "message": "The current request is not defined by this API."}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/components/tasks", "tasks"),
        ("/api/v1/components/tasks/", "tasks"),
        ("/api/v1/components/tasks/task_1?x=%20&y=a%2Fb", "tasks"),
        ("/api/v1/components/tasksx", "shorter"),
        ("/api/v1/components/a%2Fb//c", "shorter"),
    ],
)
def test_the_longest_prefix_answers_and_path_and_query_stay_as_sent(gateway: str, path: str, name: str) -> None:
    _, seen = call(gateway, path, bearer())
    assert f"/{name}{path}" == seen["path"] + ("?" + seen["query"] if seen["query"] else "")


@pytest.mark.parametrize(
    "path", ["/api/v1/health/../components/tasks", "/api/v1/health/%2e%2E/x", "/api/v1/health/..%2fx"]
)
def test_a_path_with_dot_segments_is_not_defined(gateway: str, path: str) -> None:
    assert call(gateway, path)[0].status == 404


@pytest.mark.parametrize(
    ("value", "status", "message"),
    [
        (None, 401, "Jwt is missing"),
        ("", 401, "Jwt is missing"),
        ("Basic YTpi", 401, "Jwt is missing"),
        ("Bearer", 401, "Jwt is missing"),
        ("Bearer owner", 401, "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"),
        ("Bearer !.!.", 401, "Jwt header is an invalid JSON"),
        (f"Bearer {encoded({'alg': 'none'})}.{encoded([])}.", 401, "Jwt payload is an invalid JSON"),
        (bearer(exp=1)[1], 401, "Jwt is expired"),
        (bearer(exp="soon")[1], 401, "Jwt payload [exp] field is not an integer"),
        (bearer(nbf=time.time() + 900)[1], 401, "Jwt not yet valid"),
        (bearer(iss="https://securetoken.google.com/other")[1], 401, "Jwt issuer is not configured"),
        (bearer(aud="other")[1], 403, "Audiences in Jwt are not allowed"),
        (bearer(header={"alg": "RS256"}, signature="AAAA")[1], 401, "Jwt verification fails"),
        (bearer(signature="AAAA")[1], 401, "Jwt verification fails"),
    ],
)
def test_a_bad_token_is_refused_before_the_function(
    gateway: str, backend: Backend, value: str | None, status: int, message: str
) -> None:
    before = len(backend.asked)
    headers = [] if value is None else [("Authorization", value)]
    answer, body = call(gateway, "/api/v1/components/tasks", *headers)
    assert (answer.status, body) == (status, {"code": status, "message": message})
    assert answer.getheader("WWW-Authenticate") == ("Bearer" if status == 401 else None)
    assert len(backend.asked) == before


def test_two_authorization_headers_are_refused(gateway: str) -> None:
    for path in ("/api/v1/components/tasks", "/api/v1/health"):
        assert call(gateway, path, bearer(), bearer())[0].status == 401


@pytest.mark.parametrize("query", ["access_token=x", "a=1&access_token=", "access%5Ftoken=x"])
def test_an_access_token_in_the_query_never_passes(gateway: str, query: str) -> None:
    assert call(gateway, f"/api/v1/components/tasks?{query}", bearer())[0].status == 401
    assert call(gateway, f"/api/v1/health?{query}")[0].status == 401


def test_the_callers_token_is_forwarded_and_the_gateway_shows_its_own(gateway: str) -> None:
    name, value = bearer()
    _, seen = call(gateway, "/api/v1/components/tasks", (name, value))
    assert values(seen, "x-forwarded-authorization") == [value]
    (own,) = values(seen, "authorization")
    assert own != value
    assert "gserviceaccount" in json.dumps(json.loads(base64.urlsafe_b64decode(own.split(".")[1] + "==")))
    (info,) = values(seen, "x-apigateway-api-userinfo")
    assert info == value.split(".")[1]
    assert "=" not in info


def test_what_a_client_sends_under_the_gateways_names_never_passes(gateway: str) -> None:
    forged = [
        ("X-Forwarded-Authorization", "Bearer forged"),
        ("x-apigateway-api-userinfo", "forged"),
        ("X-Endpoint-API-UserInfo", "forged"),
        ("X-Forwarded-For", "forged"),
        ("X-Forwarded-Anything", "forged"),
        ("X-Serverless-Authorization", "forged"),
        ("Forwarded", "for=forged"),
    ]
    for path, headers in (("/api/v1/components/tasks", [bearer()]), ("/api/v1/health", [])):
        _, seen = call(gateway, path, *headers, *forged)
        assert "forged" not in json.dumps(seen)


def test_connection_headers_end_here(gateway: str) -> None:
    hop = [("Connection", "keep-alive, X-Hop"), ("X-Hop", "1"), ("TE", "trailers"), ("Keep-Alive", "1")]
    _, seen = call(gateway, "/api/v1/health", *hop, ("X-Request-Id", "r-1"))
    names = {name for name, _ in seen["headers"]}
    assert not names & {"x-hop", "te", "keep-alive"}
    assert values(seen, "x-request-id") == ["r-1"]
    assert "accept-encoding" not in {
        name for name in names if name != "accept-encoding" or values(seen, name) != ["identity"]
    }


def test_a_public_operation_needs_no_token_but_passes_one_on(gateway: str) -> None:
    assert values(call(gateway, "/api/v1/health")[1], "x-forwarded-authorization") == []
    assert values(call(gateway, "/api/v1/health/", bearer())[1], "x-forwarded-authorization") == [bearer()[1]]
    assert call(gateway, "/api/v1/health", method="POST", body=b"")[0].status == 401


def test_a_preflight_goes_to_the_function_without_a_token(gateway: str) -> None:
    _, seen = call(gateway, "/api/v1/components/tasks", ("Origin", "http://x"), bearer(), method="OPTIONS")
    assert seen["method"] == "OPTIONS"
    assert values(seen, "x-forwarded-authorization") == values(seen, "x-apigateway-api-userinfo") == []


def test_a_body_over_the_limit_is_refused_both_ways_of_sending(gateway: str) -> None:
    answer, _ = call(gateway, "/api/v1/health", ("Content-Length", str(MAX_BODY_BYTES + 1)))
    assert answer.status == 413
    chunks = (b"x" * 1024 * 1024 for _ in range(33))
    assert httpx.post(f"{gateway}/api/v1/components/tasks", content=chunks, headers=dict([bearer()])).status_code == 413


def test_a_large_body_arrives_whole(gateway: str) -> None:
    _, seen = call(gateway, "/api/v1/components/tasks", bearer(), method="PUT", body=b"x" * 5_000_000)
    assert (seen["size"], values(seen, "content-length")) == (5_000_000, ["5000000"])


def test_answers_pass_unchanged(gateway: str) -> None:
    with httpx.Client(headers=dict([bearer()])) as client:
        cookies = client.get(f"{gateway}/api/v1/components/tasks?do=cookies")
        assert cookies.status_code == 201
        assert len(cookies.headers.get_list("set-cookie")) == 2
        assert cookies.headers["etag"] == '"1"'
        assert client.get(f"{gateway}/api/v1/components/tasks?do=gzip").text == "hello"
        assert client.get(f"{gateway}/api/v1/components/tasks?do=redirect").status_code == 307
        assert client.head(f"{gateway}/api/v1/components/tasks").status_code == 200


def test_a_slow_function_is_a_504_at_the_deadline(gateway: str) -> None:
    answer, body = call(gateway, "/api/v1/components/shared?do=hang", bearer())
    assert (answer.status, body) == (504, {"code": 504, "message": "upstream request timeout"})


def test_an_answer_that_stalls_is_cut_short_and_not_taken_for_whole(gateway: str) -> None:
    url = f"{gateway}/api/v1/components/shared?do=stall"
    with pytest.raises(httpx.RemoteProtocolError), httpx.stream("GET", url, headers=dict([bearer()])) as answer:
        answer.read()


def test_an_unreachable_function_is_a_503(gateway: str) -> None:
    answer, body = call(gateway, "/api/v1/down", bearer())
    assert (answer.status, body["code"]) == (503, 503)


def test_a_stream_arrives_as_it_is_made_and_ends_with_its_reader(gateway: str, backend: Backend) -> None:
    backend.stream_ended = False
    url = f"{gateway}/api/v1/components/live?do=stream"
    with httpx.stream("GET", url, headers=dict([bearer()]), timeout=20) as answer:
        lines = answer.iter_lines()
        started = time.monotonic()
        assert next(line for line in lines if line == "data: 3") == "data: 3"
        assert time.monotonic() - started < 5
    until(lambda: backend.stream_ended)
