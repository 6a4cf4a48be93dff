# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some visitors at once, for a while: what they ask that fails, and whether each post reaches the home timeline."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from typing import Any
from urllib.parse import urlencode

from tests.e2e.outside.browser import Browser
from tests.e2e.outside.report import facts

READERS = 3
WRITERS = 2
PAUSE = 0.5  # of each visitor, between two requests
PATIENCE = 15.0
# Jobs that wait for a process that takes them, after the last post.
JOBS = 60.0


class Load:
    """The visitors of one instance, all of them with the owner's token."""

    def __init__(self, config: dict[str, Any], token: str, trust: ssl.SSLContext) -> None:
        self.host, self.port = str(config["host"]), int(config["port"])
        self.trust, self.token = trust, token
        self.ends = time.time() + float(config["seconds"])
        self.asked = 0
        self.failures: list[dict[str, Any]] = []
        self.posted: set[str] = set()
        self.arrived: set[str] = set()

    async def ask(self, method: str, target: str, body: str = "") -> bytes:
        """Send one request over a connection of its own, and return the body of the answer 200."""
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=self.trust, server_hostname=self.host)
        try:
            head = [
                f"{method} {target} HTTP/1.0", f"Host: {self.host}", f"Authorization: Bearer {self.token}",
                "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}",
            ]  # fmt: skip
            writer.write("\r\n".join([*head, "", body]).encode())
            answer, _blank, content = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
        if b" 200 " not in answer.partition(b"\r\n")[0]:
            raise OSError(answer.partition(b"\r\n")[0].decode(errors="replace") or "no answer")
        return content

    async def tried(self, method: str, target: str, body: str = "") -> bytes:
        """Ask, and note what fails and when it was begun."""
        self.asked += 1
        began = time.time()
        try:
            return await asyncio.wait_for(self.ask(method, target, body), PATIENCE)
        except (OSError, asyncio.TimeoutError) as error:
            what = f"{method} {target}: {type(error).__name__} {error}"
            self.failures.append({"began": began, "lasted": time.time() - began, "what": what})
            return b""

    async def read(self) -> None:
        """Read what anybody may read."""
        while time.time() < self.ends:
            await self.tried("GET", "/api/v1/timelines/public?limit=5")
            await asyncio.sleep(PAUSE)

    async def write(self, number: int) -> None:
        """Post, one after the other; each is a job for Sidekiq."""
        count = 0
        while time.time() < self.ends:
            count += 1
            post = urlencode({"status": f"load {number}.{count} {time.time()}", "visibility": "unlisted"})
            answer = await self.tried("POST", "/api/v1/statuses", post)
            if answer:
                self.posted.add(str(json.loads(answer)["id"]))
            await asyncio.sleep(PAUSE)

    async def watch(self) -> None:
        """See which posts have arrived at home: those whose job was done."""
        while time.time() < self.ends or (self.posted - self.arrived and time.time() < self.ends + JOBS):
            found = await self.tried("GET", "/api/v1/timelines/home?limit=40")
            self.arrived |= {str(each["id"]) for each in json.loads(found or b"[]")}
            await asyncio.sleep(1)

    async def run(self) -> None:
        """Let all of them come, until the time is over."""
        await asyncio.gather(*(self.read() for _ in range(READERS)), *map(self.write, range(WRITERS)), self.watch())


def main(config: dict[str, Any]) -> None:
    """Sign in, say so, and begin."""
    trust = ssl.create_default_context(cadata=config["ca"])
    browser = Browser(config["url"], trust)
    browser.sign_in(config["email"], config["password"])
    browser.let_app_in()
    facts(began=time.time())
    load = Load(config, browser.token, trust)
    asyncio.run(load.run())
    facts(
        asked=load.asked,
        failures=load.failures,
        posted=sorted(load.posted),
        lost=sorted(load.posted - load.arrived),
    )
