# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
media_host = %w(S3_ALIAS_HOST S3_CLOUDFRONT_HOST S3_HOSTNAME).filter_map { |key| ENV[key].presence }.first
extra_hosts = ENV.fetch('EXTRA_MEDIA_HOSTS', '').split(/(?:\s*,\s*|\s+)/)

Rails.application.configure do
  config.session_store :cookie_store, key: '_mastodon_session', secure: true, same_site: :lax
  config.middleware.swap ActionDispatch::Static, Mastodon::PublicFileServer if config.public_file_server.enabled

  config.content_security_policy do |policy|
    media = ["https://#{config.x.web_domain}", *extra_hosts]
    media << "https://#{media_host}" if media_host
    policy.default_src :none
    policy.base_uri :none
    policy.frame_ancestors :none
    policy.form_action :self
    policy.script_src :self
    policy.style_src :self
    policy.img_src :self, :data, *media
    policy.media_src :self, *media
    policy.connect_src :self, *media, config.x.streaming_api_base_url
  end
end
