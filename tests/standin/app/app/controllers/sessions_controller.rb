# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class SessionsController < ApplicationController
  def new; end

  def create
    user = User.find_by('lower(email) = lower(?)', params.dig(:user, :email))
    unless user&.valid_password?(params.dig(:user, :password).to_s) && user.functional?
      flash.now[:alert] = 'Invalid e-mail address or password.'
      return render :new, status: :unprocessable_entity
    end

    return_to = session[:return_to] || root_path
    reset_session
    session[:user_id] = user.id
    redirect_to return_to
  end

  def destroy
    reset_session
    redirect_to root_path
  end
end
