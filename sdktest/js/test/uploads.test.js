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
async function fetched(url) {
  const r = await fetch(url);
  return { status: r.status, type: r.headers.get('content-type'), body: Buffer.from(await r.arrayBuffer()) };
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
  const unsigned = new URL(file);
  unsigned.search = '';
  assert.ok(attachments[0].asset_url.startsWith(unsigned.toString()));
  assert.equal((await fetched(unsigned)).status, 403);

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
