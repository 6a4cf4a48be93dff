# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the probes: what it takes, what it returns, what it hides."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_run
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import ok
from ansible_collections.fediops.mastodon.plugins.modules import instance_probe


def call(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    with patch_module_args(options), pytest.raises(SystemExit):
        instance_probe.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


@pytest.fixture(autouse=True)
def _one_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    def telling(context: Any, *, secret: str = "", to: str = "") -> Any:
        yield ok(f"password {context.secret(secret)}, mail to {to or 'nobody'}")

    monkeypatch.setattr(_probe_run, "PROBES", {"telling": telling})


PROBE = {"area": "test", "name": "Telling", "probe": "telling"}


def test_rows_are_returned_and_secrets_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    result = call(capsys, probes=[{**PROBE, "secret": "mail"}], secrets={"mail": "correct-horse"})
    assert result["changed"] is False
    (row,) = result["rows"]
    assert (row["status"], row["name"]) == ("ok", "Telling")
    assert "correct-horse" not in json.dumps(result)


def test_a_list_that_makes_no_sense(capsys: pytest.CaptureFixture[str]) -> None:
    result = call(capsys, probes=[PROBE, {**PROBE, "probe": "x"}, {**PROBE, "colour": "red"}])
    assert result["failed"] is True
    assert result["msg"].startswith("These probes make no sense: probe 2 (Telling): there is no probe 'x'")
    assert "it has no option colour" in result["msg"]


@pytest.mark.parametrize(("check", "said"), [(False, "mail to a@b"), (True, "mail to nobody")])
def test_no_mail_is_sent_in_check_mode(capsys: pytest.CaptureFixture[str], check: bool, said: str) -> None:
    result = call(capsys, probes=[{**PROBE, "to": "a@b"}], _ansible_check_mode=check)
    assert result["rows"][0]["detail"].endswith(said)


def test_every_probe_and_option_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    text = " ".join(yaml.safe_load(instance_probe.DOCUMENTATION)["options"]["probes"]["description"])
    written = set(re.findall(r"C\((\w+)\)", text))
    for name, probe in _probe_run.PROBES.items():
        _context, *options = inspect.signature(probe).parameters
        assert {name, *options} <= written, name
