# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class MediaAttachment < ApplicationRecord
  IMAGE_LIMIT = 16.megabytes
  VIDEO_LIMIT = 99.megabytes

  self.inheritance_column = nil

  belongs_to :account
  belongs_to :status, optional: true

  enum :type, { image: 0, gifv: 1, video: 2, unknown: 3, audio: 4 }
  enum :processing, { queued: 0, in_progress: 1, complete: 2, failed: 3 }, prefix: true

  validates :file_content_type, format: { with: %r{\A(image|video|audio)/[\w.+-]+\z} }
  validates :file_file_size, numericality: { less_than_or_equal_to: ->(media) { media.image? ? IMAGE_LIMIT : VIDEO_LIMIT } }

  # The address is noted before there is nothing left to ask for it; the jobs may run before the transaction ends, and
  # before the object is gone, as in Mastodon.
  before_destroy :note_address, prepend: true
  after_destroy :bust_cache
  after_commit(on: :destroy) { file.remove }

  def self.from_upload(account, upload)
    kind = upload.content_type.to_s.split('/').first
    new(
      account:, type: types.key?(kind) ? kind : :unknown, file_content_type: upload.content_type,
      file_file_size: upload.size, file_file_name: SecureRandom.hex(8) + File.extname(upload.original_filename),
      processing: kind == 'image' ? :complete : :queued
    )
  end

  def file = StoredFile.new(key: "media_attachments/files/#{id_partition}/original/#{file_file_name}")

  # In batches, as retention does it: nobody is told.
  def remove_quietly!
    file.remove
    delete
  end

  def api_json
    url = file.url if processing_complete?
    { id: id.to_s, type:, url:, preview_url: url, meta: {}, description: nil }
  end

  private

  def note_address
    @address = file.url
  end

  def bust_cache
    CacheBusterWorker.perform_async(@address) if Rails.configuration.x.cache_buster[:enabled]
  end

  def id_partition = format('%09d', id).scan(/\d{3}/).join('/')
end
