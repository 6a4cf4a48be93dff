# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
starttls = ENV['SMTP_ENABLE_STARTTLS']
automatic = starttls.in?(%w(always never auto)) ? starttls == 'auto' : ENV['SMTP_ENABLE_STARTTLS_AUTO'] != 'false'

# Action Mailer has read its configuration by now: the classes are set, not config.action_mailer.
ActiveSupport.on_load(:action_mailer) do
  default({
    from: ENV.fetch('SMTP_FROM_ADDRESS', 'notifications@localhost'),
    reply_to: ENV['SMTP_REPLY_TO'].presence,
    return_path: ENV['SMTP_RETURN_PATH'].presence,
  }.compact)
  self.delivery_method = ENV.fetch('SMTP_DELIVERY_METHOD', 'smtp').to_sym
  self.smtp_settings = {
    address: ENV['SMTP_SERVER'],
    port: ENV.fetch('SMTP_PORT', 25).to_i,
    user_name: ENV['SMTP_LOGIN'].presence,
    password: ENV['SMTP_PASSWORD'].presence,
    domain: ENV['SMTP_DOMAIN'] || ENV['LOCAL_DOMAIN'],
    authentication: ENV['SMTP_AUTH_METHOD'] == 'none' ? nil : ENV.fetch('SMTP_AUTH_METHOD', 'plain'),
    ca_file: ENV.fetch('SMTP_CA_FILE', '/etc/ssl/certs/ca-certificates.crt'),
    openssl_verify_mode: ENV['SMTP_OPENSSL_VERIFY_MODE'],
    enable_starttls: starttls == 'always' ? true : nil,
    enable_starttls_auto: automatic && starttls != 'always',
    tls: ENV['SMTP_TLS'] == 'true' || ENV['SMTP_SSL'] == 'true' || nil,
    read_timeout: 20,
  }.compact
end
