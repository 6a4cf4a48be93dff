# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A firewall that is there, altered, deleted, gone after the next boot, or not confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_firewall
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

TABLE = """\
table inet fediops {
	chain input {
		type filter hook input priority filter; policy drop;
		tcp dport 22 accept comment "ssh"
		tcp dport { 80, 443 } accept comment "web"
	}
}
"""
ALTERED = TABLE.replace("tcp dport 22", "tcp dport 5432 accept\n\t\ttcp dport 22")


def judge(applies: str = TABLE, wanted: str = TABLE, enabled: bool = True, pending: bool = False) -> list[Finding]:
    return list(_probe_firewall.judge("fediops", applies, wanted, enabled, pending))


def test_all_is_well() -> None:
    (found,) = judge()
    assert (found.status, found.detail) == (
        "ok",
        "table inet fediops applies unaltered, 2 rules of it with a comment, and is loaded at boot",
    )


@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        (judge(applies=""), "fail", "there is no table inet fediops: every port that something listens on is open"),
        (judge(wanted=""), "fail", "no rules are kept for the next boot"),
        (judge(applies=ALTERED), "fail", "the table is not what was loaded: added 'tcp dport 5432 accept'"),
        (judge(wanted=ALTERED), "fail", "the table is not what was loaded: missing 'tcp dport 5432 accept'"),
        (judge(enabled=False), "fail", "its unit is not enabled: after a boot everything is open"),
        (judge(applies=ALTERED, pending=True), "warn", "new rules wait to be confirmed"),
    ],
)
def test_each_fault(found: list[Finding], status: str, said: str) -> None:
    assert [(each.status, each.detail) for each in found] == [(status, said)]
    assert found[0].cure


def test_a_long_difference_is_cut() -> None:
    (found,) = judge(applies="\n".join(f"rule {number}" for number in range(9)))
    assert found.detail.endswith(" more")


def programs(monkeypatch: pytest.MonkeyPatch, listing: str, wanted: str = TABLE, enabled: str = "enabled") -> list[str]:
    """Answer for nft, unshare and systemctl; return what unshare was given."""
    given: list[str] = []

    def run(_self: Context, argv: list[str], text: str = "") -> str:
        if argv[0] == "unshare":
            given.append(text)
            return wanted
        said = enabled if argv[0] == "systemctl" else listing
        if said.startswith("!"):
            raise ProbeError(said[1:])
        return said

    monkeypatch.setattr(Context, "run", run)
    return given


def look(tmp_path: Path) -> list[Finding]:
    file = str(tmp_path / "firewall.nft")
    return list(_probe_firewall.firewall(Context(), table="fediops", file=file, unit="fediops-firewall.service"))


def test_the_file_is_tried_where_it_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "firewall.nft").write_text("the rules", encoding="utf-8")
    given = programs(monkeypatch, TABLE)
    assert [each.status for each in look(tmp_path)] == ["ok"]
    assert given == ["the rules"]


def test_a_host_where_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(
        monkeypatch,
        "!/usr/sbin/nft ended with 1: Error: No such file or directory",
        enabled="!systemctl ended with 1: disabled",
    )
    assert [each.status for each in look(tmp_path)] == ["fail", "fail"]


def test_nft_that_is_in_trouble_is_not_taken_for_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, "!/usr/sbin/nft ended with 1: Operation not permitted")
    with pytest.raises(ProbeError, match="not permitted"):
        look(tmp_path)
