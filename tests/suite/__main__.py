# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.suite demo | test [SCENARIO] | prove | lint | docs`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from tests.suite import demo, lint, programs, scenarios
from tests.suite.steps import BUILD, Step, Tally, finish, run, run_all


def pytest(name: str, *arguments: str, env: Mapping[str, str] | None = None) -> Step:
    """One pytest run whose tests are counted one by one."""
    junit = BUILD / "junit" / f"{name.replace(' ', '-')}.xml"
    argv = [sys.executable, "-m", "pytest", "-q", f"--junitxml={junit}", *arguments]
    return Step(name, argv, env=env or {}, junit=junit)


def integration() -> Step:
    """The S3 modules against a real server on this machine."""
    env = {
        "FEDIOPS_MINIO": str(programs.unpack("minio_server")),
        "FEDIOPS_MC": str(programs.unpack("minio_client")),
    }
    return pytest("integration tests", "tests/integration", env=env)


def integration_elsewhere() -> Step:
    """Buckets and policies against a server that shares no code with MinIO, and whose users live in the policy."""
    files = [f"tests/integration/{name}.py" for name in ("test_bucket", "test_bucket_policy", "versity_grants")]
    env = {"FEDIOPS_VERSITY": str(programs.compiled("versitygw"))}
    return pytest("integration tests Versity", *files, env=env)


def contract(engine: str) -> list[Step]:
    """What we believe of Mastodon, asked of the images; the stand-in's two releases one after the other."""
    minio = str(programs.unpack("minio_server"))
    return [
        pytest("contract of the app images", "tests/contract", "--engine", engine, "--minio", minio),
        Step("stand-in both releases", [sys.executable, "-m", "tests.standin", "build", "--engine", engine]),
        pytest("stand-in releases A to B", "tests/standin", env={"DOCKER_HOST": engine}),
    ]


def depot() -> Step:
    """Engine, host images and depot: what every scenario stands on, and the one long wait of a cold start."""
    return Step("hosts engine, images and depot", [sys.executable, "-m", "tests.hosts", "depot"])


def engine() -> str:
    """The address of the Docker engine in use."""
    asked = [sys.executable, "-m", "tests.hosts", "engine"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def test(only: str | None) -> int:
    """Lint, unit tests, and every scenario."""
    tally = Tally()
    if only:
        if run(depot(), tally):
            scenarios.run_scenario(only, tally)
        return finish(tally)
    apart = Tally()
    with ThreadPoolExecutor(scenarios.AT_A_TIME) as lanes:
        # They need no host, and fill one lane from the long wait of a cold start on.
        beside = lanes.submit(run_all, [*lint.steps(), pytest("unit tests", "tests/unit")], apart)
        if run(depot(), tally):
            run(integration(), tally)
            scenarios.run_beside(scenarios.names(), tally, lanes)
        beside.result()
    tally.include(apart)
    return finish(tally)


def prove() -> int:
    """What takes too long for every change: another store, the app images, Debian 12, more kills, many hosts."""
    tally = Tally()
    if run(depot(), tally):
        run_all([integration_elsewhere(), *contract(engine())], tally)
        with ThreadPoolExecutor(scenarios.AT_A_TIME) as lanes:
            scenarios.run_beside(scenarios.ON_DEBIAN_12, tally, lanes, suite="debian12")
        scenarios.run_scenario("one_host", tally, kill_points=30)
        for name in scenarios.PROVE_ONLY:
            scenarios.run_scenario(name, tally, disturb="all")
    return finish(tally)


def main() -> int:
    """Dispatch to what the Makefile asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.suite", description=__doc__)
    parser.add_argument("what", choices=["demo", "test", "prove", "lint", "docs"])
    parser.add_argument("scenario", nargs="?")
    arguments = parser.parse_args()
    if arguments.what == "demo":
        return demo.main()
    if arguments.what == "test":
        return test(arguments.scenario)
    if arguments.what == "prove":
        return prove()
    tally = Tally()
    run_all(lint.steps() if arguments.what == "lint" else [lint.reference()], tally)
    return finish(tally)


if __name__ == "__main__":
    sys.exit(main())
