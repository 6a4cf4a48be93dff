# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
require 'digest'
require 'fileutils'
require 'json'

# The web page's own files, named by content as a bundler would name them, so that two releases have different names.
module Packs
  def self.build(source, target)
    FileUtils.mkdir_p(target)
    names = Dir.children(source).sort.to_h do |name|
      digest = Digest::SHA256.file(source.join(name)).hexdigest.first(8)
      packed = "#{File.basename(name, '.*')}-#{digest}#{File.extname(name)}"
      FileUtils.cp(source.join(name), target.join(packed))
      [name, "/packs/#{packed}"]
    end
    target.join('manifest.json').write(JSON.pretty_generate(names))
  end

  def self.path(name)
    @manifest ||= JSON.parse(Rails.public_path.join('packs/manifest.json').read)
    @manifest.fetch(name)
  end
end
