# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Api
  module V1
    class AccountsController < BaseController
      before_action -> { doorkeeper_authorize! :read, :profile }
      before_action :require_user!

      def verify_credentials
        account = current_user.account
        render json: {
          id: account.id.to_s, username: account.username, acct: account.username, url: account.url, uri: account.uri,
          statuses_count: account.statuses.count, role: { name: current_user.role&.name.to_s },
        }
      end
    end
  end
end
