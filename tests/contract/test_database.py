# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the database commands do to an empty, a spoilt and a filled database."""

from __future__ import annotations

from tests.contract.bed import Bed

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
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
