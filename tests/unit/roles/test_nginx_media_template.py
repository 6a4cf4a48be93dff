# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role nginx_media writes, rendered by Ansible itself and read back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rendering import Block, read_nginx, render

STORE = {"name": "store", "url": "http://10.0.0.5:9000", "bucket": "mastodon-media", "forbidden": "away"}
OLD = {"name": "old", "url": "http://[fd00::7]:80"}
FOREIGN = {"name": "b2", "url": "https://s3.example.org", "bucket": "bucket", "host_header": "media.example.org"}
DISK = {"name": "disk", "directory": "/srv/media"}
DATABASE = {"host": "10.0.0.2", "name": "instance", "user": "media", "password": "secret-of-the-database"}


def written(*origins: dict[str, str], **changes: Any) -> str:
    """Return the configuration with these origins, and some changes."""
    return render(
        "nginx_media",
        "nginx.conf.j2",
        {
            "nginx_media_server_names": ["media.social.net", "files.social.net"],
            "nginx_media_origins": list(origins),
            **{f"nginx_media_{name}": value for name, value in changes.items()},
        },
    )


def config(*origins: dict[str, str], **changes: Any) -> Block:
    """Return its http block."""
    return read_nginx(written(*origins, **changes)).find("http")


def server(*origins: dict[str, str], **changes: Any) -> Block:
    """Return the server of the media host."""
    return next(
        block
        for block in config(*origins, **changes).members
        if block.words == "server" and any(line.startswith("server_name") for line in block.lines())
    )


def locations(*origins: dict[str, str], **changes: Any) -> dict[str, list[str]]:
    """Return the locations of the media host with their directives; the one for files is called "files"."""
    return {
        ("sliced" if "mp4" in block.words else "files")
        if "<file>" in block.words
        else block.words.removeprefix("location "): block.lines()
        for block in server(*origins, **changes).members
        if block.words.startswith("location")
    }


def leads_to(lines: list[str]) -> dict[str, str]:
    """Return where each status of an origin leads."""
    found = (re.fullmatch(r"error_page ([0-9 ]+) = (@\w+)", line) for line in lines)
    return {status: match[2] for match in found if match for status in match[1].split()}


@pytest.mark.parametrize(
    "template",
    ["nginx.conf.j2", "nginx-media.service.j2", "nginx-media-watch.service.j2", "nginx-media-gone.service.j2"],
)
def test_first_line_says_who_wrote_it(template: str) -> None:
    text = render("nginx_media", template, {"nginx_media_server_names": ["a.b"], "nginx_media_origins": [STORE]})
    assert text.startswith("#\n# Ansible managed\n#\n")
    assert "SPDX" not in text
    assert "\n\n\n" not in text
    assert text.endswith("\n")


def test_one_origin_is_first_and_last() -> None:
    found = locations(STORE)
    assert set(found) == {"= /", "/", "files", "@missing", "@unavailable", "@away"}
    routes = leads_to(found["files"])
    assert {routes[status] for status in ("404", "410", "302")} == {"@missing"}
    assert {routes[status] for status in ("403", "500", "502", "503", "504")} == {"@unavailable"}
    assert "proxy_cache_valid 404 410 10s" in found["files"], "a refusal of this store is no miss"


def test_three_origins_are_asked_in_order_and_only_the_last_remembers_a_miss() -> None:
    found = locations(STORE, OLD, FOREIGN, resolvers=["9.9.9.9"])
    order = ["files", "@origin_old", "@origin_b2", "@missing"]
    for here, there in zip(order, order[1:]):
        assert leads_to(found[here])["404"] == there
        assert ("proxy_cache_valid 403 404 410 10s" in found[here]) is (there == "@missing")


def test_what_a_refusal_means() -> None:
    found = locations(OLD, STORE)
    assert leads_to(found["files"])["403"] == "@origin_store"
    assert leads_to(found["@origin_store"])["403"] == "@unavailable"


def test_what_nginx_itself_refuses_is_no_miss() -> None:
    """A range behind the end or a condition that does not hold is answered as such, whatever chain there is."""
    for lines in locations(STORE, OLD).values():
        assert not {"412", "413", "416"} & set(leads_to(lines))


def test_an_origin_that_is_away_leads_to_the_chain_that_never_says_missing() -> None:
    found = locations(STORE, OLD, FOREIGN, resolvers=["9.9.9.9"])
    assert leads_to(found["files"])["502"] == "@degraded_old"
    assert leads_to(found["@origin_old"])["502"] == "@degraded_b2"
    assert leads_to(found["@origin_b2"])["502"] == "@unavailable"
    for here, there in (("@degraded_old", "@degraded_b2"), ("@degraded_b2", "@unavailable")):
        assert set(leads_to(found[here]).values()) == {there}
        assert not [line for line in found[here] if line.startswith("proxy_cache_valid")]
    assert {"proxy_pass http://nowhere", "error_page 502 504 = @away"} <= set(found["@unavailable"])
    assert found["@away"] == ["return 503"]


def test_no_origin_is_asked_for_more_than_the_captured_path() -> None:
    """A URI in proxy_pass is sent unescaped: request splitting."""
    for name, lines in locations(STORE, OLD, FOREIGN, DISK, resolvers=["9.9.9.9"], slice_size="1m").items():
        passes = [line for line in lines if line.startswith("proxy_pass ")]
        if name == "@unavailable":
            continue
        assert all(re.fullmatch(r"proxy_pass (https?://origin_\w+|\$origin_url)", line) for line in passes)
        rewrites = [line for line in lines if line.startswith("rewrite ")]
        assert len(rewrites) == len(passes)
        assert all(re.fullmatch(r"rewrite \^ (/[\w/-]+)?\$file break", line) for line in rewrites)
    assert 'set $args ""' in server(STORE).lines()


def test_names_are_resolved_when_asked_and_addresses_never() -> None:
    http = config(STORE, OLD, FOREIGN, resolvers=["9.9.9.9", "fd00::53"])
    assert http.find("resolver").words == "resolver 9.9.9.9 [fd00::53] valid=60s"
    assert [block.words for block in http.members if block.words.startswith("upstream")] == [
        "upstream origin_store",
        "upstream origin_old",
        "upstream nowhere",
    ]
    assert "server [fd00::7]:80" in http.lines()
    found = locations(STORE, OLD, FOREIGN, resolvers=["9.9.9.9"])
    assert {
        "set $origin_url https://s3.example.org:443",
        "proxy_ssl_verify on",
        "proxy_ssl_name media.example.org",
        "set $origin_host media.example.org",
    } <= set(found["@origin_b2"])
    assert not [line for line in found["files"] if line.startswith("proxy_ssl")]
    assert not [line for line in config(STORE).lines() if line.startswith("resolver")]


def test_certificates_of_origins() -> None:
    own = {**FOREIGN, "url": "https://10.0.0.9", "tls_name": "s3.internal.net", "tls_ca": "text"}
    blind = {**FOREIGN, "tls_verify": False}
    assert {
        "proxy_ssl_name s3.internal.net",
        "proxy_ssl_verify on",
        "proxy_ssl_trusted_certificate /etc/nginx-media/ca/b2.pem",
    } <= set(locations(own)["files"])
    lines = set(locations(blind, resolvers=["9.9.9.9"])["files"])
    assert "proxy_ssl_verify off" in lines
    assert not [line for line in lines if "trusted_certificate" in line]


def test_times_of_origins() -> None:
    found = locations(STORE, {**OLD, "connect_timeout": "1s", "timeout": "2m"})
    assert {"proxy_connect_timeout 3s", "proxy_read_timeout 15s"} <= set(found["files"])
    for name in ("@origin_old", "@degraded_old"):
        assert {"proxy_connect_timeout 1s", "proxy_read_timeout 2m"} <= set(found[name])


def test_a_directory_is_an_origin_like_others() -> None:
    http = config(STORE, DISK)
    sockets = [block for block in http.members if "listen unix:origin_disk.sock" in block.lines()]
    assert [("root /srv/media" in block.lines(), "return 503" in block.lines()) for block in sockets] == [(True, True)]
    assert "server unix:origin_disk.sock" in http.find("upstream origin_disk").lines()
    assert "proxy_pass http://origin_disk" in locations(STORE, DISK)["@origin_disk"]


def test_slices_of_two_origins_are_never_put_together() -> None:
    found = locations(STORE, OLD, DISK, slice_size="8m")
    sliced = {name: lines for name, lines in found.items() if name.startswith(("sliced", "@sliced"))}
    asking = {name: lines for name, lines in sliced.items() if any(x.startswith("proxy_pass") for x in lines)}
    assert set(asking) == {"sliced"} | {f"@sliced_{x}_{y}" for x in ("origin", "degraded") for y in ("old", "disk")}
    for name, lines in asking.items():
        origin = "store" if name == "sliced" else name.rpartition("_")[2]
        assert f'proxy_cache_key "$file $slice_range {origin}"' in lines
    for name, lines in sliced.items():
        assert "slice 8m" in lines
        # A slice after the first that is led elsewhere has forgotten that it is one.
        assert (lines[1:3] == ['if ($slice_range = "")', "return 444"]) is (name != "sliced"), name
        assert all(place in sliced for place in leads_to(lines).values()) or "return 418" in lines, name


def test_without_slices_nothing_is_said_of_them() -> None:
    assert not [line for line in config(STORE, OLD).lines() if "slice" in line]


def issues(text: str, tmp_path: Path) -> list[str]:
    """Return what a linter for nginx says: request splitting, host spoofing, headers that get lost, and fifty more."""
    path = tmp_path / "nginx.conf"
    path.write_text(text)
    linter = str(Path(sys.executable).with_name("gixy"))
    said = subprocess.run(
        [linter, "--disable-includes", "--format=json", str(path)], capture_output=True, text=True, check=False
    )
    return [issue["plugin"] for issue in json.loads(said.stdout)]


@pytest.mark.parametrize(
    "origins", [(STORE,), (STORE, OLD, FOREIGN, DISK), ({**FOREIGN, "tls_verify": False}, DISK, STORE)]
)
@pytest.mark.parametrize("slice_size", ["", "8m"])
def test_a_linter_finds_nothing(origins: tuple[dict[str, Any], ...], slice_size: str, tmp_path: Path) -> None:
    assert issues(written(*origins, resolvers=["10.0.0.53"], slice_size=slice_size), tmp_path) == []


def test_a_linter_finds_nothing_about_what_is_gone(tmp_path: Path) -> None:
    changes = {"bust_secret": "x" * 16, "database": DATABASE, "cdn": {"purge_url": "https://cdn/{url}"}}
    assert issues(written(STORE, OLD, **changes), tmp_path) == []


def test_the_linter_sees(tmp_path: Path) -> None:
    text = written(STORE, OLD).replace("proxy_pass http://origin_old;", "proxy_pass http://origin_old$uri;")
    assert "http_splitting" in issues(text, tmp_path)


@pytest.mark.parametrize(
    ("path", "public"),
    [
        ("/accounts/avatars/1/original/a.png", True),
        ("/cache/media_attachments/a.b/c-d_e.webp", True),
        ("/accounts/site/@1x/a.png", True),
        ("/a.b/x", True),
        ("/aXb/x", False),
        ("/backups/dumps/1.zip", False),
        ("/accounts", False),
        ("/accounts/", False),
        ("/accounts/a b", False),
        ("/accounts/a\r\nb", False),
        ("/accounts/a?b", False),
        ("/x/accounts/a", False),
    ],
)
def test_which_paths_are_public(path: str, public: bool) -> None:
    members = server(STORE, public_prefixes=["accounts/", "cache", "a.b/"]).members
    block = next(member for member in members if "<file>" in member.words)
    pattern = block.words.removeprefix("location ~ ").replace("(?<", "(?P<")
    assert (re.search(pattern, path) is not None) is public


def test_headers_are_added_in_one_place_only() -> None:
    """A location with one add_header of its own would lose all the others."""
    for lines in locations(STORE, OLD).values():
        assert not [line for line in lines if line.startswith(("add_header", "proxy_set_header", "proxy_hide_header"))]
    lines = server(STORE).lines()
    assert all(line.endswith(" always") for line in lines if line.startswith("add_header"))
    hidden = {line.split()[1].lower() for line in lines if line.startswith("proxy_hide_header")}
    added = {line.split()[1].lower() for line in lines if line.startswith("add_header")}
    assert added <= hidden, "a header that is added must not come from the origin as well"
    assert {"set-cookie", "location", "x-accel-redirect", "vary"} <= hidden


def test_listener() -> None:
    for address, listen in (("10.0.0.5", "10.0.0.5:80"), ("fd00::5", "[fd00::5]:80")):
        servers = [b for b in config(STORE, listen_address=address).members if b.words == "server"]
        assert [b.find("listen").words for b in servers] == [
            f"listen {listen}80 default_server",
            f"listen {listen}80",
            f"listen {listen}81",
        ]
        assert "return 421" in servers[0].lines()


def unit(*origins: dict[str, str]) -> list[str]:
    """Return the lines of the unit."""
    variables = {"nginx_media_cache_dir": "/srv/cache", "nginx_media_origins": list(origins)}
    return render("nginx_media", "nginx-media.service.j2", variables).splitlines()


def test_unit_has_no_privilege_and_writes_to_its_cache_only() -> None:
    lines = unit(STORE, DISK)
    assert {"CapabilityBoundingSet=", "User=www-data", "ReadWritePaths=/srv/cache", "ProtectHome=yes"} <= set(lines)
    assert not [line for line in lines if line.startswith(("AmbientCapabilities", "BindReadOnlyPaths"))]


def test_unit_sees_of_home_directories_what_it_shows() -> None:
    lines = unit(STORE, {"name": "old", "directory": "/home/mastodon/live/public/system"})
    assert {"ProtectHome=tmpfs", "BindReadOnlyPaths=-/home/mastodon/live/public/system"} <= set(lines)


def test_hosts_of_one_store_are_one_origin() -> None:
    found = config({**STORE, "others": ["10.0.0.6:9000", "[fd00::7]:9000"]})
    servers = found.find("upstream origin_store").lines()
    assert servers[:3] == ["server 10.0.0.5:9000", "server 10.0.0.6:9000", "server [fd00::7]:9000"]


MARK = "if (-e /var/lib/nginx-media-gone/marks$media_mark)"


def test_what_is_gone_is_asked_for_only_where_somebody_knows() -> None:
    assert not [line for line in config(STORE).lines() if "gone" in line or "PURGE" in line]
    for changes in ({"bust_secret": "x" * 16}, {"database": DATABASE}):
        members = server(STORE, **changes).members
        words = [member.words for member in members]
        assert words.index(MARK) < words.index("location = /")
        assert members[words.index(MARK)].lines() == ["return 419"]
        assert locations(STORE, **changes)["@gone"] == [
            "if (-f /var/lib/nginx-media-gone/marks$media_mark)",
            "return 404",
            "if (-f /var/lib/nginx-media-gone/marks$media_mark/$media_in_mark)",
            "return 404",
            "rewrite ^([A-Za-z0-9@/._-]+)$ $1 last",
            "return 404",
        ]


def test_busts_pass_with_a_secret_only_and_before_the_marks() -> None:
    for changes, passes in (({"bust_secret": "x" * 16}, True), ({"database": DATABASE}, False)):
        found = config(STORE, **changes)
        assert ('PURGE ""' in " ".join(found.find("map $request_method").lines()).replace("    ", " ")) is passes
        assert any(line == "proxy_pass http://gone" for line in found.lines()) is passes
    words = [member.words for member in server(STORE, bust_secret="x" * 16).members]
    assert words.index("if ($media_forbidden_method)") < words.index("if ($request_method = PURGE)")
    assert words.index("if ($request_method = PURGE)") < words.index(MARK)


def test_of_a_bust_nothing_goes_on_but_the_path_and_two_headers() -> None:
    lines = locations(STORE, bust_secret="x" * 16, bust_header="X-Other-Secret")["@bust"]
    assert [line.split()[1] for line in lines if line.startswith("proxy_set_header")] == [
        "Connection", "Content-Length", "Host", "X-Other-Secret", "X-Bust-Forwarded",
    ]  # fmt: skip
    assert "proxy_set_header X-Other-Secret $http_x_other_secret" in lines
    assert {"rewrite ^ $busted break", "proxy_cache off"} <= set(lines)


def test_no_secret_reaches_nginx() -> None:
    store = {**STORE, "access_key": "janitor", "secret_key": "secret-of-the-janitor"}
    cdn = {"purge_url": "https://cdn/{url}", "headers": {"Key": "secret-of-the-cdn"}}
    text = written(store, bust_secret="secret-of-busts-0", database=DATABASE, cdn=cdn)
    assert "secret-of" not in text
    assert "janitor" not in text


def test_a_cdn_may_keep_files_for_a_while_only() -> None:
    for cdn, said in (({}, ""), ({"purge_url": "x"}, "s-maxage=3600, "), ({"ttl": 60}, "s-maxage=60, ")):
        lines = config(STORE, cdn=cdn).find("map $status $media_cache_control").lines()
        assert lines[1:] == [f'{status} "public, max-age=315576000, {said}immutable"' for status in (200, 206, 304)]
