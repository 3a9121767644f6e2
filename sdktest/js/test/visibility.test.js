// Messages that not everybody sees: each way of the SDK to read gives each member what
// he may see.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { event, id, people, record, refusal, room, server, settled } from './kit.js';

const type = id('seen');
before(async () => {
  await server.createChannelType({ name: type, user_message_reminders: true });
});

/** What a member reads of a channel, in every way there is: names of messages by way. */
async function read(client, cid, word, thread) {
  const [channelType, channelID] = cid.split(':');
  const channel = client.channel(channelType, channelID);
  const texts = (messages) => messages.map((m) => m.text.replace(`${word} `, '')).sort();
  const state = await channel.query({ messages: { limit: 100 } });
  const [listed] = await client.queryChannels({ cid }, {}, { message_limit: 100, watch: false });
  const quoted = (messages) => messages.map((m) => m.quoted_message).filter(Boolean);
  return {
    channel: texts(state.messages),
    list: texts(listed.state.messages),
    pins: texts((await channel.getPinnedMessages({ limit: 100 })).messages),
    search: texts((await channel.search(word, { limit: 100 })).results.map((r) => r.message)),
    replies: texts((await channel.getReplies(thread, { limit: 100 })).messages),
    thread: texts((await client.getThread(thread, { watch: false, reply_limit: 100 })).state.getLatestValue().replies),
    quotes: texts(quoted(state.messages)),
    reminders: texts((await client.queryReminders()).reminders.map((r) => r.message)),
    missed: texts((await client.sync([cid], new Date(Date.now() - 600_000).toISOString())).events.filter((e) => e.type === 'message.new' && !e.message.parent_id).map((e) => e.message)),
  };
}

test('a message is for some of the members', async () => {
  const [ann, bob, cat] = await people('ann', 'bob', 'cat');
  const [mine, his, hers] = await room([ann, bob, cat]);
  const told = record(cat, 'message.new', 'message.updated', 'reaction.new', 'message.deleted');
  assert.equal((await refusal(() => mine.sendMessage({ text: 'psst', restricted_visibility: [bob.userID] }))).code, 17);
  const come = event(his, 'message.new');
  const { message } = await server.channel('messaging', mine.id).sendMessage({ text: 'psst', user_id: ann.userID, restricted_visibility: [bob.userID] });
  assert.deepEqual(message.restricted_visibility, [bob.userID]);
  assert.equal((await come).total_unread_count, 1);
  await his.sendReaction(message.id, { type: 'like' });
  await settled(cat);
  assert.deepEqual(told(), []);
  assert.equal((await bob.getMessage(message.id)).message.text, 'psst');
  assert.equal((await bob.getUnreadCount()).total_unread_count, 1);
  for (const read of [() => cat.getMessage(message.id), () => hers.getReplies(message.id), () => hers.getReactions(message.id, {}), () => hers.sendReaction(message.id, { type: 'wow' })]) {
    assert.equal((await refusal(read)).code, 16);
  }
  assert.deepEqual((await hers.query({ messages: { limit: 10 } })).messages, []);
  assert.deepEqual((await hers.getMessagesById([message.id])).messages, []);
  assert.deepEqual((await hers.search('psst')).results, []);
  assert.equal((await cat.getUnreadCount()).total_unread_count, 0);
  assert.equal((await refusal(() => server.pinMessage(message.id, null, ann.userID))).code, 4);
  assert.equal((await refusal(() => server.partialUpdateMessage(message.id, { set: { restricted_visibility: [cat.userID] } }, ann.userID))).code, 4);
});

test('it is unread for whose role lets him see it, too', async () => {
  const [ann, bob, mod] = await people('ann', 'bob', 'mod');
  await server.upsertUser({ id: mod.userID, role: 'admin' });
  const [mine, , oversees] = await room([ann, bob, mod]);
  const come = event(oversees, 'message.new');
  const { message } = await server.channel('messaging', mine.id).sendMessage({ text: 'psst', user_id: ann.userID, restricted_visibility: [bob.userID] });
  assert.equal((await come).total_unread_count, 1);
  assert.equal((await mod.getUnreadCount()).total_unread_count, 1);
  await oversees.markRead();
  assert.equal((await mod.getUnreadCount()).total_unread_count, 0);
  await oversees.markUnread({ message_id: message.id });
  assert.equal((await mod.getUnreadCount()).total_unread_count, 1);
  await ann.deleteMessage(message.id);
  assert.equal((await mod.getUnreadCount()).total_unread_count, 0);
});

test('a message is deleted for one of them', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, his] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'seen enough' });
  const told = record(ann, 'message.deleted');
  const gone = event(bob, 'message.deleted');
  const answer = await bob.deleteMessage(message.id, { deleteForMe: true });
  assert.equal(answer.message.deleted_for_me, true);
  const e = await gone;
  assert.equal(e.deleted_for_me, true);
  assert.equal(e.message.type, 'deleted');
  await settled(ann);
  assert.deepEqual(told(), []);
  const [his1, mine1] = [(await his.query({ messages: { limit: 1 } })).messages[0], (await mine.query({ messages: { limit: 1 } })).messages[0]];
  assert.deepEqual([his1.type, his1.deleted_for_me, mine1.type, mine1.deleted_for_me], ['deleted', true, 'regular', undefined]);
  assert.deepEqual((await his.search('enough')).results, []);
  assert.equal((await mine.search('enough')).results.length, 1);
});

test('a history is hidden from one, and cut off for all', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, his] = await room([ann, bob], {}, type);
  const word = id('word').replace('-', '');
  const said = async (text, more = {}) => (await mine.sendMessage({ text: `${word} ${text}`, ...more })).message;
  const { message: early } = await mine.sendMessage({ text: `${word} early`, pinned: true });
  await bob.createReminder({ messageId: early.id });
  await his.hide(null, true);
  const root = await said('root');
  await said('late', { pinned: true, quoted_message_id: early.id });
  await said('reply', { parent_id: root.id });
  await settled(bob);

  const all = { channel: ['early', 'late', 'root'], list: ['early', 'late', 'root'], pins: ['early', 'late'], search: ['early', 'late', 'reply', 'root'], replies: ['reply'], thread: ['reply'], quotes: ['early'], reminders: [], missed: ['early', 'late', 'root'] };
  const most = { ...all, channel: ['late', 'root'], list: ['late', 'root'], pins: ['late'], search: ['late', 'reply', 'root'], quotes: [], missed: ['late', 'root'] };
  assert.deepEqual(await read(ann, mine.cid, word, root.id), all);
  assert.deepEqual(await read(bob, mine.cid, word, root.id), most);
  assert.equal((await refusal(() => bob.getMessage(early.id))).code, 16);
  assert.equal((await bob.getUnreadCount()).total_unread_count, 2);

  await mine.truncate();
  const fresh = await said('fresh');
  await his.sendMessage({ text: `${word} answer`, parent_id: fresh.id });
  const left = { channel: ['fresh'], list: ['fresh'], pins: [], search: ['answer', 'fresh'], replies: ['answer'], thread: ['answer'], quotes: [], reminders: [], missed: ['fresh'] };
  for (const c of [ann, bob]) {
    assert.deepEqual(await read(c, mine.cid, word, fresh.id), left);
    for (const m of [early, root]) assert.equal((await refusal(() => c.getMessage(m.id))).code, 16);
    assert.equal((await refusal(() => c.getThread(root.id))).code, 16);
  }
});
