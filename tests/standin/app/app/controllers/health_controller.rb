# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class HealthController < ActionController::Base
  def show = render(plain: 'OK')
end
