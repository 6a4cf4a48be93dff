# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class UserMailer < ActionMailer::Base
  def confirmation_instructions(user, token)
    letter(user, 'Confirm your address', auth_confirmation_url(confirmation_token: token))
  end

  def reset_password_instructions(user, token)
    letter(user, 'Reset password instructions', auth_password_edit_url(reset_password_token: token))
  end

  private

  def letter(user, subject, link)
    mail(to: user.email, subject: "Stand-in for Mastodon: #{subject}") do |format|
      format.text { render plain: "Hello #{user.account.username},\n\n#{link}\n" }
    end
  end
end
