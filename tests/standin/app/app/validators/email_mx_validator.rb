# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
require 'resolv'

# Asks the name servers, never /etc/hosts: an address whose domain has neither MX nor A nor AAAA is refused.
class EmailMxValidator < ActiveModel::Validator
  def validate(user)
    domain = user.email.to_s.split('@', 2).last
    return if domain.blank? || ENV.fetch('EMAIL_DOMAIN_ALLOWLIST', '').split('|').include?(domain)

    user.errors.add(:email, :unreachable, message: 'does not seem to exist') if addresses(domain).empty?
  end

  private

  def addresses(domain)
    Resolv::DNS.open do |dns|
      dns.timeouts = 5
      hosts = dns.getresources(domain, Resolv::DNS::Resource::IN::MX).map { |record| record.exchange.to_s }
      [domain, *hosts].uniq.flat_map do |host|
        dns.getresources(host, Resolv::DNS::Resource::IN::A) + dns.getresources(host, Resolv::DNS::Resource::IN::AAAA)
      end
    end
  end
end
