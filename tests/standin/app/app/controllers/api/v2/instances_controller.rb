# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Api
  module V2
    class InstancesController < BaseController
      def show
        mode = Setting.registrations_mode
        render json: {
          domain: Rails.configuration.x.local_domain, title: Setting.site_title, version: Mastodon::Version.to_s,
          source_url: 'https://github.com/mastodon/mastodon', description: 'A stand-in for Mastodon, for tests only.',
          registrations: { enabled: mode != 'none', approval_required: mode == 'approved' },
          configuration: {
            urls: { streaming: Rails.configuration.x.streaming_api_base_url },
            media_attachments: {
              image_size_limit: MediaAttachment::IMAGE_LIMIT, video_size_limit: MediaAttachment::VIDEO_LIMIT,
            },
          },
          contact: { email: Setting.site_contact_email, account: contact },
        }
      end

      private

      def contact
        account = Account.find_local(Setting.site_contact_username.delete_prefix('@'))
        account && { id: account.id.to_s, username: account.username, url: account.url }
      end
    end
  end
end
