# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# In the place of ghcr.io/mastodon/mastodon: same user, paths, commands and environment.
ARG BASE
FROM ${BASE}

ARG RELEASE
ARG VERSION
LABEL org.opencontainers.image.title="Stand-in for Mastodon" \
      org.opencontainers.image.description="A small Rails application for tests. It is not Mastodon." \
      org.opencontainers.image.version="${VERSION}"

ENV RAILS_ENV=production \
    NODE_ENV=production \
    BIND=0.0.0.0 \
    RAILS_SERVE_STATIC_FILES=true \
    RUBY_YJIT_ENABLE=1 \
    TZ=Etc/UTC \
    MASTODON_SIDEKIQ_READY_FILENAME=sidekiq_process_has_started_and_will_begin_processing_jobs \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/mastodon/bin

WORKDIR /opt/mastodon
COPY app/ ./
COPY releases/${RELEASE}/ ./
RUN BUNDLE_SILENCE_ROOT_WARNING=1 bundle install --local --quiet \
 && bundle exec rake assets:precompile \
 && install --directory --owner=mastodon --group=mastodon public/system \
 && chown --recursive mastodon:mastodon tmp

USER mastodon
EXPOSE 3000
ENTRYPOINT ["/usr/bin/tini", "--"]
