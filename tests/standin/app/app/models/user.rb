# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class User < ApplicationRecord
  belongs_to :account, autosave: true # a fault of the account is then reported by its name, account.username
  belongs_to :role, class_name: 'UserRole', optional: true

  encrypts :otp_secret

  attr_reader :password

  validates :email, presence: true, uniqueness: { case_sensitive: false }, format: { with: /\A[^@\s]+@[^@\s]+\z/ }
  validates :password, length: { in: 8..72 }, allow_nil: true
  validates_with EmailMxValidator, if: :email_changed?

  scope :unconfirmed, -> { where(confirmed_at: nil) }

  def password=(new_password)
    @password = new_password
    self.encrypted_password = BCrypt::Password.create(new_password, cost: 10)
  end

  def valid_password?(password) = BCrypt::Password.new(encrypted_password) == password

  def change_password!(new_password) = update!(password: new_password)

  def reset_password(new_password, confirmation)
    new_password == confirmation && update(password: new_password, reset_password_token: nil)
  end

  def approve! = update!(approved: true)

  def confirm = update!(confirmed_at: Time.now.utc)

  def functional? = confirmed_at? && approved? && !disabled? && account.suspended_at.nil?

  def send_confirmation_instructions
    update!(confirmation_token: SecureRandom.urlsafe_base64)
    UserMailer.confirmation_instructions(self, confirmation_token).deliver_later
  end

  def send_reset_password_instructions
    update!(reset_password_token: SecureRandom.urlsafe_base64)
    UserMailer.reset_password_instructions(self, reset_password_token).deliver_later
  end
end
