import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { StreamChat } from 'stream-chat';
import { client, id, options, people, refusal, room, server, urls } from './kit.js';

let ann;
let bob;
let mine;
let theirs;

before(async () => {
  [ann, bob] = await people('ann', 'bob');
  [mine, theirs] = await room([ann, bob]);
});

/** Asserts that fn is refused with this code and status, in the API's form. */
async function refused(fn, code, status, text = /./) {
  const e = await refusal(fn);
  const body = e.response.data;
  assert.equal(e.code, code, e.message);
  assert.equal(e.status, status);
  assert.equal(body.code, code);
  assert.equal(body.StatusCode, status);
  assert.match(body.message, text);
  assert.match(body.duration, /\d/);
  assert.ok(Array.isArray(body.details));
  assert.equal(typeof body.more_info, 'string');
  assert.ok(Number(e.response.headers['x-ratelimit-limit']) > 0);
}

const as = (token, userID) => {
  const c = client(0);
  c._setToken({ id: userID }, token);
  c.userID = userID;
  return c;
};

test('keys and tokens', async () => {
  const now = Math.floor(Date.now() / 1000);
  const stranger = new StreamChat('nosuchkey1', 'secret', options(urls[0]));
  await refused(() => stranger.getAppSettings(), 2, 401, /^GetApp failed with error: "api_key not valid"$/);
  const call = (token) => () => as(token, ann.userID).queryUsers({ id: ann.userID });
  await refused(call(server.createToken(ann.userID, now - 10)), 40, 401, /expired/);
  await refused(call(server.createToken(ann.userID, undefined, now + 3600)), 42, 401);
  const forged = new StreamChat(ann.key, 'another-secret', options(urls[0])).createToken(ann.userID);
  await refused(call(forged), 43, 401, /signature/);
  const good = await as(server.createToken(ann.userID), ann.userID).queryUsers({ id: ann.userID });
  assert.equal(good.users[0].id, ann.userID);
});

test('input', async () => {
  await refused(() => mine.sendMessage({ text: 'x', attachments: Array.from({ length: 31 }, () => ({ type: 'card' })) }), 4, 400, /^SendMessage failed with error: /);
  await refused(() => ann.post(`${ann.baseURL}/channels/messaging/bad!id/query`, {}), 4, 400, /not valid/);
  await refused(() => ann.channel('nosuchtype', id('room')).create(), 16, 404);
  await refused(() => mine.sendReaction(id('m'), { type: 'like' }), 16, 404, /message with id .* doesn't exist/);
  await refused(() => server.upsertUser({ id: 'bad id!' }), 4, 400);
  await refused(() => ann.partialUpdateMessage(id('m'), { set: { text: 'x' } }), 16, 404);
  await refused(() => mine.sendMessage({ text: 'x'.repeat(5001) }), 20, 400, /too long/);
  await refused(() => mine.sendEvent({ type: 'user.updated' }), 18, 400);
  const { message } = await mine.sendMessage({ text: 'parent' });
  const { message: reply } = await theirs.sendMessage({ text: 'reply', parent_id: message.id });
  await refused(() => mine.sendMessage({ text: 'nested', parent_id: reply.id }), 21, 400);
});

test('permissions', async () => {
  const [eve] = await people('eve');
  const { message } = await mine.sendMessage({ text: 'private' });
  await refused(() => eve.channel('messaging', mine.id).query({}), 17, 403, /ReadChannel/);
  await refused(() => eve.channel('messaging', mine.id).sendMessage({ text: 'hi' }), 17, 403, /CreateMessage/);
  await refused(() => eve.channel('messaging', mine.id).sendReaction(message.id, { type: 'like' }), 17, 403);
  await refused(() => eve.getMessage(message.id), 17, 403);
  await refused(() => eve.queryChannels({ cid: mine.cid }), 70, 403);
  await refused(() => theirs.delete(), 17, 403, /DeleteChannel/);
  await refused(() => bob.deleteMessage(message.id), 17, 403, /DeleteMessage/);
  await refused(() => theirs.truncate(), 17, 403);
  await refused(() => bob.updateAppSettings({}), 17, 403);
  const state = await mine.query({ messages: { limit: 10 } });
  assert.equal(state.messages.at(-1).text, 'private');
});

test('watching needs a connection', async () => {
  const c = as(server.createToken(ann.userID), ann.userID);
  const query = { state: true, watch: true };
  await refused(() => c.post(`${c.baseURL}/channels/messaging/${mine.id}/query`, query), 4, 400, /connection_id|Watch/);
  await refused(() => c.post(`${c.baseURL}/channels/messaging/${mine.id}/query?connection_id=${id('gone')}`, query), 46, 400);
});
