# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send requests without a key; they come on standard input, each with the status it must get."""

import http.client
import json
import ssl
import sys

given = json.load(sys.stdin)
trust = ssl.create_default_context(cafile=given["trusted"])
connection = http.client.HTTPSConnection(given["address"], timeout=10, context=trust)
wrong = []
for line in given["tries"]:
    method, path, status = line.split()
    connection.request(method, path, body=b"x" if method == "PUT" else None)
    answer = connection.getresponse()
    answer.read()
    if answer.status != int(status):
        wrong.append(f"{line}, but it answered {answer.status}")
    if path.endswith("canary.txt") and answer.status == 200:
        assert answer.headers["Cache-Control"] == "public, max-age=315576000, immutable", answer.headers
sys.exit("\n".join(wrong) or 0)
