# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection's roles rely on. One row is one belief; the test of the same name proves it.

Sources are files of github.com/mastodon/mastodon at v4.6.5 unless another place is named; for 4.7 they are unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Belief:
    """A statement about Mastodon and where it comes from."""

    says: str
    source: str


@dataclass(frozen=True)
class Refusal(Belief):
    """A belief that a process does not start with these variables changed (None: absent)."""

    environment: dict[str, str | None] = field(default_factory=dict)
    command: tuple[str, ...] = ("bin/rails", "runner", "print 'booted'")


SIDEKIQ = ("bundle", "exec", "sidekiq")
ENCRYPTION = "config/initializers/active_record_encryption.rb"
KEY = "ACTIVE_RECORD_ENCRYPTION_"

REFUSALS = {
    "no_secret": Refusal("No boot without SECRET_KEY_BASE.", "railties application.rb", {"SECRET_KEY_BASE": None}),
    "blank_secret": Refusal(
        "No boot with a blank SECRET_KEY_BASE.", "railties application.rb", {"SECRET_KEY_BASE": ""}
    ),
    "no_primary_key": Refusal("No boot without the primary key.", ENCRYPTION, {f"{KEY}PRIMARY_KEY": None}),
    "no_deterministic_key": Refusal("… without the deterministic key.", ENCRYPTION, {f"{KEY}DETERMINISTIC_KEY": None}),
    "no_salt": Refusal("… without the key derivation salt.", ENCRYPTION, {f"{KEY}KEY_DERIVATION_SALT": None}),
    "blank_key": Refusal("No boot with a blank encryption key.", ENCRYPTION, {f"{KEY}PRIMARY_KEY": ""}),
    "placeholder_key": Refusal(
        "No boot with a key that ends in DO_NOT_USE_IN_PRODUCTION.",
        ENCRYPTION,
        {f"{KEY}PRIMARY_KEY": "x_DO_NOT_USE_IN_PRODUCTION"},
    ),
    "redis_namespace": Refusal(
        "No boot with REDIS_NAMESPACE, even empty.", "lib/mastodon/redis_configuration.rb", {"REDIS_NAMESPACE": ""}
    ),
    "private_address_name": Refusal(
        "ALLOWED_PRIVATE_ADDRESSES takes addresses; a host name stops the boot.",
        "app/lib/private_address_check.rb",
        {"ALLOWED_PRIVATE_ADDRESSES": "proxy.example"},
    ),
    "trusted_proxy_name": Refusal(
        "TRUSTED_PROXY_IP takes addresses; a host name stops the boot.",
        "config/environments/production.rb",
        {"TRUSTED_PROXY_IP": "proxy.example"},
    ),
    "log_level": Refusal(
        "Sidekiq does not start with a RAILS_LOG_LEVEL that Ruby does not know.",
        "config/initializers/sidekiq.rb",
        {"RAILS_LOG_LEVEL": "verbose"},
        SIDEKIQ,
    ),
    "ready_filename": Refusal(
        "Sidekiq does not start when MASTODON_SIDEKIQ_READY_FILENAME is a path.",
        "config/initializers/sidekiq.rb",
        {"MASTODON_SIDEKIQ_READY_FILENAME": "/tmp/ready"},
        SIDEKIQ,
    ),
}

BELIEFS = {
    # The images
    "image_user": Belief("Both images run as uid and gid 991 in /opt/mastodon.", "Dockerfile, streaming/Dockerfile"),
    "image_entrypoint": Belief("The web image has tini as entry point and no command.", "Dockerfile"),
    "image_streaming_command": Belief(
        "The streaming image's command is node ./streaming/index.js.", "streaming/Dockerfile"
    ),
    "image_environment": Belief("The images bake BIND=0.0.0.0, RAILS_ENV and the ready file's name.", "Dockerfile"),
    "image_tools": Belief("curl and ps are in the web image, curl in the streaming image.", "Dockerfile"),
    "image_ownership": Belief("uid 991 may write tmp and public/system, and no code or configuration.", "Dockerfile"),
    "image_error_page": Belief("public/assets/500.html can be copied out and refers to /packs.", "dist/nginx.conf"),
    "secrets_without_environment": Belief("`rails secret` and `db:encryption:init` need no variables.", "railties"),
    # Variables whose presence counts
    "empty_web_domain": Belief("An empty WEB_DOMAIN is honoured as empty.", "config/initializers/1_hosts.rb"),
    "empty_replica": Belief("An empty REPLICA_DB_HOST turns the replica on.", "config/database.yml"),
    "boolean_one": Belief("S3_ENABLED=1 means false.", "config/initializers/1_hosts.rb"),
    "cache_group": Belief(
        "A CACHE_REDIS_HOST takes no password from the base group.", "lib/mastodon/redis_configuration.rb"
    ),
    # The database
    "status_of_empty": Belief(
        "db:migrate:status on an empty database exits 1 and creates nothing.", "rails databases.rake"
    ),
    "prepare_seeds": Belief("db:prepare on an empty database loads the schema and the three roles.", "db/seeds/"),
    "prepare_twice": Belief("db:prepare on a filled database exits 0 and does not seed.", "rails database_tasks.rb"),
    "pending_on_empty": Belief(
        "db:abort_if_pending_migrations on an empty database spoils it for db:prepare.", "rails migration.rb Migrator"
    ),
    "pending_exit_codes": Belief(
        "db:abort_if_pending_migrations exits 1 when one is missing, else 0.", "rails databases.rake"
    ),
    "skip_post_any_value": Belief("SKIP_POST_DEPLOYMENT_MIGRATIONS=false skips as well.", "lib/mastodon/database.rb"),
    "skip_post_on_empty": Belief("db:migrate with SKIP_POST… refuses an empty database.", "lib/tasks/db.rake"),
    "unprivileged_role": Belief("The owner of the database is enough; no superuser is needed.", "db/schema.rb"),
    "hidden_media": Belief(
        "The columns that say what moderators hide, and its files, are there for the media host to ask.", "db/schema.rb"
    ),
    "suspended_account": Belief(
        "suspend! sets suspended_at, unsuspend! takes it back; the files' names stay.",
        "app/models/concerns/account/suspensions.rb",
    ),
    # tootctl
    "create_owner": Belief(
        "accounts create prints OK and a password of 32 hex digits, exit 0.", "lib/mastodon/cli/accounts.rb"
    ),
    "owner_in_sql": Belief("The owner shows in accounts, users and user_roles.", "db/schema.rb"),
    "create_twice": Belief("A taken name: exit 1, Failure/Error on stderr.", "lib/mastodon/cli/accounts.rb"),
    "create_unknown_role": Belief(
        "Role names are case-sensitive; an unknown one: exit 1.", "lib/mastodon/cli/accounts.rb"
    ),
    "create_unreachable_mail": Belief(
        "The domain of the address must be known to the name servers.", "app/validators/email_mx_validator.rb"
    ),
    "create_unapproved": Belief("Without --approve the user stays unapproved.", "app/models/user.rb"),
    "set_password": Belief("User#change_password! in rails runner sets a password.", "app/models/user.rb"),
    "registrations": Belief("Registrations are closed by default; tootctl opens them.", "lib/mastodon/cli/settings.rb"),
    "version": Belief("tootctl --version prints the release, perhaps with a suffix.", "lib/mastodon/cli/main.rb"),
    # The web process
    "health": Belief("/health answers OK for any Host, without https.", "app/controllers/health_controller.rb"),
    "rate_limit": Belief(
        "An address may ask the API 300 times in five minutes without a token; loopback, and /health, have no limit.",
        "config/initializers/rack_attack.rb",
    ),
    "https_redirect": Belief(
        "Without X-Forwarded-Proto: https everything else redirects.", "config/environments/production.rb"
    ),
    "hsts": Belief("Rails sends the HSTS header itself.", "config/environments/production.rb"),
    "foreign_host": Belief(
        "Another Host, or X-Forwarded-Host, is answered with 403.", "config/initializers/1_hosts.rb"
    ),
    "alternate_domain": Belief("ALTERNATE_DOMAINS are accepted as Host.", "config/initializers/1_hosts.rb"),
    "private_peer_trusted": Belief("A proxy with a private address is trusted by default.", "actionpack remote_ip.rb"),
    "spoofed_address": Belief(
        "X-Forwarded-For from a peer that TRUSTED_PROXY_IP does not name: 500.",
        "lib/action_dispatch/remote_ip_extensions.rb",
    ),
    "web_bind": Belief("BIND says where Puma listens.", "config/puma.rb"),
    "web_term": Belief("Puma leaves on TERM with 143.", "puma configuration.rb"),
    "static_headers": Belief(
        "Files of public/ come with 28 days of cache.", "lib/mastodon/middleware/public_file_server.rb"
    ),
    "instance": Belief(
        "/api/v2/instance has version, domain and streaming address.", "app/serializers/rest/instance_serializer.rb"
    ),
    "webfinger": Belief(
        "WebFinger knows the owner, and nobody else.", "app/controllers/well_known/webfinger_controller.rb"
    ),
    "request_id": Belief("X-Request-Id of an answer is in the log line.", "config/environments/production.rb"),
    "token": Belief("A token made by rails runner is good for the API.", "config/initializers/doorkeeper.rb"),
    # Sidekiq
    "sidekiq_queues": Belief("Plain `sidekiq` listens to seven queues with five threads.", "config/sidekiq.yml"),
    "sidekiq_scheduler": Belief("Only a process that listens to `scheduler` schedules.", "config/sidekiq.yml"),
    "sidekiq_ready_file": Belief(
        "The ready file appears in tmp, and goes on TERM; exit 0.", "config/initializers/sidekiq.rb"
    ),
    "sidekiq_needs_tmp": Belief("Sidekiq does not start when tmp cannot be written.", "config/initializers/sidekiq.rb"),
    "sidekiq_old_redis": Belief("Sidekiq does not start on a Redis before 7.", "sidekiq cli.rb"),
    # The streaming server
    "streaming_health": Belief("Its health answers OK without database and Redis.", "streaming/index.js"),
    "streaming_no_token": Belief("An upgrade without a token: 401 Missing access token.", "streaming/index.js"),
    "streaming_event": Belief(
        "A post reaches a client: web, Sidekiq, Redis, streaming.", "app/services/fan_out_on_write_service.rb"
    ),
    "streaming_metrics": Belief("/metrics is there, without password.", "streaming/metrics.js"),
    "streaming_tls": Belief(
        "DB_SSLMODE=prefer is TLS with verification for it, and not for Rails.", "streaming/database.js"
    ),
    "streaming_term": Belief("It leaves on TERM with 0.", "streaming/index.js"),
    # Hardening that the roles apply
    "hardened_web": Belief(
        "Web runs with a read-only root, no capabilities and another uid.", "deduced from Dockerfile"
    ),
    "hardened_sidekiq": Belief("Sidekiq does too, with its own tmp.", "deduced from config/initializers/sidekiq.rb"),
    "hardened_streaming": Belief(
        "The streaming server does too, and writes nothing.", "deduced from streaming/index.js"
    ),
    "redis_acl": Belief("+@all -@dangerous +info on all keys and channels is enough.", "sidekiq issue 5353"),
}

STORAGE = {
    "s3_key": Belief("An upload's key begins with media_attachments/files/.", "config/initializers/paperclip.rb"),
    "s3_public_url": Belief("Its address is S3_PROTOCOL://S3_ALIAS_HOST/key.", "config/initializers/paperclip.rb"),
    "s3_cache_control": Belief("The object carries Cache-Control … immutable.", "config/initializers/paperclip.rb"),
    "s3_signed_url": Belief("A signed address is built on S3_ENDPOINT.", "issues 26546, 33751"),
    "s3_empty_alias": Belief(
        "An empty S3_ALIAS_HOST gives an address without a host.", "config/initializers/paperclip.rb"
    ),
    "bust_request": Belief(
        "A deleted upload's public address gets one CACHE_BUSTER_HTTP_METHOD with the secret in its header.",
        "app/models/media_attachment.rb, app/lib/cache_buster.rb",
    ),
    "bust_any_answer": Belief("Whatever the answer is, it is not asked again.", "app/lib/cache_buster.rb"),
    "bust_private": Belief(
        "It goes to a private address only when ALLOWED_PRIVATE_ADDRESSES names it.", "app/lib/request.rb"
    ),
    "delete_without_media": Belief(
        "A post that is deleted without delete_media leaves its media behind, and nobody is told.",
        "app/controllers/api/v1/statuses_controller.rb, app/services/remove_status_service.rb",
    ),
    "moderated_media": Belief(
        "With S3_PERMISSION empty, a post that moderators took down keeps its media, and nobody is told.",
        "app/models/admin/status_batch_action.rb, app/services/update_media_attachments_permissions_service.rb",
    ),
}
