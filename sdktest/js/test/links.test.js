// Links in messages: what clients are shown of the pages behind them.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { event, people, refusal, room, server } from './kit.js';

const site = createServer((req, res) => {
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.setHeader('Connection', 'close');
  const path = req.url.split('?')[0];
  if (path === '/nothing') return res.end('<p>words</p>');
  if (path === '/inside') return res.writeHead(302, { Location: 'http://169.254.169.254/latest/meta-data/' }).end();
  if (path === '/round') return res.writeHead(302, { Location: '/round' }).end();
  if (path === '/program') return res.writeHead(200, { 'Content-Type': 'application/zip' }).end('PK');
  if (path === '/huge') return void Readable.from(endless()).on('error', () => {}).pipe(res);
  if (path === '/slow') return void released.then(() => res.end('<title>Slow</title>'));
  return res.end(`<head>
    <meta property="og:site_name" content="Test site">
    <meta property="og:title" content="Page ${path}">
    <meta property="og:description" content="About ${path}">
    <meta property="og:image" content="/picture.png">
    ${path === '/video' ? '<meta property="og:video" content="/clip.mp4">' : ''}
  </head>`);
});

/** A page without an end. */
async function* endless() {
  for (yield '<title>Huge</title>'; ; ) yield 'x'.repeat(1 << 16);
}
let release; // what lets /slow answer
const released = new Promise((resolve) => (release = resolve));
let base;
before(() => new Promise((resolve) => site.listen(0, '127.0.0.1', resolve)).then(() => (base = `http://127.0.0.1:${site.address().port}`)));
after(() => {
  release();
  site.close();
});

const shown = (path) => ({
  type: 'image', author_name: 'Test site', author_link: `${base}/`, title: `Page ${path}`, title_link: base + path, text: `About ${path}`,
  image_url: `${base}/picture.png`, thumb_url: `${base}/picture.png`, og_scrape_url: base + path,
});

test('a link is looked up', async () => {
  const [ann] = await people('ann');
  const { duration, ...page } = await ann.enrichURL(`${base}/one`);
  assert.deepEqual(page, shown('/one'));
  assert.ok(duration);
  const video = await ann.enrichURL(`${base}/video`);
  assert.deepEqual([video.type, video.asset_url], ['video', `${base}/clip.mp4`]);
  assert.equal((await refusal(() => ann.enrichURL(`${base}/nothing`))).code, 4);
  assert.equal((await refusal(() => ann.enrichURL('http://169.254.169.254/'))).code, 4);
  assert.equal((await refusal(() => ann.enrichURL('not a url'))).code, 4);
});

test('no link leads astray', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  for (const link of [`${base}/inside`, `${base}/round`, `${base}/program`, 'http://10.0.0.1/', 'http://[::1]/', 'http://localhost.localdomain:1/', 'file:///etc/passwd', 'http://2130706433/']) {
    const e = await refusal(() => ann.enrichURL(link));
    assert.deepEqual([link, e.code, e.status], [link, 4, 400]);
  }
  assert.equal((await ann.enrichURL(`${base}/huge`)).title, 'Huge');
  const { message } = await mine.sendMessage({ text: `${base}/inside http://10.0.0.1/` });
  assert.deepEqual(message.attachments, []);
});

test('a page that takes long follows', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: `wait: ${base}/slow` });
  assert.deepEqual(message.attachments, []);
  const seen = event(theirs, 'message.updated', (e) => e.message.id === message.id, 20_000);
  release();
  assert.equal((await seen).message.attachments[0].title, 'Slow');
});

test('pages are looked up after the send, where the app has it so', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  await server.updateAppSettings({ async_url_enrich_enabled: true });
  try {
    const seen = event(theirs, 'message.updated', undefined, 20_000);
    const { message } = await mine.sendMessage({ text: `later: ${base}/three` });
    assert.deepEqual(message.attachments, []);
    const e = await seen;
    assert.deepEqual([e.message.id, e.message.attachments], [message.id, [shown('/three')]]);
    assert.deepEqual((await bob.getMessage(message.id)).message.attachments, [shown('/three')]);
  } finally {
    await server.updateAppSettings({ async_url_enrich_enabled: false });
  }
});

test('a message with a link shows the page', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  let seen = event(theirs, 'message.new');
  const { message } = await mine.sendMessage({ text: `look: ${base}/one` });
  assert.deepEqual(message.attachments, [shown('/one')]);
  assert.deepEqual((await seen).message.attachments, [shown('/one')]);

  seen = event(theirs, 'message.updated');
  const edited = await ann.updateMessage({ ...message, text: `rather: ${base}/two` });
  assert.deepEqual(edited.message.attachments, [shown('/two')]);
  assert.deepEqual((await seen).message.attachments, [shown('/two')]);

  const without = await ann.partialUpdateMessage(message.id, { set: { text: 'nothing' } });
  assert.deepEqual(without.message.attachments, []);
});

test('a message keeps what the client has found itself', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const { duration, ...found } = await ann.enrichURL(`${base}/one`);
  const { message } = await mine.sendMessage({ text: `${base}/one`, attachments: [found] }, { skip_enrich_url: true });
  assert.deepEqual(message.attachments, [found]);
  const plain = await mine.sendMessage({ text: `${base}/two` }, { skip_enrich_url: true });
  assert.deepEqual(plain.message.attachments, []);
});
