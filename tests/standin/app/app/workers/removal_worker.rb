# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What a discarded post leaves behind. A moderator's decision keeps post and media for an appeal; with S3_PERMISSION empty
# nobody is told to hide them.
class RemovalWorker
  include Sidekiq::Job

  sidekiq_options queue: 'default'

  def perform(status_id, options = {})
    return if options['preserve']

    status = Status.with_discarded.find(status_id)
    status.media_attachments.destroy_all unless options['redraft']
    status.destroy!
  end
end
