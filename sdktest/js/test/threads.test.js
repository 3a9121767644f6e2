import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { event, id, login, people, refusal, room, settled } from './kit.js';

let ann;
let bob;
let mine;
let parent;

before(async () => {
  [ann, bob] = await people('ann', 'bob');
  let his;
  [mine, his] = await room([ann, bob]);
  parent = (await mine.sendMessage({ text: 'parent' })).message;
  await his.sendMessage({ text: 'first', parent_id: parent.id });
  await his.sendMessage({ text: 'second', parent_id: parent.id });
});

test('threads are listed with what is unread in them', async () => {
  const { threads, next } = await ann.queryThreads();
  assert.equal(next, undefined);
  assert.equal(threads.length, 1);
  const state = threads[0].state.getLatestValue();
  assert.equal(threads[0].id, parent.id);
  assert.equal(threads[0].channel.cid, mine.cid);
  assert.equal(state.replyCount, 2);
  assert.deepEqual(state.replies.map((m) => m.text), ['first', 'second']);
  assert.deepEqual(state.participants.map((p) => p.user.id), [ann.userID, bob.userID]);
  assert.equal(state.read[ann.userID].unreadMessageCount, 2);
  assert.equal(state.read[bob.userID].unreadMessageCount, 0);
  assert.equal((await bob.queryThreads({ filter: { channel_cid: { $eq: 'messaging:none' } } })).threads.length, 0);
});

test('a thread is marked read and follows new replies', async () => {
  const thread = await ann.getThread(parent.id);
  thread.registerSubscriptions();
  const read = event(ann, 'message.read', (e) => e.thread?.parent_message_id === parent.id);
  const own = event(ann, 'notification.mark_read', (e) => e.thread_id === parent.id);
  await thread.markAsRead();
  await read;
  assert.equal((await own).unread_threads, 0);
  assert.equal(thread.ownUnreadCount, 0);
  const came = event(ann, 'message.new', (e) => e.message.parent_id === parent.id);
  await bob.channel('messaging', mine.id).sendMessage({ text: 'third', parent_id: parent.id });
  await came;
  assert.equal(thread.state.getLatestValue().replies.at(-1).text, 'third');
  assert.equal(thread.ownUnreadCount, 1);
  assert.equal((await ann.getUnreadCount()).total_unread_threads_count, 1);
  thread.unregisterSubscriptions();
});

test('a thread is marked unread from a reply on', async () => {
  const [eva, fay] = await people('eva', 'fay');
  const [hers, theirs] = await room([eva, fay]);
  const { message: root } = await hers.sendMessage({ text: 'root' });
  const replies = [];
  for (const text of ['one', 'two', 'three']) replies.push((await theirs.sendMessage({ text, parent_id: root.id })).message.id);
  assert.deepEqual((await eva.getUnreadCount()).threads.map((t) => [t.parent_message_id, t.unread_count]), [[root.id, 3]]);
  await hers.markRead({ thread_id: root.id });
  assert.equal((await eva.getUnreadCount()).total_unread_threads_count, 0);
  const told = event(eva, 'notification.mark_unread', (e) => e.thread_id === root.id);
  await hers.markUnread({ thread_id: root.id, message_id: replies[1] });
  const e = await told;
  assert.deepEqual([e.unread_threads, e.unread_thread_messages, e.first_unread_message_id, e.last_read_message_id], [1, 2, replies[1], replies[0]]);
  const { threads } = await eva.queryThreads({ watch: false });
  assert.equal(threads[0].state.getLatestValue().read[eva.userID].unreadMessageCount, 2);
  const again = await login(eva.userID);
  assert.equal(again.user.unread_threads, 1);
  assert.equal((await refusal(() => hers.markUnread({ thread_id: id('none'), message_id: replies[1] }))).code, 4);
});

test('who takes part and does not watch is told', async () => {
  const [cat] = await people('cat');
  await mine.addMembers([cat.userID]);
  const told = event(cat, 'notification.thread_message_new');
  await mine.sendMessage({ text: 'for cat', parent_id: parent.id, mentioned_users: [cat.userID] });
  const e = await told;
  assert.equal(e.message.parent_id, parent.id);
  assert.equal(e.thread_id, parent.id);
  assert.equal(e.unread_threads, 1);
  assert.equal(e.unread_thread_messages, 1);
  assert.equal(e.channel.cid, mine.cid);
  assert.equal(cat.threads.state.getLatestValue().unreadThreadCount, 0);
  cat.threads.registerSubscriptions();
  await cat.threads.reload({ force: true });
  assert.deepEqual(cat.threads.state.getLatestValue().threads.map((t) => t.id), [parent.id]);
  const again = event(cat, 'message.new', (m) => m.message.parent_id === parent.id); // it watches now
  await mine.sendMessage({ text: 'more', parent_id: parent.id });
  await again;
  cat.threads.unregisterSubscriptions();
});

test('a thread is given a title', async () => {
  const thread = await ann.getThread(parent.id);
  thread.registerSubscriptions();
  const told = event(ann, 'thread.updated', (e) => e.thread.parent_message_id === parent.id);
  const { thread: after } = await ann.partialUpdateThread(parent.id, { set: { title: 'Lunch', place: 'Oslo' } });
  assert.equal(after.title, 'Lunch');
  await told;
  await settled(ann);
  assert.equal(thread.state.getLatestValue().title, 'Lunch');
  assert.equal(thread.state.getLatestValue().custom.place, 'Oslo');
  const { thread: bare } = await ann.partialUpdateThread(parent.id, { unset: ['title', 'place'] });
  assert.equal(bare.title, '');
  assert.equal(bare.place, undefined);
  assert.equal((await refusal(() => ann.partialUpdateThread(parent.id, { set: { reply_limit: 1, parent_message_id: 'x' } }))).code, 4);
  assert.equal((await refusal(() => ann.getThread(id('none')))).code, 16);
  thread.unregisterSubscriptions();
});
