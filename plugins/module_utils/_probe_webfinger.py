# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of how other servers find an account, also where its domain is somebody's web site.

PRIVATE to the collection: no other code may rely on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urljoin, urlsplit

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, clean, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_http import Reply, dig, fetch

PATH = "/.well-known/webfinger"
REDIRECTS = (301, 302, 303, 307, 308)
OPEN = "Access-Control-Allow-Origin"


def webfinger(context: Context, *, url: str, web: str, account: str) -> Iterator[Finding]:
    """Ask the domain in the handles (the start of its address) for an account whose pages are at the web domain."""
    asked = f"{url}{PATH}?resource=acct:{account}"
    reply = fetch(context, asked)
    closed = "*" not in reply.values(OPEN)
    where = reply.values("Location") if reply.status in REDIRECTS else []
    if where:
        leads = urljoin(asked, where[0])
        fault = judge_redirect(leads, web, account)
        if fault:
            yield fault
            return
        reply = fetch(context, leads)
    found = judge_answer(reply, web, account)
    if found.status == "ok" and where and closed:
        yield warn(
            f"the redirect to {urlsplit(web).hostname} lacks {OPEN}: *, so pages of other sites may not follow it",
            f"Let the server of {urlsplit(url).hostname} send it with its answers to {PATH}",
        )
    else:
        yield found


def judge_redirect(where: str, web: str, account: str) -> Finding | None:
    """Return what is wrong with a redirect: it must lead to the same question at the web domain."""
    leads, wanted = urlsplit(where), urlsplit(web)
    same = (leads.scheme, leads.netloc, leads.path) == (wanted.scheme, wanted.netloc, PATH)
    if same and unquote(leads.query) == f"resource=acct:{account}":
        return None
    return fail(
        f"leads to {clean(where, 120)}",
        f"Let it lead to {web}{PATH} with the query kept; other servers find nobody this way",
    )


def judge_answer(reply: Reply, web: str, account: str) -> Finding:
    """See that the answer is about the account, and that its actor is at the web domain."""
    cure = "Other servers find nobody. If no site of yours serves this name, its own server has to redirect, see docs"
    if reply.status != 200:
        return fail(f"answered {reply.status} instead of 200: {clean(reply.text, 80)}", cure)
    data = reply.json()
    subject, links = dig(data, "subject"), dig(data, "links")
    if subject != f"acct:{account}":
        return fail(f"its subject is {clean(subject, 80)!r} instead of 'acct:{account}'", cure)
    actors = [dig(link, "href") for link in links if dig(link, "rel") == "self"] if isinstance(links, list) else []
    if not actors or not str(actors[0]).startswith(f"{web}/"):
        return fail(
            f"the account's own address is {clean(actors[:1], 80)}, not under {web}/", "Look at instance_web_domain"
        )
    return ok(f"finds {account}")
