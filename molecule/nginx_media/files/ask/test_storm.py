# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers while one origin after the other fails in every way: what is complete is right, and nothing is "missing"."""

from __future__ import annotations

import http.client
import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from case import DISK, Case, ask

SECONDS = float(os.environ.get("STORM_SECONDS", "6"))
FILES = 150
TROUBLES = ({}, {"status": 500}, {"status": 503}, {"delay": 1.0}, {"cut": True}, {"drip": 0.5})


class Storm(Case):
    """Each file is on one to four origins, and its bytes follow from its name."""

    def setUp(self) -> None:
        """Hand the files out."""
        super().setUp()
        self.random = random.Random(os.environ.get("STORM_SEED", "1"))
        self.contents: dict[str, bytes] = {}
        for number in range(FILES):
            end, most = ("mp4", 3_000_000) if number % 10 == 0 else ("png", 200_000)
            path = self.new(end)
            self.contents[path] = random.Random(path).randbytes(self.random.randint(0, most))
            holders = list(self.holders().values())
            for hold in self.random.sample(holders, self.random.randint(1, len(holders))):
                hold(path, self.contents[path])
        self.seen: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.over = threading.Event()

    def trouble(self) -> None:
        """Let one origin fail, then another; the last is a directory, which goes as a disk does."""
        gone = Path("/srv/media/gone")
        while not self.over.is_set():
            origin = self.random.choice([*self.origins, None])
            if origin is None:
                DISK.rename(gone)
                time.sleep(0.5)
                gone.rename(DISK)
            elif self.random.random() < 0.25:
                origin.stop()
                time.sleep(0.5)
                origin.start()
            else:
                origin.behave(**self.random.choice(TROUBLES))
                time.sleep(0.5)
                origin.behave()

    def read(self, seed: int) -> None:
        """Ask for files, or parts of them, and look at every byte."""
        dice = random.Random(seed)
        while not self.over.is_set():
            path, content = dice.choice(list(self.contents.items()))
            start, length = dice.randint(0, max(len(content) - 1, 0)), dice.randint(1, 2_000_000)
            headers = {"Range": f"bytes={start}-{start + length - 1}"} if dice.random() < 0.3 else {}
            method = "HEAD" if dice.random() < 0.1 else "GET"
            try:
                answer = ask(path, method, headers)
            except (http.client.HTTPException, OSError):
                self.seen["broke off"] += 1
                continue
            self.seen[str(answer.status)] += 1
            if not self.is_right(answer, method, content, slice(start, start + length)):
                self.wrong.append(f"{method} {path} {headers}: {answer.status} {len(answer.content)} {len(content)}")

    @staticmethod
    def is_right(answer, method: str, content: bytes, part: slice) -> bool:
        """Tell whether an answer is one that a visitor may get. An empty file has no part."""
        if answer.status not in (200, 206):
            return answer.status == 503 or (answer.status == 416 and not content)
        expected = content[part] if answer.status == 206 else content
        length = int(answer.getheader("Content-Length"))
        return length == len(expected) and answer.content == (b"" if method == "HEAD" else expected)

    def test_no_wrong_byte(self) -> None:
        with ThreadPoolExecutor(7) as pool:
            work = [pool.submit(self.trouble), *(pool.submit(self.read, seed) for seed in range(6))]
            time.sleep(SECONDS)
            self.over.set()
            for task in work:
                task.result()
        print(dict(self.seen), end=" ", flush=True)
        self.assertEqual(self.wrong, [])
        self.assertGreater(self.seen["200"] + self.seen["206"], sum(self.seen.values()) * 0.5)
        for path, content in self.contents.items():
            self.assert_shown(ask(path), content)
