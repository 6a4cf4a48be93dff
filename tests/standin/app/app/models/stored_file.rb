# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# A file where Paperclip would keep it: an object in the bucket, or below public/system. The variables are Paperclip's,
# and so is their reading: an S3_ALIAS_HOST that is present counts even when it is empty.
class StoredFile
  CACHE_CONTROL = 'public, max-age=315576000, immutable'

  def initialize(key:)
    @key = [ENV['S3_KEY_PREFIX'], key].compact.join('/')
  end

  def store(upload)
    return keep_in_file_system(upload) unless s3?

    s3_object.upload_file(
      upload.path,
      multipart_threshold: ENV.fetch('S3_MULTIPART_THRESHOLD') { 15.megabytes }.to_i,
      content_type: upload.content_type, cache_control: CACHE_CONTROL,
      acl: ENV.fetch('S3_PERMISSION', 'public-read').presence,
      checksum_algorithm: checksum_algorithm, storage_class: ENV.fetch('S3_STORAGE_CLASS', nil)
    )
  end

  def remove = s3? ? s3_object.delete : FileUtils.rm_f(path)

  def url
    return "#{ENV.fetch('PAPERCLIP_ROOT_URL', '/system')}/#{@key}" unless s3?

    protocol = ENV.fetch('S3_PROTOCOL', 'https')
    host_alias = ENV.fetch('S3_ALIAS_HOST') { ENV.fetch('S3_CLOUDFRONT_HOST', nil) }
    return "#{protocol}://#{host_alias}/#{@key}" if host_alias

    "#{protocol}://#{ENV.fetch('S3_HOSTNAME', "s3-#{region}.amazonaws.com")}/#{ENV.fetch('S3_BUCKET')}/#{@key}"
  end

  def expiring_url(seconds = 3600) = s3_object.presigned_url(:get, expires_in: seconds)

  def s3_object
    require 'aws-sdk-s3'

    Aws::S3::Resource.new(client: Aws::S3::Client.new(**client_options)).bucket(ENV.fetch('S3_BUCKET')).object(@key)
  end

  private

  def s3? = Rails.configuration.x.use_s3

  def region = ENV.fetch('S3_REGION', 'us-east-1')

  def client_options
    options = {
      region:, access_key_id: ENV.fetch('AWS_ACCESS_KEY_ID', nil), secret_access_key: ENV.fetch('AWS_SECRET_ACCESS_KEY', nil),
      http_open_timeout: ENV.fetch('S3_OPEN_TIMEOUT', 5).to_i, http_read_timeout: ENV.fetch('S3_READ_TIMEOUT', 5).to_i,
      retry_mode: 'legacy', retry_limit: ENV.fetch('S3_RETRY_LIMIT', 0).to_i,
    }
    return options unless ENV.key?('S3_ENDPOINT')

    options.merge(endpoint: ENV['S3_ENDPOINT'], force_path_style: ENV['S3_OVERRIDE_PATH_STYLE'] != 'true')
  end

  # Debian's SDK predates the default that today's SDK has; this is that default.
  def checksum_algorithm
    case ENV.fetch('AWS_REQUEST_CHECKSUM_CALCULATION', 'when_supported').downcase
    when 'when_supported' then 'CRC32'
    when 'when_required' then nil
    else raise ArgumentError, 'expected AWS_REQUEST_CHECKSUM_CALCULATION to be when_supported or when_required'
    end
  end

  def path = Pathname(ENV.fetch('PAPERCLIP_ROOT_PATH') { Rails.public_path.join('system') }).join(@key)

  def keep_in_file_system(upload)
    FileUtils.mkdir_p(path.dirname)
    FileUtils.cp(upload.path, path)
    path.chmod(0o644)
  end
end
