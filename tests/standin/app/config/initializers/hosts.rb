# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The key's presence counts, not its content: an empty WEB_DOMAIN is honoured as an empty name.
host = ENV.fetch('LOCAL_DOMAIN') { "localhost:#{ENV.fetch('PORT', 3000)}" }
web_host = ENV.fetch('WEB_DOMAIN') { host }
alternate = ENV.fetch('ALTERNATE_DOMAINS', '').split(/\s*,\s*/)

Rails.application.configure do
  config.x.local_domain = host
  config.x.web_domain = web_host
  config.x.use_s3 = ENV['S3_ENABLED'] == 'true' # and nothing else than `true`
  config.x.streaming_api_base_url = ENV.fetch('STREAMING_API_BASE_URL') { "wss://#{web_host}" }

  config.hosts.concat([host, web_host, *alternate].compact_blank)
  config.host_authorization = {
    exclude: ->(request) { request.path == '/health' },
    response_app: ->(_env) { [403, { 'content-type' => 'text/html; charset=utf-8' }, ['<h1>Blocked hosts</h1>']] },
  }
  config.action_mailer.default_url_options = { host: web_host, protocol: 'https' }
end

# Compared with the literal word, as everywhere. GET would only fetch the file.
Rails.configuration.x.cache_buster = {
  enabled: ENV['CACHE_BUSTER_ENABLED'] == 'true',
  http_method: ENV.fetch('CACHE_BUSTER_HTTP_METHOD', 'GET'),
  header: ENV['CACHE_BUSTER_SECRET_HEADER'].presence,
  secret: ENV['CACHE_BUSTER_SECRET'].presence,
}

# Fails here, not at the first outgoing request, when an entry is a host name.
Rails.configuration.x.allowed_private_addresses =
  ENV.fetch('ALLOWED_PRIVATE_ADDRESSES', '').split(/(?:\s*,\s*|\s+)/).map { |address| IPAddr.new(address) }

# Rails itself asks only when the first cookie is written.
Rails.application.secret_key_base
