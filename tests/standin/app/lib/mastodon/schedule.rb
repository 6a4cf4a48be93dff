# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Mastodon
  # Enqueues the recurring jobs of config/sidekiq.yml. Debian has no sidekiq-scheduler; this keeps what an admin can see
  # of it: who enqueues (a process that listens to the job's queue) and the two Redis hashes of next and last times.
  class Schedule
    NEXT = 'sidekiq-scheduler:next_times'
    LAST = 'sidekiq-scheduler:last_times'

    def initialize(config)
      listened = config.capsules.values.flat_map(&:queues)
      @jobs = config[:scheduler][:schedule].select { |_name, job| listened.include?(job[:queue]) }
      @due = @jobs.transform_values { |job| Time.now + job[:every] }
    end

    def start
      return if @jobs.empty?

      Sidekiq.redis { |redis| @due.each { |name, time| redis.call('HSET', NEXT, name.to_s, time.to_s) } }
      Thread.new { loop { sleep 1 and tick } }
    end

    private

    def tick
      @due.select { |_name, time| time <= Time.now }.each_key { |name| enqueue(name) }
    rescue RedisClient::Error => e
      Sidekiq.logger.warn("schedule: #{e.message}") # tried again within a second
    end

    def enqueue(name)
      job = @jobs[name]
      Sidekiq::Client.push('class' => job[:class], 'queue' => job[:queue], 'args' => [])
      @due[name] = Time.now + job[:every]
      Sidekiq.redis do |redis|
        redis.call('HSET', LAST, name.to_s, Time.now.to_s)
        redis.call('HSET', NEXT, name.to_s, @due[name].to_s)
      end
    end
  end
end
