# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Scheduler
  # Uploads that no post ever took, as in Mastodon's daily vacuum.
  class VacuumScheduler
    include Sidekiq::Job

    sidekiq_options queue: 'scheduler', retry: 0

    def perform = MediaAttachment.where(status_id: nil, created_at: ..1.day.ago).find_each(&:remove_quietly!)
  end
end
