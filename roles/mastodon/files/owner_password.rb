# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Run by `rails runner` with the account's name as argument. The password comes on standard input, where no list of
# processes shows it. Completes what `tootctl accounts create` may have left undone when it was killed.
user = Account.find_local(ARGV.fetch(0)).user
user.password = $stdin.read.chomp
user.save!
user.confirm unless user.confirmed_at?
user.approve! unless user.approved?
