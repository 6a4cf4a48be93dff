# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class Keypair < ApplicationRecord
  self.inheritance_column = nil

  belongs_to :account
  enum :type, { rsa: 0 }
  encrypts :private_key

  def keypair = OpenSSL::PKey::RSA.new(private_key)
end
