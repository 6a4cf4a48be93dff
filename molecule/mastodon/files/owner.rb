# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Run by `rails runner` with a name and what to do; passwords come on standard input, the right one and, to set it,
# another.
name, verb = ARGV
right, other = $stdin.read.split
user = Account.find_local(name).user
abort 'not an owner that may log in' unless user.role.name == 'Owner' && user.confirmed_at && user.approved
abort 'the right password is refused' unless user.valid_password?(right)
abort 'a wrong password is accepted' if user.valid_password?("#{right}x")
if verb == 'change'
  user.password = other
  user.save!
end
