# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
Rails.application.routes.draw do
  root 'home#index'
  get '/health', to: 'health#show'

  get '/.well-known/webfinger', to: 'well_known#webfinger'
  get '/.well-known/host-meta', to: 'well_known#host_meta'
  get '/.well-known/nodeinfo', to: 'well_known#nodeinfo_index'
  get '/nodeinfo/2.0', to: 'well_known#nodeinfo'

  scope '/auth', as: :auth do
    get 'sign_in', to: 'sessions#new'
    post 'sign_in', to: 'sessions#create'
    delete 'sign_out', to: 'sessions#destroy'
    get 'confirmation', to: 'confirmations#show'
    get 'password/new', to: 'passwords#new'
    post 'password', to: 'passwords#create'
    get 'password/edit', to: 'passwords#edit'
    put 'password', to: 'passwords#update'
  end

  use_doorkeeper { skip_controllers :applications, :authorized_applications }

  namespace :api, defaults: { format: :json } do
    namespace :v1 do
      get 'accounts/verify_credentials', to: 'accounts#verify_credentials'
      get 'timelines/public', to: 'timelines#public'
      get 'timelines/home', to: 'timelines#home'
      resources :apps, only: :create
      resources :media, only: :show
      resources :statuses, only: %i(create show destroy)
    end

    namespace :v2 do
      resource :instance, only: :show
      resources :media, only: :create
    end
  end
end
