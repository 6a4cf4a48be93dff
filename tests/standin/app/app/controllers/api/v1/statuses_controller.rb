# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Api
  module V1
    class StatusesController < BaseController
      before_action -> { doorkeeper_authorize! :write }, only: %i(create destroy)
      before_action :require_user!, only: %i(create destroy)

      def show = render(json: Status.published.find(params[:id]).api_json)

      def create
        status = current_user.account.statuses.create!(
          text: params[:status].to_s, visibility: params.fetch(:visibility, 'public'), media_attachments: media,
          written_in: params.fetch(:language, 'en')
        )
        DistributionWorker.perform_async(status.id)
        render json: status.api_json
      end

      # Clients that may want to write the post anew keep its media for a day; only delete_media says otherwise.
      def destroy
        status = current_user.account.statuses.find(params[:id])
        status.discard
        delete_media = ActiveModel::Type::Boolean.new.cast(params[:delete_media])
        RemovalWorker.perform_async(status.id, { 'redraft' => !delete_media })
        render json: status.api_json
      end

      private

      def media = current_user.account.media_attachments.where(status_id: nil, id: params[:media_ids])
    end
  end
end
