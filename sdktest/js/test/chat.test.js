import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, id, login, people, record, refusal, room, server, settled } from './kit.js';

test('two people chat', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob], { name: 'Room', color: 'blue' });
  assert.equal(theirs.data.name, 'Room');
  assert.equal(theirs.data.color, 'blue');
  const arrived = event(theirs, 'message.new');
  const own = event(mine, 'message.new');
  const sent = await mine.sendMessage({ text: 'hello *you*', mood: 'fine' });
  assert.equal(sent.message.html, '<p>hello <em>you</em></p>\n');
  const got = (await arrived).message;
  assert.equal(got.id, sent.message.id);
  assert.equal(got.text, 'hello *you*');
  assert.equal(got.mood, 'fine');
  assert.equal(got.user.id, ann.userID);
  assert.equal(got.cid, mine.cid);
  assert.equal((await own).message.id, sent.message.id);
  assert.equal(theirs.state.messages.at(-1).text, 'hello *you*');
  assert.equal(theirs.countUnread(), 1);
  assert.equal(mine.countUnread(), 0);
});

test('a message keeps the id of the client, once', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const mid = id('message');
  assert.equal((await mine.sendMessage({ id: mid, text: 'a' })).message.id, mid);
  const e = await refusal(() => mine.sendMessage({ id: mid, text: 'b' }));
  assert.equal(e.code, 4);
  assert.match(e.message, new RegExp(`a message with ID ${mid} already exists`));
});

test('editing, partial editing and deleting', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'frist', color: 'red', attachments: [{ type: 'card', title: 'x', extra: 1 }] });
  let seen = event(theirs, 'message.updated');
  await ann.updateMessage({ ...message, text: 'first' });
  assert.equal((await seen).message.text, 'first');
  assert.equal(theirs.state.messages.at(-1).color, 'red');
  seen = event(theirs, 'message.updated');
  await ann.partialUpdateMessage(message.id, { set: { 'detail.depth': 2, color: 'green' }, unset: ['attachments'] });
  const changed = (await seen).message;
  assert.equal(changed.detail.depth, 2);
  assert.equal(changed.color, 'green');
  assert.deepEqual(changed.attachments, []);
  assert.equal((await refusal(() => bob.updateMessage({ id: message.id, text: 'mine now' }))).code, 17);
  const gone = event(theirs, 'message.deleted');
  await ann.deleteMessage(message.id);
  const deleted = await gone;
  assert.equal(deleted.message.type, 'deleted');
  assert.equal(deleted.message.text, 'first');
  assert.ok(deleted.message.deleted_at);
  const hard = event(theirs, 'message.deleted');
  await server.deleteMessage(message.id, true);
  assert.equal((await hard).hard_delete, true);
  assert.equal((await refusal(() => ann.getMessage(message.id))).code, 16);
});

test('threads', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message: parent } = await mine.sendMessage({ text: 'parent' });
  const arrived = event(mine, 'message.new', (e) => e.message.parent_id === parent.id);
  await theirs.sendMessage({ text: 'reply 1', parent_id: parent.id });
  const reply = (await arrived).message;
  assert.equal(reply.type, 'reply');
  await theirs.sendMessage({ text: 'reply 2', parent_id: parent.id, show_in_channel: true });
  await mine.sendMessage({ text: 'reply 3', parent_id: parent.id });
  const { messages } = await mine.getReplies(parent.id, { limit: 2 });
  assert.deepEqual(messages.map((m) => m.text), ['reply 2', 'reply 3']);
  const before = await mine.getReplies(parent.id, { limit: 2, id_lt: messages[0].id });
  assert.deepEqual(before.messages.map((m) => m.text), ['reply 1']);
  const fresh = await ann.getMessage(parent.id);
  assert.equal(fresh.message.reply_count, 3);
  assert.deepEqual(fresh.message.thread_participants.map((u) => u.id).sort(), [ann.userID, bob.userID].sort());
  const state = await theirs.query({ messages: { limit: 10 } });
  assert.deepEqual(state.messages.map((m) => m.text), ['parent', 'reply 2']);
  assert.equal((await refusal(() => mine.sendMessage({ text: 'nested', parent_id: reply.id }))).code, 21);
});

test('reactions', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'like me' });
  let seen = event(mine, 'reaction.new');
  const r = await theirs.sendReaction(message.id, { type: 'love', score: 3, note: 'nice' });
  assert.equal(r.reaction.note, 'nice');
  assert.deepEqual(r.message.reaction_counts, { love: 1 });
  assert.deepEqual(r.message.reaction_scores, { love: 3 });
  assert.equal(r.message.own_reactions.length, 1);
  let e = await seen;
  assert.equal(e.reaction.type, 'love');
  assert.equal(e.user.id, bob.userID);
  assert.deepEqual(e.message.own_reactions, []);
  assert.equal(e.message.reaction_groups.love.sum_scores, 3);
  seen = event(mine, 'reaction.updated');
  await theirs.sendReaction(message.id, { type: 'like' }, { enforce_unique: true });
  e = await seen;
  assert.deepEqual(e.message.reaction_counts, { like: 1 });
  await mine.sendReaction(message.id, { type: 'wow' });
  const list = await mine.getReactions(message.id, { limit: 10 });
  assert.deepEqual(list.reactions.map((x) => x.type), ['wow', 'like']);
  const queried = await ann.queryReactions(message.id, { type: 'like' }, [{ created_at: -1 }], { limit: 5 });
  assert.deepEqual(queried.reactions.map((x) => x.user_id), [bob.userID]);
  seen = event(mine, 'reaction.deleted');
  await theirs.deleteReaction(message.id, 'like');
  e = await seen;
  assert.deepEqual(e.message.reaction_counts, { wow: 1 });
  assert.equal((await refusal(() => theirs.deleteReaction(message.id, 'like'))).code, 16);
});

test('typing and custom events', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const started = event(theirs, 'typing.start');
  await mine.keystroke();
  assert.equal((await started).user.id, ann.userID);
  assert.ok(theirs.state.typing[ann.userID]);
  const stopped = event(theirs, 'typing.stop');
  await mine.stopTyping();
  await stopped;
  assert.equal(theirs.state.typing[ann.userID], undefined);
  const custom = event(theirs, 'friendship_request');
  await mine.sendEvent({ type: 'friendship_request', text: 'be my friend' });
  assert.equal((await custom).text, 'be my friend');
  assert.equal((await refusal(() => mine.sendEvent({ type: 'message.new' }))).code, 18);
});

test('read state and unread counts on two devices', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const tablet = await login(bob.userID, { node: 0 }); // his other device is on node 1
  const [mine, theirs] = await room([ann, bob]);
  const away = event(tablet, 'notification.message_new');
  const near = event(theirs, 'message.new');
  const both = record(tablet, 'message.new');
  const { message } = await mine.sendMessage({ text: 'one' });
  assert.equal((await near).total_unread_count, 1);
  const note = await away;
  assert.equal(note.total_unread_count, 1);
  assert.equal(note.unread_channels, 1);
  assert.equal(note.channel.cid, mine.cid);
  await mine.sendMessage({ text: 'two' });
  const third = event(theirs, 'message.new', (e) => e.message.text === 'three');
  await mine.sendMessage({ text: 'three' });
  assert.equal((await third).total_unread_count, 3);
  await settled(tablet);
  assert.deepEqual(both(), []);
  const again = await login(bob.userID);
  assert.equal(again.user.total_unread_count, 3);
  assert.equal(again.user.unread_channels, 1);
  const seen = event(mine, 'message.read', (e) => e.user.id === bob.userID);
  const told = event(tablet, 'notification.mark_read');
  await theirs.markRead();
  assert.ok((await seen).last_read_message_id);
  assert.equal((await told).total_unread_count, 0);
  assert.equal(theirs.countUnread(), 0);
  const unread = event(tablet, 'notification.mark_unread');
  await theirs.markUnread({ message_id: message.id });
  const u = await unread;
  assert.equal(u.unread_messages, 3);
  assert.equal(u.first_unread_message_id, message.id);
  assert.equal(u.total_unread_count, 3);
  const counts = await bob.getUnreadCount(bob.userID);
  assert.equal(counts.total_unread_count, 3);
  assert.equal(counts.channels[0].channel_id, mine.cid);
  const { counts_by_user } = await server.getUnreadCountBatch([ann.userID, bob.userID]);
  assert.equal(counts_by_user[bob.userID].total_unread_count, 3);
  await bob.markChannelsRead({});
  assert.equal((await bob.getUnreadCount(bob.userID)).total_unread_count, 0);
});

test('silent messages do not count', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const seen = event(theirs, 'message.new');
  await mine.sendMessage({ text: 'psst', silent: true });
  assert.equal((await seen).total_unread_count, 0);
});

test('delivery receipts', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'there yet?' });
  const seen = event(mine, 'message.delivered', (e) => e.user.id === bob.userID);
  await bob.markChannelsDelivered({ latest_delivered_messages: [{ cid: mine.cid, id: message.id }] });
  assert.equal((await seen).last_delivered_message_id, message.id);
  assert.equal(theirs.cid, mine.cid);
});

test('pins', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'keep this' });
  const seen = event(theirs, 'message.updated');
  await ann.pinMessage(message, null);
  const e = await seen;
  assert.equal(e.message.pinned, true);
  assert.equal(e.message.pinned_by.id, ann.userID);
  const state = await theirs.query({});
  assert.deepEqual(state.pinned_messages.map((m) => m.id), [message.id]);
  await ann.unpinMessage(message);
  assert.deepEqual((await theirs.query({})).pinned_messages, []);
});

test('quoted messages and mentions', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'to be quoted' });
  const sent = await theirs.sendMessage({ text: `@${ann.userID} so you say`, quoted_message_id: message.id, mentioned_users: [ann.userID] });
  assert.equal(sent.message.quoted_message.text, 'to be quoted');
  assert.equal(sent.message.mentioned_users[0].id, ann.userID);
  assert.equal((await refusal(() => mine.sendMessage({ text: 'x', mentioned_users: [id('nobody')] }))).code, 4);
});

test('messages page by id and around one', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const ids = [];
  for (let i = 0; i < 12; i++) ids.push((await mine.sendMessage({ text: `m${i}` })).message.id);
  const texts = async (messages) => (await mine.query({ messages })).messages.map((m) => m.text);
  assert.deepEqual(await texts({ limit: 3 }), ['m9', 'm10', 'm11']);
  assert.deepEqual(await texts({ limit: 3, id_lt: ids[9] }), ['m6', 'm7', 'm8']);
  assert.deepEqual(await texts({ limit: 2, id_gt: ids[4] }), ['m5', 'm6']);
  assert.deepEqual(await texts({ limit: 2, id_gte: ids[4] }), ['m4', 'm5']);
  assert.deepEqual(await texts({ limit: 5, id_around: ids[6] }), ['m4', 'm5', 'm6', 'm7', 'm8']);
  const some = await mine.getMessagesById([ids[1], ids[3]]);
  assert.deepEqual(some.messages.map((m) => m.text).sort(), ['m1', 'm3']);
  assert.equal((await refusal(() => mine.query({ messages: { limit: 301 } }))).code, 4);
});
