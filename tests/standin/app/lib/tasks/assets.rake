# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
namespace :assets do
  desc 'Copy app/assets to public/packs under names that carry their content, and write what refers to them'
  task :precompile do
    require_relative '../../app/lib/packs'

    Packs.build(Rails.root.join('app/assets'), Rails.root.join('public/packs'))
    error_page = ERB.new(Rails.root.join('app/views/errors/500.html.erb').read)
    FileUtils.mkdir_p(Rails.root.join('public/assets'))
    Rails.root.join('public/assets/500.html').write(error_page.result)
    FileUtils.ln_sf('assets/500.html', Rails.root.join('public/500.html'))
  end
end
