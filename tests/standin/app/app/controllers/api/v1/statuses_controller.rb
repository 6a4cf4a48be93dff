# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Api
  module V1
    class StatusesController < BaseController
      before_action -> { doorkeeper_authorize! :write }, only: :create
      before_action :require_user!, only: :create

      def show = render(json: Status.published.find(params[:id]).api_json)

      def create
        status = current_user.account.statuses.create!(
          text: params[:status].to_s, visibility: params.fetch(:visibility, 'public'), media_attachments: media,
          written_in: params.fetch(:language, 'en')
        )
        DistributionWorker.perform_async(status.id)
        render json: status.api_json
      end

      private

      def media = current_user.account.media_attachments.where(status_id: nil, id: params[:media_ids])
    end
  end
end
