# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class PasswordsController < ApplicationController
  def new; end

  def create
    User.find_by('lower(email) = lower(?)', params.dig(:user, :email))&.send_reset_password_instructions
    redirect_to auth_sign_in_path, notice: 'If that address is known, a letter is on its way.' # the same for all
  end

  def edit; end

  def update
    user = User.find_by(reset_password_token: params.require(:user).require(:reset_password_token))
    password = params[:user][:password]
    return redirect_to auth_sign_in_path if user&.reset_password(password, params[:user][:password_confirmation])

    head :unprocessable_entity
  end
end
