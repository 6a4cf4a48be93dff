# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# In the place of ghcr.io/mastodon/mastodon-streaming.
ARG BASE
FROM ${BASE}

ARG VERSION
LABEL org.opencontainers.image.title="Stand-in for Mastodon's streaming server" \
      org.opencontainers.image.description="A small Node application for tests. It is not Mastodon." \
      org.opencontainers.image.version="${VERSION}"

ENV BIND=0.0.0.0 \
    PORT=4000 \
    NODE_ENV=production \
    TZ=Etc/UTC

WORKDIR /opt/mastodon
COPY app/streaming/ streaming/

USER mastodon
EXPOSE 4000
CMD ["node", "./streaming/index.js"]
