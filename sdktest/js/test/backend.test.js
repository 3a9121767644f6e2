import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, people, refusal, room, server } from './kit.js';

test('a deleted message is undeleted', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'oops' });
  await ann.deleteMessage(message.id);
  const back = event(theirs, 'message.undeleted');
  await server.undeleteMessage(message.id, ann.userID);
  assert.equal((await back).message.text, 'oops');
  const got = await bob.getMessage(message.id);
  assert.equal(got.message.type, 'regular');
  assert.equal(got.message.deleted_at ?? null, null);
});

test('the history of a message tells its older texts', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const { message } = await mine.sendMessage({ text: 'one', mood: 'fine' });
  await ann.updateMessage({ id: message.id, text: 'two' });
  await ann.partialUpdateMessage(message.id, { set: { text: 'three' } });
  const { message_history } = await server.queryMessageHistory({ message_id: message.id }, [{ message_updated_at: -1 }]);
  assert.deepEqual(message_history.map((h) => h.text), ['two', 'one']);
  assert.equal(message_history[1].mood, 'fine');
  assert.equal(message_history[0].message_updated_by_id, ann.userID);
  assert.ok((await refusal(() => ann.queryMessageHistory({ message_id: message.id }))).code);
});

test('pinned messages are listed', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const ids = [];
  for (const text of ['a', 'b', 'c']) ids.push((await mine.sendMessage({ text })).message.id);
  await ann.pinMessage(ids[2]);
  await ann.pinMessage(ids[0]);
  const { messages } = await mine.getPinnedMessages({ limit: 10 }, [{ pinned_at: 1 }]);
  assert.deepEqual(messages.map((m) => m.id), [ids[2], ids[0]]);
  const one = await mine.getPinnedMessages({ limit: 1 }, [{ pinned_at: -1 }]);
  assert.deepEqual(one.messages.map((m) => m.id), [ids[0]]);
  await ann.pinMessage(ids[1], null, undefined, -3600); // as if it had been an hour ago
  const all = await mine.getPinnedMessages({ limit: 10 }, [{ pinned_at: 1 }]);
  assert.deepEqual(all.messages.map((m) => m.id), [ids[1], ids[2], ids[0]]);
});

test('channels are deleted by the hundred, as a task', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [one, theirs] = await room([ann, bob]);
  const [two] = await room([ann, bob]);
  const gone = event(theirs, 'channel.deleted');
  const { task_id } = await server.deleteChannels([one.cid, two.cid], { hard_delete: true });
  assert.equal((await gone).cid, one.cid);
  let task;
  do task = await server.getTask(task_id);
  while (!['completed', 'failed'].includes(task.status));
  assert.equal(task.status, 'completed');
  assert.equal(task.result[one.cid].status, 'ok');
  assert.equal((await ann.queryChannels({ cid: { $in: [one.cid, two.cid] }, members: { $in: [ann.userID] } })).length, 0);
});

test('an ephemeral update reaches watchers', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'thinking' });
  const seen = event(theirs, 'message.updated');
  await server.ephemeralUpdateMessage(message.id, { set: { text: 'thinking harder' } }, ann.userID);
  assert.equal((await seen).message.text, 'thinking harder');
});
