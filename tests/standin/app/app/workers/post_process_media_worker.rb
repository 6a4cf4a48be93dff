# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Mastodon runs ffmpeg here; the stand-in leaves the bytes alone and only says that they are ready.
class PostProcessMediaWorker
  include Sidekiq::Job

  sidekiq_options queue: 'default'

  def perform(media_attachment_id) = MediaAttachment.find(media_attachment_id).processing_complete!
end
