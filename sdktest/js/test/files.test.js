import assert from 'node:assert/strict';
import { test } from 'node:test';
import { people, refusal, room, server } from './kit.js';

/** The smallest PNG: one transparent pixel. */
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');

/** The status of a file; an answer that is not read would keep its connection. */
async function statusOf(url) {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

test('a file is uploaded, sent, read by another member and deleted', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { file } = await mine.sendFile(Buffer.from('all about cats'), 'cats.txt', 'text/plain');
  const { message } = await mine.sendMessage({ text: 'see', attachments: [{ type: 'file', asset_url: file, title: 'cats.txt' }] });
  const state = await theirs.query({ messages: { limit: 1 } });
  const [attachment] = state.messages[0].attachments;
  assert.equal(state.messages[0].id, message.id);
  const read = await fetch(attachment.asset_url);
  assert.equal(read.status, 200);
  assert.equal(await read.text(), 'all about cats');
  await mine.deleteFile(file);
  assert.equal(await statusOf(attachment.asset_url), 404);
});

test('an image is uploaded and served', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const { file } = await mine.sendImage(png, 'dot.png', 'image/png');
  const read = await fetch(file);
  assert.equal(read.headers.get('content-type'), 'image/png');
  assert.deepEqual(Buffer.from(await read.arrayBuffer()), png);
  await mine.deleteImage(file);
  assert.equal(await statusOf(file), 404);
});

test('files outside of channels', async () => {
  const [ann] = await people('ann');
  const { file } = await ann.uploadFile(Buffer.from('mine'), 'mine.txt', 'text/plain');
  assert.equal(await (await fetch(file)).text(), 'mine');
  await ann.deleteFile(file);
  assert.equal(await statusOf(file), 404);
});

test('what is no image is refused as one, strangers may not upload', async () => {
  const [ann, eve] = await people('ann', 'eve');
  const [mine] = await room([ann]);
  assert.equal((await refusal(() => mine.sendImage(Buffer.from('text'), 'dot.png', 'image/png'))).code, 4);
  assert.equal((await refusal(() => eve.channel('messaging', mine.id).sendFile(Buffer.from('x'), 'x.txt', 'text/plain'))).code, 17);
  assert.ok((await server.getAppSettings()).app.file_upload_config);
});
