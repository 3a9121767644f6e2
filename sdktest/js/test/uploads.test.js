import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { globalAgent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { event, id, people, refusal, room, server } from './kit.js';

// One red pixel.
const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==', 'base64');

// The SDK's HTTP client does not end the request of an upload that is answered at once,
// so its connection would keep Node.js waiting.
after(() => globalAgent.destroy());

/** What a link answers. */
async function fetched(url, headers) {
  const r = await fetch(url, { headers });
  return { status: r.status, type: r.headers.get('content-type'), header: (name) => r.headers.get(name), body: Buffer.from(await r.arrayBuffer()) };
}

/** A link without its signature, or with one that has ended. */
function bare(link, search = '') {
  const url = new URL(link);
  url.search = search;
  return url.toString();
}

test('a file is sent with a message, and its link can be read by the others', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { file } = await mine.sendFile(Buffer.from('hello'), 'hello.txt', 'text/plain');
  assert.ok(new URL(file).searchParams.get('Expires') > Date.now() / 1000);
  assert.equal((await fetched(file)).body.toString(), 'hello');

  const arrived = event(theirs, 'message.new');
  await mine.sendMessage({ text: 'see', attachments: [{ type: 'file', asset_url: file, title: 'hello.txt', file_size: 5 }] });
  const { attachments } = (await arrived).message;
  assert.equal((await fetched(attachments[0].asset_url)).body.toString(), 'hello');
  assert.equal(attachments[0].file_size, 5);
  assert.ok(attachments[0].asset_url.startsWith(bare(file)));
  assert.equal((await fetched(bare(file))).status, 403);

  assert.equal((await refusal(() => theirs.deleteFile(file))).code, 17);
  await mine.deleteFile(attachments[0].asset_url);
  assert.equal((await fetched(file)).status, 404);
});

test('an image is sent, resized and deleted', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const { file } = await mine.sendImage(pixel, 'pixel.png', 'image/png');
  const whole = await fetched(file);
  assert.equal(whole.type, 'image/png');
  assert.deepEqual(whole.body, pixel);
  assert.equal(new URL(file).searchParams.get('ow'), '1');
  const sized = new URL(file);
  sized.searchParams.set('w', '20');
  sized.searchParams.set('resize', 'scale');
  const larger = await fetched(sized);
  assert.equal(larger.status, 200);
  assert.equal(larger.body.readUInt32BE(16), 20);
  const e = await refusal(() => mine.sendImage(Buffer.from('%PDF-1.7 not an image'), 'pixel.png', 'image/png'));
  assert.equal(e.code, 4);
  assert.match(e.message, /File type application\/pdf is not supported/);
  await mine.deleteImage(file);
  assert.equal((await fetched(file)).status, 404);
});

test('a back end streams a file for a user', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const dir = await mkdtemp(join(tmpdir(), 'chatd-'));
  try {
    const path = join(dir, 'large.bin');
    const large = Buffer.alloc(3 << 20, 'chatd');
    await writeFile(path, large);
    const channel = server.channel('messaging', mine.id);
    const { file } = await channel.sendFile(createReadStream(path), 'large.bin', 'application/octet-stream', { id: ann.userID });
    assert.deepEqual((await fetched(file)).body, large);
    assert.equal((await refusal(() => channel.sendFile(Buffer.from('x'), 'x.txt'))).code, 4);
    await channel.deleteFile(file);
    assert.equal((await fetched(file)).status, 404);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('an avatar belongs to no channel', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const { file } = await ann.uploadImage(pixel, 'me.png', 'image/png');
  await ann.partialUpdateUser({ id: ann.userID, set: { image: file } });
  const { users } = await bob.queryUsers({ id: ann.userID });
  assert.deepEqual((await fetched(users[0].image)).body, pixel);
  assert.equal((await refusal(() => bob.deleteImage(file))).code, 17);
  await ann.deleteImage(file);
  const other = await ann.uploadFile(Buffer.from('notes'), 'notes.txt', 'text/plain');
  assert.equal((await fetched(other.file)).body.toString(), 'notes');
  await ann.deleteFile(other.file);
});

test('a channel type may have no uploads', async () => {
  const [ann] = await people('ann');
  const name = id('quiet');
  await server.createChannelType({ name, uploads: false });
  const [mine] = await room([ann], {}, name);
  assert.equal((await refusal(() => mine.sendFile(Buffer.from('x'), 'x.txt'))).code, 19);
});

test('links end, and are signed anew wherever they are read', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { file } = await mine.sendFile(Buffer.from('hello'), 'hello.txt', 'text/plain');
  const ended = bare(file, '?Expires=1&Signature=AAAAAAAAAAAAAAAAAAAAAA');
  assert.equal((await fetched(ended)).status, 403);
  const later = new URL(file);
  later.searchParams.set('Expires', Number(later.searchParams.get('Expires')) + 3600);
  assert.equal((await fetched(later)).status, 403);
  const arrived = event(theirs, 'message.new');
  const { message } = await mine.sendMessage({ text: 'fine words', attachments: [{ type: 'file', asset_url: ended }] });
  const read = {
    answer: message, event: (await arrived).message, one: (await bob.getMessage(message.id)).message, many: (await theirs.getMessagesById([message.id])).messages[0],
    channel: (await theirs.query({ messages: { limit: 1 } })).messages[0], search: (await theirs.search('fine words')).results[0].message,
  };
  for (const [way, m] of Object.entries(read)) assert.equal((await fetched(m.attachments[0].asset_url)).body.toString(), 'hello', way);
  await server.updateAppSettings({ cdn_expiration_seconds: 14_400 });
  try {
    const short = new URL((await mine.sendFile(Buffer.from('x'), 'x.txt')).file).searchParams.get('Expires') - Date.now() / 1000;
    assert.ok(short > 12_000 && short <= 14_400, `for ${short} s`);
    assert.equal((await refusal(() => server.updateAppSettings({ cdn_expiration_seconds: 60 }))).code, 4);
  } finally {
    await server.updateAppSettings({ cdn_expiration_seconds: 1_209_600 });
  }
});

test('a part of a file is read, and nothing of it runs', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const { file } = await mine.sendFile(Buffer.from('0123456789'), 'digits.txt', 'text/plain');
  const part = await fetched(file, { Range: 'bytes=2-4' });
  assert.deepEqual([part.status, part.body.toString(), part.header('content-range')], [206, '234', 'bytes 2-4/10']);
  assert.equal((await fetched(file, { Range: 'bytes=50-' })).status, 416);
  for (const [name, type, body] of [['page.html', 'text/html', '<script>alert(1)</script>'], ['art.svg', 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>'], ['run.js', 'text/javascript', 'alert(1)'], ['page.png', 'image/png', '<html><script>alert(1)</script>']]) {
    const got = await fetched((await mine.sendFile(Buffer.from(body), name, type)).file);
    assert.equal(got.body.toString(), body);
    assert.match(got.header('content-disposition'), /^attachment/, name);
    assert.equal(got.header('x-content-type-options'), 'nosniff');
    assert.match(got.header('content-security-policy'), /default-src 'none'.*sandbox|sandbox.*default-src 'none'/);
  }
});

test('an app says which files it takes', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const send = (name, type = 'text/plain', body = 'hello') => mine.sendFile(Buffer.from(body), name, type);
  const only = async (config, run) => {
    await server.updateAppSettings(config);
    try {
      await run();
    } finally {
      await server.updateAppSettings({ file_upload_config: {}, image_upload_config: {} });
    }
  };
  const refused = async (text, ...args) => {
    const e = await refusal(() => send(...args));
    assert.deepEqual([e.code, e.status], [4, 400]);
    assert.match(e.message, text);
  };
  await only({ file_upload_config: { allowed_file_extensions: ['.txt'] } }, async () => {
    await send('a.txt');
    await refused(/File extension \.md is not supported/, 'a.md');
  });
  await only({ file_upload_config: { blocked_mime_types: ['application/pdf'] } }, async () => {
    await send('a.txt');
    await refused(/File type application\/pdf is not supported/, 'a.txt', 'text/plain', '%PDF-1.7\n');
  });
  await only({ file_upload_config: { size_limit: 5 } }, async () => {
    await send('a.txt');
    await refused(/File size is above the size limit \(5 bytes\)/, 'a.txt', 'text/plain', 'hello!');
    await mine.sendImage(pixel, 'pixel.png', 'image/png'); // they have limits of their own
  });
  await only({ image_upload_config: { allowed_mime_types: ['image/jpeg'] } }, async () => {
    assert.match((await refusal(() => mine.sendImage(pixel, 'pixel.jpg', 'image/jpeg'))).message, /File type image\/png is not supported/);
  });
  const both = { file_upload_config: { allowed_file_extensions: ['.a'], blocked_file_extensions: ['.b'] } };
  assert.equal((await refusal(() => server.updateAppSettings(both))).code, 4);
});

test('what would do harm is refused', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const bomb = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAw1AAAMNQCAYAAABLrz3K', 'base64'); // says that it has 50000 x 50000 pixels
  for (const [name, type, body, text] of [
    ['bomb.png', 'image/png', bomb, /too many pixels: 50000 x 50000/],
    ['art.svg', 'image/svg+xml', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'), /contains scripts/],
    ['art.svg', 'image/svg+xml', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'), /contains scripts/],
    ['art.png', 'image/png', Buffer.from('PK\x03\x04 a zip'), /is not supported/],
    ['art.png', 'image/png', pixel.subarray(0, 20), /damaged or not an image/],
  ]) {
    const e = await refusal(() => mine.sendImage(body, name, type));
    assert.deepEqual([name, e.code, e.status], [name, 4, 400]);
    assert.match(e.message, text);
  }
  const { file } = await mine.sendFile(Buffer.from('x'), '../../../etc/passwd', 'text/plain');
  assert.equal((await fetched(file)).body.toString(), 'x');
  assert.doesNotMatch(decodeURIComponent(new URL(file).pathname), /\.\.|etc/);
  for (const url of ['https://example.com/a.txt', new URL('/files/../link-key', file).toString()]) {
    assert.equal((await refusal(() => mine.deleteFile(url))).code, 4, url);
  }
  assert.equal((await fetched(file)).status, 200);
});

test('an image is asked for in sizes', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const form = new FormData(); // the SDK has no parameter for them
  const sizes = [{ width: 20, height: 10, resize: 'crop', crop: 'top' }];
  form.append('file', new Blob([pixel], { type: 'image/png' }), 'pixel.png');
  form.append('upload_sizes', JSON.stringify(sizes));
  const answer = await ann.post(`${mine._channelURL()}/image`, form);
  assert.deepEqual(answer.upload_sizes, sizes);
  const size = async (query) => {
    const { body } = await fetched(`${answer.file}&${query}`);
    return [body.readUInt32BE(16), body.readUInt32BE(20)];
  };
  assert.deepEqual(await size('w=20&h=10&resize=scale'), [20, 10]);
  assert.deepEqual(await size('w=20&h=10&resize=fill'), [20, 10]);
  assert.deepEqual(await size('w=20&h=10&resize=clip'), [1, 1]); // never larger than it is
  assert.equal((await fetched(`${answer.file}&w=5000`)).status, 400);
  assert.equal((await fetched(`${answer.file}&w=20&resize=fold`)).status, 400);
});
