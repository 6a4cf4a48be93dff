# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
UserRole.create_with(permissions: 0).find_or_create_by!(id: UserRole::EVERYONE_ID, name: '')
UserRole.create_with(position: 10, highlighted: true).find_or_create_by!(name: 'Moderator')
UserRole.create_with(position: 100, highlighted: true).find_or_create_by!(name: 'Admin')
UserRole.create_with(position: 1000, highlighted: true, permissions: UserRole::ADMINISTRATOR).find_or_create_by!(name: 'Owner')

Account.create_with(username: 'mastodon.internal').find_or_create_by!(id: Account::INSTANCE_ACTOR_ID)
