# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
require 'net/http'

# A request to somewhere else. An address of a private network is refused unless it was allowed: a name on the internet
# must not lead to what listens here.
class OutgoingRequest
  class PrivateNetworkAddressError < StandardError; end

  # Shared, between carriers and their customers.
  CARRIERS = IPAddr.new('100.64.0.0/10')

  def initialize(http_method, uri, headers)
    @uri = uri
    @request = Net::HTTPGenericRequest.new(http_method.upcase, false, true, @uri.request_uri, headers)
  end

  def perform
    http = Net::HTTP.new(@uri.host, @uri.port, nil)
    http.ipaddr = open_address
    http.use_ssl = @uri.scheme == 'https'
    http.open_timeout = http.read_timeout = 10
    http.start { |connection| connection.request(@request) }
  end

  private

  def open_address
    found = Addrinfo.getaddrinfo(@uri.host, nil, nil, :STREAM).map { |info| IPAddr.new(info.ip_address) }
    address = found.find { |each| allowed?(each) || !private?(each) }
    raise PrivateNetworkAddressError, "#{@uri.host} is at a private address" unless address

    address.to_s
  end

  def private?(address)
    address.private? || address.loopback? || address.link_local? || (address.ipv4? && CARRIERS.include?(address))
  end

  def allowed?(address) = Rails.configuration.x.allowed_private_addresses.any? { |each| each.include?(address) }
end
