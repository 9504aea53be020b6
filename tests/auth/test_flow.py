"""The auth flow, driven by hand."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from auth.test_tokens import jwt

from ls_tools.auth import (
    Attempt,
    AuthResponse,
    Purpose,
    Refresh,
    TokenAuth,
    auth_for,
)
from ls_tools.errors import MissingTokenError, SettingsError, TokenRejectedError
from ls_tools.origin import Origin
from ls_tools.settings import Settings

HOME = "https://labels.example.com/ls"
LEGACY = "0123456789abcdef"
PERSONAL = jwt({"token_type": "refresh", "exp": 9e9})
API = f"{HOME}/api/projects/"


def access(number: int) -> str:
    return jwt({"token_type": "access", "iat": 0, "exp": 300, "jti": number})


def issue(number: int) -> AuthResponse:
    body = json.dumps({"access": access(number)}).encode()
    return AuthResponse(status=200, body=body)


def make(token: Any = LEGACY, **options: Any) -> TokenAuth:
    return TokenAuth(Origin.parse(HOME), token, **options)


def sent(step: object) -> str | None:
    assert isinstance(step, Attempt)
    return step.headers.get("Authorization")


@pytest.mark.parametrize(
    ("url", "api", "media"),
    [
        (f"{HOME}/data/upload/1/a.jpg", True, True),
        (f"{HOME}/data/local-files/?d=a/b.jpg", True, True),
        (f"{HOME}/storage-data/uploaded/?filepath=upload/1/a", True, True),
        (f"{HOME}/tasks/12/resolve/?fileuri=czM", True, True),
        (f"{HOME}/tasks/12/presign", True, True),
        (f"{HOME}/projects/3/presign/?fileuri=czM", True, True),
        ("HTTPS://LABELS.example.com:443/ls/data/upload/1/a.jpg", True, True),
        (f"{HOME}/data/a%20b%23%C3%A9.jpg", True, True),
        # not media
        (f"{HOME}/api/projects/", True, False),
        (f"{HOME}/data", True, False),
        (f"{HOME}/data/", True, False),
        (f"{HOME}/database/x", True, False),
        (f"{HOME}/tasks/12/", True, False),
        (f"{HOME}/tasks/x/resolve/", True, False),
        (f"{HOME}/tasks/\u0661/resolve/", True, False),
        (f"{HOME}/tasks/12/resolve/more", True, False),
        (f"{HOME}/api/projects/1/file-proxy/?url=x", True, False),
        (HOME, True, False),
        # spelled as media, decoded as something else, or the other way about
        (f"{HOME}/data/..%2fapi/users/", True, False),
        (f"{HOME}/data/%2e%2e/api/users/", True, False),
        (f"{HOME}/data/..\\api/users/", True, False),
        (f"{HOME}/data/%252e%252e/api/", True, False),
        (f"{HOME}/api/%2e%2e/data/upload/1/a.jpg", True, False),
        (f"{HOME}/api/..%2f..%2fls/data/upload/1/a.jpg", True, False),
        # not below the server
        (f"{HOME}/%2e%2e/other/data/upload/a", False, False),
        ("https://labels.example.com/other/..%2fls/data/upload/a", False, False),
        ("https://labels.example.com/data/upload/1/a.jpg", False, False),
        ("https://labels.example.com/lsx/data/upload/1/a.jpg", False, False),
        ("http://labels.example.com/ls/data/upload/1/a.jpg", False, False),
        ("https://labels.example.com:8443/ls/data/upload/1/a", False, False),
        ("https://labels.example.com@evil.test/ls/data/upload/a", False, False),
        ("https://evil.test/https://labels.example.com/ls/data/a", False, False),
        ("https://labels.example.com.evil.test/ls/data/a", False, False),
        ("https://[half/ls/data/upload/a", False, False),
        (f"{HOME}/data/%25252525252e", False, False),
        ("", False, False),
    ],
)
def test_which_urls_may_carry_the_token(url: str, *, api: bool, media: bool) -> None:
    """G8, G9: scheme, host, port, prefix and path count; spelling does not."""
    auth = make()
    assert auth.may_carry_token(url, "api") is api
    assert auth.may_carry_token(url, "media") is media


def test_each_kind_of_token_is_sent_as_the_server_wants_it() -> None:
    assert sent(next(make().flow(API, "api"))) == f"Token {LEGACY}"
    assert sent(next(make(access(1)).flow(API, "api"))) == f"Bearer {access(1)}"


@pytest.mark.parametrize("purpose", ["api", "media"])
def test_elsewhere_nothing_is_sent_and_nothing_raised(purpose: Purpose) -> None:
    flow = make().flow("https://elsewhere.test/", purpose)
    assert sent(next(flow)) is None
    with pytest.raises(StopIteration):
        flow.send(AuthResponse(status=401))


def test_the_flow_asks_for_a_refresh_below_the_prefix() -> None:
    """E5."""
    flow = make(PERSONAL).flow(API, "api")
    assert next(flow) == Refresh(
        url=f"{HOME}/api/token/refresh/", body={"refresh": PERSONAL}
    )
    assert sent(flow.send(issue(1))) == f"Bearer {access(1)}"
    with pytest.raises(StopIteration):
        flow.send(AuthResponse(status=200))


def test_a_401_renews_once_and_then_is_final() -> None:
    """E6."""
    flow = make(PERSONAL).flow(API, "api")
    next(flow)
    flow.send(issue(1))
    assert isinstance(flow.send(AuthResponse(status=401)), Refresh)
    assert sent(flow.send(issue(2))) == f"Bearer {access(2)}"
    with pytest.raises(TokenRejectedError, match="personal access token"):
        flow.send(AuthResponse(status=401))


def test_a_server_that_issues_the_same_token_again_is_not_asked_again() -> None:
    flow = make(PERSONAL).flow(API, "api")
    next(flow)
    flow.send(issue(1))
    flow.send(AuthResponse(status=401))
    with pytest.raises(TokenRejectedError):
        flow.send(issue(1))


def test_an_access_token_is_kept_until_shortly_before_its_end() -> None:
    """E6."""
    time_s = [1000.0]
    auth = make(PERSONAL, clock=lambda: time_s[0])
    flow = auth.flow(API, "api")
    next(flow)
    flow.send(issue(1))
    time_s[0] += 269
    assert sent(next(auth.flow(API, "api"))) == f"Bearer {access(1)}"
    time_s[0] += 2
    assert isinstance(next(auth.flow(API, "api")), Refresh)


def test_an_abandoned_flow_lets_others_refresh() -> None:
    auth = make(PERSONAL)
    first = auth.flow(API, "api")
    next(first)
    first.close()
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(next(auth.flow(API, "api"))))
    thread.start()
    thread.join(5)
    assert isinstance(found[0], Refresh)


def test_an_old_failure_is_not_taken_for_that_of_an_abandoned_flow() -> None:
    auth = make(PERSONAL)
    failed = auth.flow(API, "api")
    next(failed)
    with pytest.raises(TokenRejectedError):
        failed.send(AuthResponse(status=401))
    abandoned = auth.flow(API, "api")
    next(abandoned)
    lock, waiting = auth._lock, threading.Event()

    class Announced:
        def __enter__(self) -> None:
            waiting.set()
            lock.acquire()

        def __exit__(self, *_: object) -> None:
            lock.release()

    auth._lock = Announced()  # type: ignore[assignment]
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(next(auth.flow(API, "api"))))
    thread.start()
    assert waiting.wait(5)
    abandoned.close()
    thread.join(5)
    assert isinstance(found[0], Refresh)


def test_another_personal_token_has_an_access_token_of_its_own() -> None:
    other = jwt({"token_type": "refresh", "exp": 9e9, "jti": "other"})
    given = iter([PERSONAL, other])
    auth = make(lambda: next(given))
    flow = auth.flow(API, "api")
    next(flow)
    flow.send(issue(1))
    assert next(auth.flow(API, "api")) == Refresh(
        url=f"{HOME}/api/token/refresh/", body={"refresh": other}
    )


def test_a_callable_that_gives_nothing_is_a_missing_token() -> None:
    flow = make(lambda: "").flow(API, "api")
    assert sent(next(flow)) is None
    with pytest.raises(MissingTokenError):
        flow.send(AuthResponse(status=401))


def test_a_callable_that_stops_giving_is_a_missing_token() -> None:
    given = iter([LEGACY, ""])
    flow = make(lambda: next(given)).flow(API, "api")
    next(flow)
    with pytest.raises(MissingTokenError):
        flow.send(AuthResponse(status=401))


def test_a_callable_that_gives_nonsense_is_a_settings_error() -> None:
    with pytest.raises(SettingsError):
        next(make(lambda: "Bearer abc").flow(API, "api"))


def test_without_a_server_there_is_no_auth() -> None:
    assert auth_for(Settings(token=LEGACY)) is None


@pytest.mark.parametrize(
    "token_url",
    [HOME, f"{HOME}/", "https://LABELS.example.com:443/ls", "https://alias.test"],
)
def test_an_environment_token_is_sent_to_its_server(token_url: str) -> None:
    settings = Settings(
        url=HOME, token=LEGACY, token_url=token_url, aliases=("https://alias.test",)
    )
    auth = auth_for(settings)
    assert auth is not None
    assert sent(next(auth.flow(API, "api"))) == f"Token {LEGACY}"


@pytest.mark.parametrize(
    "token_url",
    [
        "https://labels.example.com",
        "http://labels.example.com/ls",
        "https://labels.example.com:8443/ls",
        "https://other.test/ls",
    ],
)
def test_an_environment_token_is_withheld_from_another_server(token_url: str) -> None:
    auth = auth_for(Settings(url=HOME, token=LEGACY, token_url=token_url))
    assert auth is not None
    flow = auth.flow(API, "api")
    assert sent(next(flow)) is None
    with pytest.raises(MissingTokenError) as caught:
        flow.send(AuthResponse(status=401))
    assert token_url in caught.value.hint
