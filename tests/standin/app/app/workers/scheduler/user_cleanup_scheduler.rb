# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Scheduler
  class UserCleanupScheduler
    include Sidekiq::Job

    sidekiq_options queue: 'scheduler', retry: 0

    def perform = User.unconfirmed.where(created_at: ..7.days.ago).find_each { |user| user.account.destroy! }
  end
end
