# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options, fixtures, and the table at the end."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

# `pytest tests/contract` does not put the checkout on the path by itself.
from tests.contract.bed import DOMAIN, Bed
from tests.contract.beliefs import BELIEFS, REFUSALS, STORAGE, Belief
from tests.contract.store import MAKE_BUCKET, PICTURE, PIXEL
from tests.contract.store import STORAGE as STORE
from tests.standin.engine import Engine

ALL = {**BELIEFS, **REFUSALS, **STORAGE}
MAKE_TOKEN = """
user = Account.find_local('owner').user
app = Doorkeeper::Application.find_or_create_by!(name: 'contract') do |application|
  application.redirect_uri = 'urn:ietf:wg:oauth:2.0:oob'
  application.scopes = 'read write'
end
print Doorkeeper::AccessToken.create!(
  application: app, resource_owner_id: user.id, scopes: 'read write', expires_in: 3600
).token
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say which images, on which engine."""
    group = parser.getgroup("contract")
    group.addoption("--engine", help="address of the Docker engine (default: the client's own)")
    group.addoption("--image", default="fediops-standin/mastodon:v4.7.6", help="the web image (default: %(default)s)")
    group.addoption(
        "--streaming-image", default="fediops-standin/mastodon-streaming:v4.7.6", help="default: %(default)s"
    )
    group.addoption("--minio", type=Path, help="a MinIO server binary: only with it are the rows about storage asked")


def belief_of(item: pytest.Item) -> tuple[str, Belief]:
    """Return the row that a test proves: the one of its name or, in a table-driven test, of its parameter."""
    callspec = getattr(item, "callspec", None)
    name = callspec.params["row"] if callspec else item.name.removeprefix("test_")
    return name, ALL[name]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, and name in the table, what cannot be asked without an object store."""
    if config.getoption("--minio") is None:
        unasked = [item for item in items if belief_of(item)[0] in STORAGE]
        config.hook.pytest_deselected(items=unasked)
        items[:] = [item for item in items if item not in unasked]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Put the belief and its source beside the failure."""
    report = yield
    name, belief = belief_of(item)
    report.user_properties.append(("belief", name))
    if report.failed:
        report.sections.append(("Belief", f"{belief.says}\nSource: {belief.source}"))
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print every belief and what became of it."""
    verdicts = dict.fromkeys(ALL, "not asked")
    for outcome, verdict in (("passed", "holds"), ("failed", "FAILS"), ("error", "FAILS")):
        for report in terminalreporter.stats.get(outcome, []):
            verdicts[dict(report.user_properties)["belief"]] = verdict
    terminalreporter.section(f"beliefs about {config.getoption('--image')}")
    for name, verdict in verdicts.items():
        source = f"  [{ALL[name].source}]" if verdict == "FAILS" else ""
        terminalreporter.line(f"{verdict:9}  {name:25}  {ALL[name].says}{source}")


@pytest.fixture(scope="session")
def bed(request: pytest.FixtureRequest) -> Iterator[Bed]:
    """PostgreSQL, Redis and a network, for the whole run."""
    options = request.config.getoption
    engine = Engine(options("--engine"))
    bed = Bed(engine, options("--image"), options("--streaming-image"), options("--minio"))
    yield bed
    bed.close()


@pytest.fixture(scope="session")
def database(bed: Bed) -> str:
    """The instance's database, made by db:prepare."""
    bed.new_database("mastodon_production")
    result = bed.once("bin/rails", "db:prepare")
    assert result.returncode == 0, result.stderr
    return "mastodon_production"


@pytest.fixture(scope="session")
def created(bed: Bed, database: str) -> Any:
    """What tootctl said when it made the owner."""
    arguments = ("owner", "--email", f"owner@{DOMAIN}", "--confirmed", "--approve", "--role", "Owner")
    return bed.once("bin/tootctl", "accounts", "create", *arguments)


@pytest.fixture(scope="session")
def web(bed: Bed, created: Any) -> str:
    """A web process of the instance."""
    return bed.web("web", change={"ALTERNATE_DOMAINS": "other.example"})


@pytest.fixture(scope="session")
def sidekiq(bed: Bed, database: str) -> str:
    """The instance's Sidekiq."""
    return bed.sidekiq()


@pytest.fixture(scope="session")
def streaming(bed: Bed, database: str) -> str:
    """The instance's streaming server."""
    return bed.streaming("streaming")


@pytest.fixture(scope="session")
def token(bed: Bed, created: Any) -> str:
    """A bearer token of the owner."""
    return bed.runner(MAKE_TOKEN).strip()


@pytest.fixture(scope="session")
def bucket(bed: Bed, created: Any) -> str:
    """A bucket, and beside it a picture for it."""
    bed.runner(MAKE_BUCKET, STORE)
    bed.engine.run("exec", "-i", bed.services, "sh", "-c", f"base64 -d > {PICTURE}", stdin=PIXEL)
    return "contract"
