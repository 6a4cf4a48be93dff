# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
abort 'ERROR: Missing RAILS_ENV environment variable, please set it to "production".' unless ENV.key?('RAILS_ENV')

ENV['BUNDLE_GEMFILE'] ||= File.expand_path('../Gemfile', __dir__)

require 'bundler/setup'
require 'bootsnap/setup'
