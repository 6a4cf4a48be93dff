# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Run by `rails runner`: is every queue served, the scheduler's once, and is a job taken and done (a mail, delivered)?
require 'sidekiq/api'

served = Sidekiq::ProcessSet.new.flat_map { |process| process['queues'] }.tally
wanted = %w(default push ingress mailers pull scheduler fasp)
abort "queues are served like this: #{served}" unless served.keys.sort == wanted.sort && served['scheduler'] == 1

before = Sidekiq::Stats.new
UserMailer.confirmation_instructions(Account.find_local('owner').user, 'token-of-the-test').deliver_later
30.times do
  break if Sidekiq::Stats.new.processed > before.processed

  sleep 1
end
after = Sidekiq::Stats.new
abort 'nobody took the job' unless after.processed > before.processed
abort 'the job failed' unless after.failed == before.failed && after.retry_size.zero?
