# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the database commands do to an empty, a spoilt and a filled database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.contract.bed import Bed

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
# What a media host asks, as the wiring says it.
WIRING = Path(__file__).resolve().parents[2] / "playbooks" / "group_vars" / "postgres.yml"
SKIP = {"SKIP_POST_DEPLOYMENT_MIGRATIONS": "false"}


def post_migration(bed: Bed) -> str:
    """Return the version of one post-deployment migration of the image."""
    listing = bed.once("ls", "db/post_migrate").stdout
    return listing.split()[-1].split("_")[0]


def pending(bed: Bed, change: dict[str, str] | None = None) -> int:
    """Return the exit code of the question whether migrations are pending."""
    return bed.once("bin/rails", "db:abort_if_pending_migrations", change=change).returncode


def test_status_of_empty(bed: Bed) -> None:
    name = bed.new_database("status_of_empty")
    result = bed.once("bin/rails", "db:migrate:status", change=name)
    assert result.returncode == 1
    assert "Schema migrations table does not exist yet." in result.stderr + result.stdout
    assert bed.sql(TABLES, "status_of_empty") == "0"


def test_prepare_seeds(bed: Bed, database: str) -> None:
    roles = bed.sql("SELECT name FROM user_roles WHERE name <> ''").split()
    assert sorted(roles) == ["Admin", "Moderator", "Owner"]


def test_prepare_twice(bed: Bed, database: str) -> None:
    bed.sql("UPDATE user_roles SET name = 'Helper' WHERE name = 'Moderator'")
    try:
        assert bed.once("bin/rails", "db:prepare").returncode == 0
        assert bed.sql("SELECT count(*) FROM user_roles WHERE name = 'Moderator'") == "0"
    finally:
        bed.sql("DELETE FROM user_roles WHERE name = 'Moderator'")
        bed.sql("UPDATE user_roles SET name = 'Moderator' WHERE name = 'Helper'")


def test_pending_on_empty(bed: Bed) -> None:
    name = bed.new_database("pending_on_empty")
    assert bed.once("bin/rails", "db:abort_if_pending_migrations", change=name).returncode == 1
    assert bed.sql("SELECT to_regclass('public.schema_migrations')", "pending_on_empty") == "schema_migrations"
    assert bed.once("bin/rails", "db:prepare", change=name).returncode != 0


def test_pending_exit_codes(bed: Bed, database: str) -> None:
    version = post_migration(bed)
    assert pending(bed) == 0
    bed.sql(f"DELETE FROM schema_migrations WHERE version = '{version}'")
    try:
        assert pending(bed) == 1
    finally:
        bed.sql(f"INSERT INTO schema_migrations VALUES ('{version}')")


def test_skip_post_any_value(bed: Bed, database: str) -> None:
    version = post_migration(bed)
    bed.sql(f"DELETE FROM schema_migrations WHERE version = '{version}'")
    try:
        assert pending(bed, SKIP) == 0
    finally:
        bed.sql(f"INSERT INTO schema_migrations VALUES ('{version}')")


def test_skip_post_on_empty(bed: Bed) -> None:
    name = bed.new_database("skip_post_on_empty")
    assert bed.once("bin/rails", "db:migrate", change={**name, **SKIP}).returncode != 0


def test_unprivileged_role(bed: Bed, database: str) -> None:
    assert bed.sql("SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = 'mastodon'") == "f"
    assert bed.sql("SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql'") == "0"


def hidden(bed: Bed) -> set[str]:
    """Return what a media host would be told to hide, as lines."""
    wiring: dict[str, Any] = yaml.safe_load(WIRING.read_text(encoding="utf-8"))
    return set(bed.sql(wiring["__instance_hidden_media"]["answer"]).split())


def test_hidden_media(bed: Bed, created: object) -> None:
    assert hidden(bed) == set()
    account = bed.sql("SELECT id FROM accounts WHERE username = 'owner'")
    columns = "(account_id, file_file_name, thumbnail_file_name, remote_url, created_at, updated_at)"
    media = bed.sql(
        f"INSERT INTO media_attachments {columns} VALUES ({account}, 'f.png', 't.png', '', now(), now()),"
        f" ({account}, 'c.png', NULL, 'https://elsewhere.example/c.png', now(), now()) RETURNING id"
    ).split()
    bed.sql(f"UPDATE accounts SET avatar_file_name = 'a.png', suspended_at = now() WHERE id = {account}")
    try:
        assert hidden(bed) == {
            f"accounts/avatars|{account}|a.png",
            f"accounts/headers|{account}|",
            f"media_attachments/files|{media[0]}|f.png",
            f"media_attachments/thumbnails|{media[0]}|t.png",
            # A copy lies in either place, depending on its age.
            f"media_attachments/files|{media[1]}|c.png",
            f"cache/media_attachments/files|{media[1]}|c.png",
        }
    finally:
        bed.sql(f"UPDATE accounts SET avatar_file_name = NULL, suspended_at = NULL WHERE id = {account}")
        bed.sql(f"DELETE FROM media_attachments WHERE id IN ({', '.join(media)})")
    assert hidden(bed) == set()


def test_suspended_account(bed: Bed, created: object) -> None:
    ask = "SELECT suspended_at IS NOT NULL, avatar_file_name FROM accounts WHERE username = 'owner'"
    bed.sql("UPDATE accounts SET avatar_file_name = 'a.png' WHERE username = 'owner'")
    try:
        bed.runner("Account.find_local('owner').suspend!")
        assert bed.sql(ask) == "t|a.png"
        bed.runner("Account.find_local('owner').unsuspend!")
        assert bed.sql(ask) == "f|a.png"
    finally:
        bed.sql("UPDATE accounts SET avatar_file_name = NULL, suspended_at = NULL WHERE username = 'owner'")
