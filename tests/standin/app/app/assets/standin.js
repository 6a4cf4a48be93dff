// SPDX-FileCopyrightText: fediops contributors
// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

const compose = document.getElementById('compose');

const show = ({ id, created_at, content, account, media_attachments }) => {
  if (document.getElementById(`status-${id}`)) return;
  const article = document.createElement('article');
  article.id = `status-${id}`;
  const body = new DOMParser().parseFromString(content, 'text/html').body.textContent;
  for (const [tag, value] of [['strong', account.username], ['time', ` ${created_at}`], ['p', body]]) {
    article.append(Object.assign(document.createElement(tag), { textContent: value }));
  }
  for (const media of media_attachments.filter(({ type }) => type === 'image')) {
    article.append(Object.assign(document.createElement('img'), { src: media.url, alt: '' }));
  }
  document.getElementById('statuses').prepend(article);
};

const call = async (path, body) => {
  const headers = { Authorization: `Bearer ${compose.dataset.token}` };
  const response = await fetch(path, { method: 'POST', headers, body });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
};

const post = async (form) => {
  const file = form.get('file');
  form.delete('file');
  if (file.size > 0) {
    const upload = new FormData();
    upload.set('file', file);
    form.append('media_ids[]', (await call('/api/v2/media', upload)).id);
  }
  return call('/api/v1/statuses', form);
};

if (compose) {
  const output = compose.querySelector('output');
  const { streaming, token } = compose.dataset;
  const socket = new WebSocket(`${streaming}/api/v1/streaming?stream=public&access_token=${token}`);
  socket.onmessage = ({ data }) => {
    const { event, payload } = JSON.parse(data);
    if (event === 'update') show(JSON.parse(payload)); // the post appears when Sidekiq and streaming have done their part
  };
  compose.onsubmit = (event) => {
    event.preventDefault();
    output.textContent = 'Sending…';
    post(new FormData(compose)).then(
      () => { compose.reset(); output.textContent = ''; },
      (error) => { output.textContent = error.message; },
    );
  };
}
