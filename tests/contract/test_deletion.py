# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom Mastodon tells when an upload is deleted, and when it tells nobody. Asked only with --minio."""

from __future__ import annotations

import json
import time

import pytest

from tests.contract.bed import Bed, wait_for
from tests.contract.store import PICTURE, STORAGE

# The media host: writes down who asked for what, and refuses it all.
LISTENER = r"""
require 'socket'
$stdout.sync = true
server = TCPServer.new('0.0.0.0', 8099)
puts 'listening'
while (client = server.accept)
  head = []
  while (line = client.gets) && line != "\r\n"
    head << line.strip
  end
  puts head.join(' | ')
  client.write("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
  client.close
end
"""
SECRET = "contract-secret=_-0"
BUST: dict[str, str | None] = {
    **STORAGE,
    "S3_PROTOCOL": "http",
    "S3_ALIAS_HOST": "mediahost:8099",
    "CACHE_BUSTER_ENABLED": "true",
    "CACHE_BUSTER_HTTP_METHOD": "PURGE",
    "CACHE_BUSTER_SECRET_HEADER": "X-Bust-Secret",
    "CACHE_BUSTER_SECRET": SECRET,
    # Of its own, so that no other Sidekiq takes the jobs.
    "REDIS_DB": "14",
}
ALLOWED = {"ALLOWED_PRIVATE_ADDRESSES": "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16"}
RETRIES = ("ZCARD", "retry")


class Instance:
    """Web and Sidekiq that tell a media host, and somebody who posts pictures."""

    def __init__(self, bed: Bed, token: str) -> None:
        self.bed, self.authorization = bed, f"Authorization: Bearer {token}"
        self.listener = bed.start("mediahost", "ruby", "-e", LISTENER)
        bed.wait_for_output(self.listener, "listening")
        bed.web("deleting", change=BUST)
        self.sidekiq = bed.sidekiq(change={**BUST, **ALLOWED})

    def ask(self, method: str, path: str, *options: str) -> dict[str, object]:
        """Ask the API."""
        answer = self.bed.page(path, self.authorization, alias="deleting", options=("--request", method, *options))
        assert answer.status in (200, 202), answer.body
        found: dict[str, object] = json.loads(answer.body)
        return found

    def post(self) -> tuple[str, str, str]:
        """Post a picture; return the numbers of post and picture, and the picture's path."""
        media = self.ask("POST", "/api/v2/media", "--form", f"file=@{PICTURE};type=image/png")
        post = self.ask("POST", "/api/v1/statuses", "--data", f"status=x&media_ids[]={media['id']}")
        return str(post["id"]), str(media["id"]), str(media["url"]).removeprefix("http://mediahost:8099")

    def heard(self) -> list[str]:
        """Return what the media host was told so far."""
        return self.bed.logs(self.listener).splitlines()[1:]

    def requests_for(self, path: str) -> list[str]:
        """Return those that were about one file."""
        return [line for line in self.heard() if line.split(" ")[1].endswith(path)]

    def is_stored(self, path: str) -> bool:
        """Whether the object is in the bucket; the store's own directory is asked."""
        look = ("exec", self.bed.services, "test", "-e", f"/var/lib/contract-minio/contract{path}")
        return self.bed.engine.call(*look).returncode == 0

    def quiet(self) -> None:
        """Wait until Sidekiq has nothing to do."""

        def idle() -> bool:
            queues = self.bed.redis("SMEMBERS", "queues", database=14).split()
            return not any(int(self.bed.redis("LLEN", f"queue:{queue}", database=14)) for queue in queues)

        wait_for(idle, "an idle Sidekiq")
        # What it has taken last: none of these jobs has to wait for anybody.
        time.sleep(2)


@pytest.fixture(scope="module")
def instance(bed: Bed, bucket: str, token: str) -> Instance:
    return Instance(bed, token)


def media_left(bed: Bed, media: str) -> str:
    """Return how many rows an upload has."""
    return bed.sql(f"SELECT count(*) FROM media_attachments WHERE id = {media}")


def test_bust_request(instance: Instance) -> None:
    post, media, path = instance.post()
    assert instance.is_stored(path)
    instance.ask("DELETE", f"/api/v1/statuses/{post}?delete_media=true")
    wait_for(lambda: instance.requests_for(path), "a request to the media host")
    wait_for(lambda: not instance.is_stored(path), "an object that is gone")
    (told,) = instance.requests_for(path)
    assert told.startswith(f"PURGE {path} HTTP/1.1 | ")
    assert f"x-bust-secret: {SECRET}" in told.lower().replace(SECRET.lower(), SECRET)
    assert media_left(instance.bed, media) == "0"


def test_bust_any_answer(instance: Instance) -> None:
    # All that was asked so far was answered with 503.
    instance.quiet()
    assert instance.heard() != []
    assert instance.bed.redis(*RETRIES, database=14) == "0"


def test_delete_without_media(instance: Instance) -> None:
    post, media, path = instance.post()
    instance.ask("DELETE", f"/api/v1/statuses/{post}")
    wait_for(lambda: instance.bed.sql(f"SELECT count(*) FROM statuses WHERE id = {post}") == "0", "a post that is gone")
    instance.quiet()
    assert (media_left(instance.bed, media), instance.requests_for(path)) == ("1", [])
    assert instance.is_stored(path)


def test_moderated_media(instance: Instance) -> None:
    post, media, path = instance.post()
    # What the moderators' page does, without the strike and the letter.
    instance.bed.runner(
        f"Status.find({post}).discard; RemovalWorker.new.perform({post}, {{ 'preserve' => true }})",
        {**BUST, **ALLOWED},
    )
    instance.quiet()
    assert instance.bed.sql(f"SELECT deleted_at IS NOT NULL FROM statuses WHERE id = {post}") == "t"
    assert (media_left(instance.bed, media), instance.requests_for(path)) == ("1", [])
    assert instance.is_stored(path)


def test_bust_private(instance: Instance) -> None:
    post, _media, path = instance.post()
    instance.bed.stop(instance.sidekiq)
    careful = instance.bed.sidekiq(change={**BUST, "ALLOWED_PRIVATE_ADDRESSES": None})
    instance.ask("DELETE", f"/api/v1/statuses/{post}?delete_media=true")
    wait_for(lambda: instance.bed.redis(*RETRIES, database=14) != "0", "a job that failed")
    assert "PrivateNetworkAddressError" in instance.bed.redis("ZRANGE", "retry", "0", "-1", database=14)
    assert instance.requests_for(path) == []
    instance.bed.stop(careful)
