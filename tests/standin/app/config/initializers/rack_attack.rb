# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Asking for the address on every request is what turns a proxy that is not trusted into an error on every page.
Rack::Attack.safelist('allow from localhost') do |request|
  %w(127.0.0.1 ::1).include?(ActionDispatch::Request.new(request.env).remote_ip)
end

Rack::Attack.throttle('throttle_unauthenticated_api', limit: 300, period: 5.minutes) do |request|
  next unless request.path.start_with?('/api')
  next if request.get_header('HTTP_AUTHORIZATION') || request.cookies['_mastodon_session']

  ActionDispatch::Request.new(request.env).remote_ip
end

ActiveSupport::Notifications.subscribe(/throttle\.rack_attack/) do |event|
  request = event.payload[:request]
  address = ActionDispatch::Request.new(request.env).remote_ip
  Rails.logger.info("Rate limit hit (throttle): #{address} #{request.request_method} #{request.fullpath}")
end
