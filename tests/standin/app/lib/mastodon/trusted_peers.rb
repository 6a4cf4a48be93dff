# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Mastodon
  # Mastodon never faces clients directly: an address claimed by a peer that is no trusted proxy is refused.
  module TrustedPeers
    def calculate_ip
      peer = ips_from(@req.remote_addr).last
      claimed = ips_from(@req.client_ip) + Array(@req.forwarded_for)
      if @check_ip && claimed.any? && @proxies.none? { |proxy| proxy === peer }
        raise ActionDispatch::RemoteIp::IpSpoofAttackError,
              "IP spoofing attack?! client #{peer} is not a trusted proxy " \
              "HTTP_CLIENT_IP=#{@req.client_ip.inspect} HTTP_X_FORWARDED_FOR=#{@req.x_forwarded_for.inspect}"
      end

      super
    end
  end
end

ActionDispatch::RemoteIp::GetIp.prepend(Mastodon::TrustedPeers)
