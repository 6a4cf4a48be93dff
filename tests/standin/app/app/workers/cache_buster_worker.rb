# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class CacheBusterWorker
  include Sidekiq::Job

  sidekiq_options queue: 'pull'

  def perform(address)
    options = Rails.configuration.x.cache_buster
    headers = options.values_at(:header, :secret).all? ? { options[:header] => options[:secret] } : {}
    # Whatever the answer is: only a media host that cannot be reached is asked again.
    whole = URI.join("https://#{Rails.configuration.x.web_domain}", address)
    OutgoingRequest.new(options[:http_method], whole, headers).perform
  end
end
