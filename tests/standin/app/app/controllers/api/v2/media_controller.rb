# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Api
  module V2
    class MediaController < BaseController
      before_action -> { doorkeeper_authorize! :write }
      before_action :require_user!

      # An image is ready at once; the rest is answered with 202 and has its address when Sidekiq has been at it.
      def create
        upload = params.require(:file)
        media = MediaAttachment.from_upload(current_user.account, upload)
        MediaAttachment.transaction do
          media.save!
          media.file.store(upload)
        end
        return render json: media.api_json if media.processing_complete?

        PostProcessMediaWorker.perform_async(media.id)
        render json: media.api_json, status: :accepted
      rescue ActionController::ParameterMissing
        render json: { error: "Validation failed: File can't be blank" }, status: :unprocessable_entity
      end
    end
  end
end
