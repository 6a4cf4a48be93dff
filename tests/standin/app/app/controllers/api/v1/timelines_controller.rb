# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Api
  module V1
    class TimelinesController < BaseController
      before_action -> { doorkeeper_authorize! :read }, only: :home
      before_action :require_user!, only: :home

      def public
        statuses = ApplicationRecord.connected_to(role: :reading) { Status.published.newest_first.limit(20).to_a }
        render json: statuses.map(&:api_json)
      end

      def home
        feed = DistributionWorker::HOME.call(current_user.account_id)
        ids = StreamBus.with { |redis| redis.zrevrange(feed, 0, 19) }
        render json: Status.newest_first.where(id: ids).map(&:api_json)
      end
    end
  end
end
