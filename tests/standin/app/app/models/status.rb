# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class Status < ApplicationRecord
  include StatusLanguage # differs between the two releases

  belongs_to :account
  has_many :media_attachments, dependent: :nullify

  # Out of sight at once, and for good only when RemovalWorker has been at it.
  default_scope { where(deleted_at: nil) }

  validates :text, presence: true, length: { maximum: 500 }, unless: -> { media_attachments.any? }

  scope :newest_first, -> { order(id: :desc).includes(:account, :media_attachments) }
  scope :published, -> { where(visibility: 'public') }

  def self.with_discarded = unscope(where: :deleted_at)

  def discard = update!(deleted_at: Time.now.utc)

  def undiscard = update!(deleted_at: nil)

  def api_json
    {
      id: id.to_s, created_at: created_at.iso8601(3), visibility:, language: written_in,
      content: "<p>#{ERB::Util.html_escape(text)}</p>", uri: "#{account.uri}/statuses/#{id}", url: "#{account.url}/#{id}",
      account: { id: account_id.to_s, username: account.username, acct: account.username, url: account.url },
      media_attachments: media_attachments.map(&:api_json), mentions: [],
    }
  end
end
