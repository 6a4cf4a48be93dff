# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The base Redis: home timelines, and the channels that the streaming server listens to.
module StreamBus
  POOL = ConnectionPool.new(size: Integer(ENV['MAX_THREADS'] || 5)) { Redis.new(**REDIS_CONFIGURATION.base) }

  def self.with(&) = POOL.with(&)
end
