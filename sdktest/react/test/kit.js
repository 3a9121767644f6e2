// What the tests share: a chatd, a site with the application, a browser, people.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { Chatd } from './chatd.js';
import { Person } from './person.js';
import { serveSite } from './site.js';

export const patience = 15_000; // ms that anything may take to be seen
export const chatd = new Chatd();
let site;
let browser;

before(async () => {
  await chatd.start();
  site = await serveSite();
  browser = await chromium.launch({ executablePath: chromiumPath(), args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
});

after(async () => {
  await browser?.close();
  site?.close();
  await chatd.end();
});

function chromiumPath() {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    for (const folder of process.env.PATH.split(delimiter)) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch { /* look on */ }
    }
  }
  throw new Error('there is no chromium: tools/need chromium');
}

/** A fresh id, so tests never meet. */
export const id = (name) => `${name}-${randomUUID().slice(0, 8)}`;

/** Makes users and a channel of them; returns their ids, and the channel as the server sees it. */
export async function room(name, ...users) {
  const ids = users.map(id);
  await chatd.client.upsertUsers(ids.map((u) => ({ id: u, name: u })));
  const channel = chatd.client.channel('messaging', id(name), { name, members: ids, created_by_id: ids[0] });
  await channel.create();
  return { ids, channel };
}

/**
 * Opens a page for each user, each in a browser profile of his own, at the channel
 * with this name. When the test ends there are pictures of their pages, and nothing
 * must have been refused to them but what the test took out of refused.
 */
export async function people(t, name, ids) {
  return Promise.all(ids.map(async (user) => {
    const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 800 } });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    const person = new Person(user, page, chatd.url);
    t.after(async () => {
      await person.picture(t.name);
      await context.close();
      assert.deepEqual(person.refused, [], `refused to ${user}`);
      assert.deepEqual(person.faults, [], `exceptions in the page of ${user}`);
    });
    const query = new URLSearchParams({ server: chatd.url, key: chatd.key, user, token: chatd.client.createToken(user) });
    await page.goto(`${site.url}/?${query}`);
    if (name) await person.open(name);
    return person;
  }));
}
