# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What turns a stored post into a delivered one: signs it, puts it on the home timeline, tells the streaming server.
class DistributionWorker
  include Sidekiq::Job

  sidekiq_options queue: 'default'

  HOME = ->(account_id) { "feed:home:#{account_id}" }

  def perform(status_id)
    status = Status.find(status_id)
    payload = status.api_json
    # Peers refuse what is not signed; with wrong encryption keys this is where it shows.
    status.account.keypair.keypair.sign(OpenSSL::Digest.new('SHA256'), payload.to_json)

    message = { event: 'update', payload:, queued_at: (Time.now.to_f * 1000).to_i }.to_json
    StreamBus.with do |redis|
      redis.zadd(HOME.call(status.account_id), status.id, status.id)
      channels(status).each { |channel| redis.publish(channel, message) }
    end
  end

  private

  def channels(status)
    home = "timeline:#{status.account_id}"
    return [home] unless status.visibility == 'public'

    media = status.media_attachments.any? ? %w(timeline:public:media timeline:public:local:media) : []
    [home, 'timeline:public', 'timeline:public:local', *media]
  end
end
