# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class Account < ApplicationRecord
  INSTANCE_ACTOR_ID = -99

  has_one :user, dependent: :destroy
  has_many :keypairs, dependent: :destroy
  has_many :statuses, dependent: :destroy
  has_many :media_attachments, dependent: :destroy

  scope :local, -> { where(domain: nil) }

  validates :username, presence: true, format: { with: /\A[a-z0-9_.-]+\z/i },
                       uniqueness: { case_sensitive: false, scope: :domain }

  after_create :ensure_keys!

  def self.find_local(username) = local.find_by('lower(username) = lower(?)', username)

  def self.representative = find(INSTANCE_ACTOR_ID)

  # Since 4.7 the keys of new accounts live in `keypairs`, encrypted; the columns of old stay for old accounts.
  def ensure_keys!
    return if keypairs.exists?

    key = OpenSSL::PKey::RSA.new(2048)
    keypairs.create!(type: :rsa, uri: "#{uri}#main-key", private_key: key.to_pem, public_key: key.public_to_pem)
  end

  # Files stay where they are: a suspension can be taken back for a month.
  def suspend! = update!(suspended_at: Time.now.utc)

  def unsuspend! = update!(suspended_at: nil)

  def keypair(type: :rsa) = keypairs.find_by!(type:)

  def uri = "#{url_base}/users/#{username}"

  def url = "#{url_base}/@#{username}"

  private

  def url_base = "https://#{Rails.configuration.x.web_domain}"
end
