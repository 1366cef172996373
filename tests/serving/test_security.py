"""Who may talk to the app, by what name, with what; and what is in every answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from signdata.serving import handlers, routes, server
from signdata.serving.guard import Tokens
from tests.serving.apps import HOST, PORT, App, opened


@pytest.fixture
def app(make_tree: Callable[..., Path], tmp_path: Path) -> Iterator[App]:
    with opened(make_tree(), corrections=tmp_path / "fixes.csv") as one:
        yield one


def test_nothing_is_answered_without_the_token_save_that_it_is_there(app: App) -> None:
    for path in ("/", "/samples", "/api/dataset", "/api/samples/0/frame/0", "/openapi.json"):
        assert app.stranger.get(path).status_code == 401, path
    refused = app.stranger.post("/api/marks", json={})
    assert refused.status_code == 401
    assert refused.json()["error"]["remedy"] == "Open the link that signdata serve printed."
    assert app.stranger.get("/healthz").json() == {"ok": True}


def test_a_person_without_the_token_is_told_where_it_is(app: App) -> None:
    page = app.stranger.get("/", headers={"Accept": "text/html"})
    assert page.status_code == 401
    assert "Open the link" in page.text


def test_the_token_has_192_bits_and_is_another_one_in_every_run() -> None:
    tokens = {Tokens().token for _ in range(20)}
    assert len(tokens) == 20
    assert {len(one) for one in tokens} == {32}  # 24 bytes in base 64


def test_the_link_is_exchanged_for_a_strict_cookie_and_leaves_the_address_bar(app: App) -> None:
    answer = app.stranger.get(f"/?token={app.token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "./")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"signdata-{PORT}={app.token};")
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert app.stranger.get("/api/dataset").status_code == 200  # by the cookie


def test_a_cookie_is_found_among_those_of_other_servers(app: App) -> None:
    cookies = f'weird="a b; {{"x":1}}; signdata-9999=other; signdata-{PORT}={app.token}'
    assert app.stranger.get("/api/dataset", headers={"Cookie": cookies}).status_code == 200
    other = f"signdata-9999={app.token}"
    assert app.stranger.get("/api/dataset", headers={"Cookie": other}).status_code == 401


@pytest.mark.parametrize("token", ["", "wrong", "ü", "x" * 32])
def test_a_wrong_token_lets_nobody_in(app: App, token: str) -> None:
    assert app.stranger.get("/", params={"token": token}).status_code == 401
    for headers in ({"Authorization": b"Bearer " + token.encode()}, {"Authorization": "Basic x"}):
        assert app.stranger.get("/api/dataset", headers=headers).status_code == 401


def test_a_token_in_the_query_opens_the_first_page_alone(app: App) -> None:
    assert app.stranger.get(f"/api/dataset?token={app.token}").status_code == 401
    assert app.stranger.get(f"/samples?token={app.token}").status_code == 401
    assert app.stranger.post(f"/?token={app.token}").status_code == 401


def test_a_token_for_one_use_lets_in_once() -> None:
    tokens = Tokens()
    once = tokens.once()
    assert once != tokens.token
    assert tokens.lets_in(once)
    assert not tokens.lets_in(once)
    assert tokens.lets_in(tokens.token)
    assert tokens.lets_in(tokens.token)


def test_the_token_is_in_no_answer(app: App) -> None:
    for path in ("/api/dataset", "/api/marks", "/openapi.json", "/", "/try", "/api"):
        assert app.token not in app.client.get(path).text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (HOST, 200),
        ("localhost:1", 200),  # a tunnel changes the port
        ("LOCALHOST", 200),
        ("[::1]:8017", 200),
        ("localhost.:8017", 200),
        ("evil.example:8017", 421),
        ("127.0.0.1.evil.example", 421),
        ("192.168.1.7:8017", 421),
        ("", 421),
        ("[::1", 421),
    ],
)
def test_the_app_answers_to_names_of_this_machine_alone(app: App, host: str, status: int) -> None:
    assert app.client.get("/api/dataset", headers={"Host": host}).status_code == status


def test_a_name_that_was_allowed_is_taken(make_tree: Callable[..., Path]) -> None:
    with opened(make_tree(), hosts=("Box.lan",)) as one:
        assert one.client.get("/healthz", headers={"Host": "box.lan:80"}).status_code == 200
        assert one.client.get("/healthz", headers={"Host": "box2.lan"}).status_code == 421


def test_two_hosts_are_refused(app: App) -> None:
    headers = [("Host", HOST), ("Host", "evil.example")]
    assert app.client.get("/api/dataset", headers=headers).status_code == 400


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", f"http://{HOST}.evil.example", "http://127.0.0.1:9999", ""],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_pages_origin_is_refused(app: App, origin: str, method: str) -> None:
    answer = app.client.request(
        method, "/api/marks", headers={"Origin": origin, "Content-Type": "application/json"}
    )
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_its_own_origin_is_taken_also_behind_a_tunnel(app: App) -> None:
    for headers in (
        {"Origin": f"http://{HOST}"},
        {"Origin": "https://localhost:443", "Host": "localhost:443"},
    ):
        assert app.client.get("/api/dataset", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("site", "status"),
    [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403), ("odd", 403)],
)
def test_fetch_metadata_must_tell_of_this_page(app: App, site: str, status: int) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert app.client.get("/api/dataset", headers=headers).status_code == status
    assert app.client.get("/samples", headers=headers).status_code == status


def test_the_link_may_be_clicked_on_another_sites_page_and_ends_with_a_page(app: App) -> None:
    headers = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    answer = app.stranger.get(f"/?token={app.token}", headers=headers)
    assert answer.status_code == 200  # a strict cookie does not go along a redirect from there
    assert 'content="0; url=./"' in answer.text
    assert app.token not in answer.text
    assert f"signdata-{PORT}=" in answer.headers["set-cookie"]
    for changed in ({"Sec-Fetch-Mode": "no-cors"}, {"Sec-Fetch-Dest": "iframe"}):
        hidden = app.stranger.get(f"/?token={app.token}", headers={**headers, **changed})
        assert hidden.status_code == 403


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
@pytest.mark.parametrize("path", ["/api/marks", "/api/predict"])
def test_what_a_form_can_send_is_refused(
    app: App, monkeypatch: pytest.MonkeyPatch, path: str, content_type: str
) -> None:
    monkeypatch.setattr(app.site, "predictor", _Busy())
    headers = {"Content-Type": content_type}
    answer = app.client.post(path, content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert "-H 'Content-Type: " in answer.json()["error"]["remedy"]


class _Busy:
    """A network that must not be asked."""

    def enter(self) -> None: ...
    def leave(self) -> None: ...
    def close(self) -> None: ...

    def read(self, data: bytes, asked: Any) -> Any:
        raise AssertionError("it was asked")


@pytest.mark.parametrize("with_length", [True, False])
@pytest.mark.parametrize(
    ("path", "kind", "limit", "name"),
    [
        ("/api/marks", "application/json", 64 << 10, "MAX_JSON"),
        ("/api/predict", "video/mp4", 64 << 20, "MAX_MEDIA"),
    ],
)
def test_a_body_that_is_too_large_is_refused(
    app: App,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    kind: str,
    limit: int,
    name: str,
    with_length: bool,
) -> None:
    assert getattr(routes, name) == limit
    monkeypatch.setattr(app.site, "predictor", _Busy())
    monkeypatch.setattr(handlers, name, 1000)
    large = b" " * 1001
    content = large if with_length else iter([large[:600], large[600:]])
    answer = app.client.post(path, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 413
    assert answer.json()["error"]["where"] == "body"


PATHS = [
    "/api/samples/..%2f..%2fetc%2fpasswd",
    "/api/samples/../../etc/passwd",
    "/api/samples/-1",
    "/api/samples/999999",
    "/api/samples/1e3",
    "/api/samples/%E2%91%A0",
    "/api/samples/0x1",
    "/api/samples/99999999999999999999999",
    "/api/samples/-1/file",
    "/api/samples/0/frame/-1",
    "/api/samples/0/frame/9",
    "/api/samples/0/frame/..%2f..%2fx",
    "/api/samples/0/file/../../x",
    "/api/runs/0",
    "/api/runs/%2e%2e",
    "/static/../app.py",
    "/static/..%2fapp.py",
    "/static/%2e%2e/app.py",
    "/static//etc/passwd",
    "/etc/passwd",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_of_a_client_reaches_a_file(app: App, path: str) -> None:
    answer = app.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["what"]


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("GET", "/api/samples?from=abc", None),
        ("GET", "/api/samples?from=-1", None),
        ("GET", "/api/samples?n=201", None),
        ("GET", "/api/samples?n=1&n=2", None),
        ("GET", "/api/samples?from=1e400", None),
        ("GET", "/api/samples?sort=id", None),
        ("GET", "/api/samples?nonsense=1", None),
        ("GET", "/api/samples?answer=right", None),
        ("GET", "/api/samples?mark=odd", None),
        ("GET", "/api/samples?missing=maybe", None),
        ("GET", "/api/samples?sort=p_true", None),
        ("GET", "/api/facets?n=1", None),
        ("GET", "/api/dataset?x=1", None),
        ("GET", "/api/sheet?side=9999", None),
        ("GET", "/api/samples/0/frame/0?size=0", None),
        ("GET", "/api/pairs?kind=odd", None),
        ("POST", "/api/marks", b"{"),
        ("POST", "/api/marks", b"\xff\xfe"),
        ("POST", "/api/marks", b"[]"),
        ("POST", "/api/marks", b'{"id": "A/0"}'),
        ("POST", "/api/marks", b'{"id": 5, "was": "A", "action": "keep"}'),
        ("POST", "/api/marks", b'{"id": "A/0", "was": "A", "action": "remove"}'),
        ("POST", "/api/marks", b'{"id": "A/0", "was": "A", "action": "keep", "path": "x"}'),
        ("POST", "/api/marks", b'{"id": "A/0", "was": "A", "action": "relabel"}'),
        ("POST", "/api/marks", b'{"id": "A/0", "was": "A", "action": "exclude", "label": "B"}'),
        ("POST", "/api/marks", b"[" * 30000),
    ],
)
def test_what_cannot_be_understood_is_422(
    app: App, method: str, path: str, content: bytes | None
) -> None:
    headers = {"Content-Type": "application/json"} if content else {}
    answer = app.client.request(method, path, content=content, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["what"]


def test_a_method_that_is_not_there_is_405_in_the_same_form(app: App) -> None:
    answer = app.client.put("/api/marks", json={})
    assert answer.status_code == 405
    assert answer.json()["error"]["where"] == "/api/marks"


def test_a_bug_is_told_without_its_insides(
    app: App, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise KeyError("/home/me/secret")

    monkeypatch.setattr(app.site, "dataset", broken)
    answer = app.client.get("/api/dataset")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "KeyError" in capfd.readouterr().err


ANSWERS = ["/", "/api/dataset", "/api/samples/0/frame/0", "/api/nothing", "/api/samples.csv"]


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_has_the_headers_that_keep_others_out(app: App, path: str) -> None:
    headers = app.client.get(path).headers
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["media-src"] == "'self' blob:"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["permissions-policy"] == "camera=(self)"
    assert not [name for name in headers if name.startswith("access-control")]
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_refusals_have_them_too(app: App) -> None:
    for answer in (
        app.stranger.get("/api/dataset"),
        app.client.get("/", headers={"Host": "evil.example"}),
        app.client.options("/api/marks", headers={"Origin": "http://evil.example"}),
    ):
        assert answer.status_code >= 400
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_web_socket_is_closed(app: App) -> None:
    with pytest.raises(WebSocketDisconnect) as closed, app.client.websocket_connect("/"):
        pass
    assert closed.value.code == 1008


def test_the_server_believes_no_proxy_and_writes_no_access_log(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Any]] = []
    real = server.uvicorn.Config

    def config(*given: Any, **keywords: Any) -> Any:
        made.append(keywords)
        raise StopIteration

    monkeypatch.setattr(server.uvicorn, "Config", config)
    with pytest.raises(StopIteration):
        server.run(app.client.app, None, lambda: None)  # type: ignore[arg-type]
    assert real is not config
    wanted = {
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        "limit_concurrency": 64,
    }
    assert wanted.items() <= made[0].items()


def test_it_listens_on_this_machine_alone() -> None:
    assert server.Address().host == "127.0.0.1"
    listening = server.bound(server.Address())
    with listening:
        assert listening.getsockname()[0] == "127.0.0.1"
    assert not server.Address("0.0.0.0").is_loopback
    assert server.Address("::1").link(80, "t") == "http://[::1]:80/?token=t"
