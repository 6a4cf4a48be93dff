# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Mastodon
  # Serves public/ with Mastodon's headers: 28 days for most, a week for the service worker, for ever for uploads.
  class PublicFileServer
    SERVICE_WORKER = 7.days
    STATIC = 28.days
    UPLOADS = {
      'cache-control' => "public, max-age=#{STATIC.to_i}, immutable",
      'content-security-policy' => "default-src 'none'; form-action 'none'",
    }.freeze

    def initialize(app)
      @app = app
      @files = ActionDispatch::FileHandler.new(Rails.public_path.to_s)
    end

    def call(env)
      found = @files.attempt(env)
      return @app.call(env) unless found

      status, headers, body = found
      [status, headers.merge(headers_for(env['PATH_INFO'])), body]
    end

    private

    def headers_for(path)
      return UPLOADS.merge('x-content-type-options' => 'nosniff') if path.start_with?('/system/')

      age = path == '/sw.js' ? SERVICE_WORKER : STATIC
      { 'cache-control' => "public, max-age=#{age.to_i}, must-revalidate", 'x-content-type-options' => 'nosniff' }
    end
  end
end
