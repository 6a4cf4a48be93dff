# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine is used, and what a killed one leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts import cli, engine, leftovers
from tests.hosts.clean import checkouts
from tests.hosts.layout import Layout

OWN = "unix:///run/fediops/docker.sock"
CONTAINER = "0123456789abcdef" * 4


def test_docker_host_is_obeyed() -> None:
    assert engine.candidates(OWN, "tcp://builder:2375", explicit=True) == ["tcp://builder:2375"]


def test_an_engine_of_ours_that_runs_is_kept() -> None:
    assert engine.candidates(OWN, "unix:///var/run/docker.sock", explicit=False)[0] == OWN
    assert engine.candidates(OWN, None, explicit=False) == [OWN]


def fake_process(proc: Path, pid: int, comm: str, cmdline: str, cgroup: str = "0::/") -> None:
    """A process as /proc shows it."""
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "comm").write_text(f"{comm}\n")
    (folder / "cmdline").write_bytes(cmdline.replace(" ", "\0").encode())
    (folder / "cgroup").write_text(cgroup)


def test_only_our_own_processes_are_found(tmp_path: Path) -> None:
    runtime = Path("/run/fediops-mastodon-1")
    fake_process(tmp_path, 101, "dockerd", f"dockerd --pidfile {runtime}/docker.pid")
    fake_process(tmp_path, 102, "containerd-shim", f"/usr/bin/containerd-shim -address {runtime}/exec/c.sock")
    fake_process(tmp_path, 103, "redis-server", "redis-server", f"9:pids:/\n0::/docker/{CONTAINER}/system.slice\n")
    fake_process(tmp_path, 201, "dockerd", "dockerd --pidfile /run/docker.pid")
    fake_process(tmp_path, 202, "less", f"less {runtime}/slirp.log")
    fake_process(tmp_path, 203, "dockerd", "dockerd --pidfile /run/fediops-mastodon-12/docker.pid")
    fake_process(tmp_path, 204, "redis-server", "redis-server", f"0::/docker/{'f' * 64}\n")
    (tmp_path / "meminfo").write_text("not a process")
    assert leftovers.processes(runtime, [CONTAINER], tmp_path) == {101, 102, 103}


def test_mounts_are_found_deepest_first_and_only_inside() -> None:
    mountinfo = "\n".join(
        f"36 35 98:0 / {point} rw - ext4 /dev/sda rw"
        for point in ("/", "/cache/x", "/cache/x/data/over\\040lay", "/cache/xy", "/cache/x/data")
    )
    assert leftovers.mounts_below(Path("/cache/x"), mountinfo) == [
        "/cache/x/data/over lay",
        "/cache/x/data",
        "/cache/x",
    ]


def test_a_checkout_that_is_gone_does_not_keep_the_cache(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "here", tmp_path / "cache")
    (layout.cache / "checkouts").mkdir(parents=True)
    for name, root in ((layout.checkout, layout.root), ("living", tmp_path), ("gone", tmp_path / "gone")):
        (layout.cache / "checkouts" / name).write_text(f"{root}\n")
    assert checkouts(layout) == ({"living"}, {"gone"})


def test_every_verb_of_the_command_line_is_there() -> None:
    choices = cli.parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]  # argparse shows its verbs nowhere else
    assert choices is not None
    assert set(choices) == set(cli.VERBS)


def test_down_without_a_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["down"])
    assert "name a host" in capsys.readouterr().err


def test_lists_on_the_command_line() -> None:
    options = cli.parser().parse_args(["up", "fedi", "--aliases", "a.localhost,b.localhost", "--apps=A,B"])
    assert options.aliases == ("a.localhost", "b.localhost")
    assert options.apps == ("A", "B")
    assert cli.parser().parse_args(["up", "fedi", "--aliases="]).aliases == ()
