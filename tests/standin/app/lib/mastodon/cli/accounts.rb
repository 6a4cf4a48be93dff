# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Mastodon
  module CLI
    class Accounts < Base
      desc 'create USERNAME', 'Create a new user account'
      option :email, required: true
      option :confirmed, type: :boolean
      option :approve, type: :boolean
      option :role
      def create(username)
        password = SecureRandom.hex
        user = User.new(
          email: options[:email], password:, role: role_named(options[:role]),
          account: Account.new(username:), confirmed_at: options[:confirmed] ? Time.now.utc : nil
        )
        report_errors(user.errors) unless user.save

        user.send_confirmation_instructions unless options[:confirmed]
        user.approve! if options[:approve]
        say('OK', :green)
        say("New password: #{password}")
      end

      desc 'modify USERNAME', 'Modify a user account'
      option :role
      option :remove_role, type: :boolean
      option :email
      option :confirm, type: :boolean
      option :enable, type: :boolean
      option :disable, type: :boolean
      option :disable_2fa, type: :boolean
      option :approve, type: :boolean
      option :reset_password, type: :boolean
      def modify(username)
        user = Account.find_local(username)&.user
        fail_with_message 'No user with such username' if user.nil?

        password = SecureRandom.hex if options[:reset_password]
        user.assign_attributes({ **role_change, **flag_changes, password:, email: options[:email] }.compact)
        user.role = nil if options[:remove_role]
        report_errors(user.errors) unless user.save

        say('OK', :green)
        say("New password: #{password}") if password
      end

      private

      def role_named(name)
        return if name.nil?

        UserRole.find_by(name:) || fail_with_message('Cannot find user role with that name')
      end

      def role_change = options[:role] ? { role: role_named(options[:role]) } : {}

      def flag_changes
        {
          disabled: (options[:disable] ? true : (options[:enable] ? false : nil)),
          approved: options[:approve] || nil,
          confirmed_at: options[:confirm] ? Time.now.utc : nil,
          otp_required_for_login: options[:disable_2fa] ? false : nil,
        }
      end
    end
  end
end
