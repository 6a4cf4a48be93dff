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

  def self.from_upload(account, upload)
    kind = upload.content_type.to_s.split('/').first
    new(
      account:, type: types.key?(kind) ? kind : :unknown, file_content_type: upload.content_type,
      file_file_size: upload.size, file_file_name: SecureRandom.hex(8) + File.extname(upload.original_filename),
      processing: kind == 'image' ? :complete : :queued
    )
  end

  def file = StoredFile.new(key: "media_attachments/files/#{id_partition}/original/#{file_file_name}")

  def remove!
    file.remove
    destroy!
  end

  def api_json
    url = file.url if processing_complete?
    { id: id.to_s, type:, url:, preview_url: url, meta: {}, description: nil }
  end

  private

  def id_partition = format('%09d', id).scan(/\d{3}/).join('/')
end
