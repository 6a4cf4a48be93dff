# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module PacksHelper
  def pack_path(name) = path_to_asset(Packs.path(name), skip_pipeline: true)
end
