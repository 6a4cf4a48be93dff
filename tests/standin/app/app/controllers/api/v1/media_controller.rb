# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Api
  module V1
    class MediaController < BaseController
      before_action -> { doorkeeper_authorize! :write }
      before_action :require_user!

      def show
        media = current_user.account.media_attachments.find(params[:id])
        render json: media.api_json, status: media.processing_complete? ? :ok : :partial_content
      end
    end
  end
end
