// Messages that change after they were sent: what the server side alone may do, and
// what of it reaches clients.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, people, refusal, room, server } from './kit.js';

test('a deleted message is brought back', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'hello' });
  let seen = event(theirs, 'message.deleted');
  await ann.deleteMessage(message.id);
  await seen;
  assert.equal((await refusal(() => ann.undeleteMessage(message.id, ann.userID))).code, 17);
  seen = event(theirs, 'message.undeleted');
  const back = await server.undeleteMessage(message.id, ann.userID);
  assert.equal(back.message.type, 'regular');
  assert.equal((await seen).message.text, 'hello');
  assert.equal(theirs.state.messages.at(-1).deleted_at, null);
});

test('the history of a message', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'one', color: 'red' });
  await ann.updateMessage({ id: message.id, text: 'two' });
  await server.updateMessage({ id: message.id, text: 'three' }, bob.userID);
  await ann.updateMessage({ id: message.id, text: 'four' });
  const first = await server.queryMessageHistory({ message_id: message.id }, [], { limit: 1 });
  assert.deepEqual(first.message_history.map((h) => [h.text, h.message_updated_by_id]), [['three', bob.userID]]);
  const rest = await server.queryMessageHistory({ message_id: message.id }, [], { next: first.next });
  assert.deepEqual(rest.message_history.map((h) => [h.text, h.color, h.message_updated_by_id]), [['two', undefined, ann.userID], ['one', 'red', ann.userID]]);
  const oldest = await server.queryMessageHistory({ message_id: message.id }, [{ message_updated_at: 1 }]);
  assert.deepEqual(oldest.message_history.map((h) => h.text), ['one', 'two', 'three']);
});

test('an update that is not stored', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'thinking' });
  const seen = event(theirs, 'message.updated');
  await server.ephemeralUpdateMessage(message.id, { set: { text: 'still thinking' } }, ann.userID);
  assert.equal((await seen).message.text, 'still thinking');
  assert.equal((await bob.getMessage(message.id)).message.text, 'thinking');
});

test('pages of pinned messages', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  for (const text of ['a', 'b', 'c']) {
    const { message } = await mine.sendMessage({ text });
    await bob.pinMessage(message);
  }
  const texts = (r) => r.messages.map((m) => m.text);
  const first = await theirs.getPinnedMessages({ limit: 2 }, { pinned_at: -1 });
  assert.deepEqual(texts(first), ['c', 'b']);
  assert.deepEqual(texts(await theirs.getPinnedMessages({ limit: 2, id_lt: first.messages[1].id }, { pinned_at: -1 })), ['a']);
  assert.deepEqual(texts(await theirs.getPinnedMessages({ pinned_at_after: first.messages[1].pinned_at })), ['c']);
  assert.deepEqual(texts(await theirs.getPinnedMessages({ limit: 1 }, [{ pinned_at: 1 }])), ['a']);
});

test('a reply is counted by those who watch', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'root' });
  const seen = event(mine, 'message.updated', (e) => e.message.id === message.id);
  await theirs.sendMessage({ text: 'reply', parent_id: message.id });
  assert.equal((await seen).message.reply_count, 1);
  assert.equal(mine.state.messages.find((m) => m.id === message.id).reply_count, 1);
});
