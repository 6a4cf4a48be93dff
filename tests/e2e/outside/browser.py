# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person's browser and app do: sign in by the form, let an app in, upload, post."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any

from tests.e2e.outside.report import insist

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
BOUNDARY = "fediops-e2e-boundary"


class Forms(HTMLParser):
    """All forms of a page: where they go, how, and what they hold already."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or a field of the latest."""
        values = dict(attrs)
        if tag == "form":
            self.found.append({"action": values.get("action") or "", "method": values.get("method") or "get",
                               "fields": {}})  # fmt: skip
        elif tag == "input" and self.found and values.get("name"):
            self.found[-1]["fields"][values["name"]] = values.get("value") or ""


def form(page: str, *having: str) -> dict[str, Any]:
    """Return the first form with all of these fields that does not delete something."""
    forms = Forms()
    forms.feed(page)
    for each in forms.found:
        if all(name in each["fields"] for name in having) and each["fields"].get("_method", "") != "delete":
            return each
    raise RuntimeError(f"no form with {', '.join(having)} on the page: {page[:200]}")


class Browser:
    """A browser with cookies that trusts one authority only."""

    def __init__(self, base: str, trust: ssl.SSLContext) -> None:
        self.base = base
        self.trust = trust
        self.token = ""
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=trust), urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def page(self, target: str, fields: Mapping[str, str] | None = None) -> tuple[str, str]:
        """Open a page, or send a form; return the text and the address where redirects led."""
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        with self._opener.open(urllib.parse.urljoin(self.base, target), data, timeout=60) as answer:
            return answer.read().decode(), answer.geturl()

    def sign_in(self, email: str, password: str) -> None:
        """Fill in the form of the sign-in page."""
        page, _where = self.page("/auth/sign_in")
        sign_in = form(page, "user[email]", "user[password]")
        filled = {**sign_in["fields"], "user[email]": email, "user[password]": password}
        _page, where = self.page(sign_in["action"], filled)
        insist("/auth/sign_in" not in where, "the owner's password was not accepted")

    def let_app_in(self) -> None:
        """Register an app, let it in on the page that asks for it, and keep the token that it gets."""
        scopes = "read write"
        app = self.data("POST", "/api/v1/apps", {"client_name": "e2e", "redirect_uris": OUT_OF_BAND, "scopes": scopes})
        asked = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": OUT_OF_BAND, "scope": scopes}
        page, where = self.page(f"/oauth/authorize?{urllib.parse.urlencode(asked)}")
        if "code=" not in where:
            agree = form(page, "client_id", "response_type")
            page, where = self.page(agree["action"], agree["fields"])
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(where).query).get("code")
        insist(bool(code), f"the page to let an app in led to {where}")
        assert code is not None
        grant = {"grant_type": "authorization_code", "code": code[0], "redirect_uri": OUT_OF_BAND, "scope": scopes,
                 "client_id": app["client_id"], "client_secret": app["client_secret"]}  # fmt: skip
        self.token = str(self.data("POST", "/oauth/token", grant)["access_token"])

    def data(self, method: str, target: str, fields: Mapping[str, str] | None = None) -> Any:
        """Ask the API."""
        body = urllib.parse.urlencode(fields or {}).encode() if method == "POST" else None
        return json.loads(self._ask(method, target, body, "application/x-www-form-urlencoded")[1])

    def media(self, identifier: str) -> dict[str, Any]:
        """Ask how far the processing of an upload is."""
        found: dict[str, Any] = self.data("GET", f"/api/v1/media/{identifier}")
        return found

    def upload(self, name: str, kind: str, size: int, content: Iterator[bytes]) -> tuple[int, dict[str, Any]]:
        """Send a file piece by piece, as browsers do."""
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        ).encode()
        tail = f"\r\n--{BOUNDARY}--\r\n".encode()

        def body() -> Iterator[bytes]:
            yield head
            yield from content
            yield tail

        status, answer = self._ask("POST", "/api/v2/media", body(), f"multipart/form-data; boundary={BOUNDARY}",
                                   len(head) + size + len(tail))  # fmt: skip
        found: dict[str, Any] = json.loads(answer)
        return status, found

    def _ask(
        self, method: str, target: str, body: bytes | Iterator[bytes] | None, kind: str, length: int | None = None
    ) -> tuple[int, bytes]:
        host = urllib.parse.urlsplit(self.base).netloc
        connection = http.client.HTTPSConnection(host, timeout=300, context=self.trust)
        headers = {"Content-Type": kind} if body is not None else {}
        if length is not None:
            headers["Content-Length"] = str(length)
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        insist(answer.status < 400, f"{method} {target} was answered {answer.status}: {data[:200]!r}")
        return answer.status, data
