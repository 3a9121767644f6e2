import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { event, id, people, record, refusal, room, server, settled } from './kit.js';

let ann;
let bob;
let mine;
let his;
const type = id('type'); // a channel type of this test's own

before(async () => {
  await server.createChannelType({ name: type, mark_messages_pending: true });
  [ann, bob] = await people('ann', 'bob');
  [mine, his] = await room([ann, bob], {}, type);
});

test('a message waits for a commit', async () => {
  const told = record(bob, 'message.new');
  const sent = await mine.sendMessage({ text: 'hello' }, { pending_message_metadata: { hello: 'world' } });
  assert.deepEqual(sent.pending_message_metadata, { hello: 'world' });
  const message = sent.message.id;
  await settled(bob);
  assert.deepEqual(told(), []);
  assert.equal((await refusal(() => bob.getMessage(message))).code, 16);
  const got = await ann.getMessage(message);
  assert.equal(got.message.text, 'hello');
  assert.deepEqual(got.pending_message_metadata, { hello: 'world' });
  assert.equal((await mine.getMessagesById([message])).messages.length, 1);
  assert.equal((await his.getMessagesById([message])).messages.length, 0);
  const state = await mine.query({});
  assert.deepEqual(state.pending_messages.map((p) => [p.message.id, p.pending_message_metadata.hello]), [[message, 'world']]);
  const [listed] = await ann.queryChannels({ cid: mine.cid });
  assert.equal(listed.state.pending_messages.length, 1);
  assert.equal((await refusal(() => ann.commitMessage(message))).code, 17);

  const came = [ann, bob].map((c) => event(c, 'message.new', (e) => e.message.id === message));
  const committed = await server.commitMessage(message);
  assert.equal(committed.message.id, message);
  await Promise.all(came);
  assert.equal(his.state.messages.at(-1).id, message);
  assert.equal(his.countUnread(), 1);
  assert.equal((await mine.query({})).pending_messages, undefined);
  assert.equal((await refusal(() => server.commitMessage(message))).code, 4);
});

test('a pending message is deleted for good, and not changed', async () => {
  const { message } = await mine.sendMessage({ text: 'hello' });
  assert.equal((await refusal(() => ann.updateMessage({ id: message.id, text: 'x' }))).code, 4);
  assert.equal((await refusal(() => ann.deleteMessage(message.id))).code, 4);
  assert.equal((await refusal(() => bob.deleteMessage(message.id, true))).code, 16);
  await ann.deleteMessage(message.id, true);
  assert.equal((await refusal(() => server.commitMessage(message.id))).code, 16);
});

test('the server side decides for one message', async () => {
  const channel = server.channel(type, mine.id);
  const came = event(bob, 'message.new');
  const { message } = await channel.sendMessage({ text: 'now', user_id: ann.userID }, { pending: false });
  assert.equal((await came).message.id, message.id);
  const [plain, other] = await room([ann, bob]);
  const sent = await server.channel('messaging', plain.id).sendMessage({ text: 'later', user_id: ann.userID }, { pending: true, pending_message_metadata: { a: 'b' } });
  assert.deepEqual(sent.pending_message_metadata, { a: 'b' });
  const told = event(other, 'message.new');
  await server.commitMessage(sent.message.id);
  assert.equal((await told).message.text, 'later');
});
