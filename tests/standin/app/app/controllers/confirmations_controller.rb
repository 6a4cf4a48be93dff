# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class ConfirmationsController < ApplicationController
  def show
    user = User.find_by(confirmation_token: params.require(:confirmation_token))
    return head :not_found if user.nil?

    user.update!(confirmed_at: Time.now.utc, confirmation_token: nil)
    redirect_to auth_sign_in_path
  end
end
