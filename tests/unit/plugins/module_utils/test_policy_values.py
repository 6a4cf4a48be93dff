# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of conditions have one form each, whatever they are."""

from __future__ import annotations

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils._policy_values import canonical
from hypothesis import given
from hypothesis import strategies as st

OPERATORS = st.sampled_from(
    ["StringEquals", "NumericLessThan", "DateEquals", "Bool", "IpAddress", "ForAnyValue:StringLike"]
)
SCALARS = st.one_of(
    st.text(), st.booleans(), st.integers(), st.floats(), st.dates().map(str), st.ip_addresses().map(str)
)


@given(OPERATORS, SCALARS)
def test_one_form_stays_what_it_is(operator: str, value: object) -> None:
    assert canonical(operator, canonical(operator, value)) == canonical(operator, value)


@pytest.mark.parametrize(
    ("operator", "value", "form"),
    [
        ("NumericEquals", "1e2", "100"),
        ("NumericEquals", "-0.0", "0"),
        ("NumericEquals", "inf", "inf"),
        ("NumericEquals", "1e999999999", "1e999999999"),
        ("NumericEquals", "many", "many"),
        ("StringEquals", 1.5, "1.5"),
        ("StringEquals", "True", "True"),
        ("StringEquals", True, "true"),
        ("DateEquals", "2026", "2026"),
        ("DateEquals", "9" * 30, "9" * 30),
        ("DateEquals", "tomorrow", "tomorrow"),
        ("DateEquals", "2026-01-01T00:00Z", "2026-01-01T00:00:00+00:00"),
        ("IpAddress", "${aws:SourceIp}", "${aws:SourceIp}"),
        ("IpAddress", "2001:db8:0::/32", "2001:db8::/32"),
    ],
)
def test_forms(operator: str, value: object, form: str) -> None:
    assert canonical(operator, value) == form


@pytest.mark.parametrize("value", [None, ["a"], {"a": 1}])
def test_what_is_no_scalar_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="Condition"):
        canonical("StringEquals", value)
