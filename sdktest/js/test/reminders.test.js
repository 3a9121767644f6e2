import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { event, id, people, refusal, room, server } from './kit.js';

const type = id('reminding');
before(async () => {
  await server.createChannelType({ name: type, user_message_reminders: true });
});

/** Somebody, and messages of another in a channel that both watch. */
async function messages(...texts) {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, his] = await room([ann, bob], {}, type);
  const sent = [];
  for (const text of texts) sent.push((await his.sendMessage({ text })).message);
  ann.reminders.registerSubscriptions();
  return { ann, mine, sent };
}

test('a message is kept, then reminded of', async () => {
  const { ann, mine, sent } = await messages('lunch?');
  let told = event(ann, 'reminder.created');
  await ann.reminders.upsertReminder({ messageId: sent[0].id });
  const e = await told;
  assert.equal(e.message_id, sent[0].id);
  assert.equal(e.reminder.message.text, 'lunch?');
  assert.equal(ann.reminders.getFromState(sent[0].id).remindAt, null);

  told = event(ann, 'reminder.updated');
  const due = event(ann, 'notification.reminder_due', () => true, 20_000);
  const remindAt = new Date(Date.now() + 500).toISOString();
  await ann.reminders.upsertReminder({ messageId: sent[0].id, remind_at: remindAt });
  assert.equal((await told).reminder.remind_at, new Date(remindAt).toISOString().replace(/\.?0*Z$/, 'Z'));
  assert.equal(ann.reminders.getFromState(sent[0].id).remindAt.toISOString(), remindAt);
  const d = await due;
  assert.equal(d.reminder.message.id, sent[0].id);
  assert.equal(d.reminder.channel.cid, mine.cid);

  const state = await mine.query({ messages: { limit: 5 } });
  assert.equal(state.messages[0].reminder.user_id, ann.userID);
  told = event(ann, 'reminder.deleted');
  await ann.reminders.deleteReminder(sent[0].id);
  await told;
  assert.equal(ann.reminders.getFromState(sent[0].id), undefined);
});

test("the SDK finds out what there is already, and what is not", async () => {
  const { ann, sent } = await messages('one');
  await ann.createReminder({ messageId: sent[0].id });
  ann.reminders.removeFromState(sent[0].id); // as on another device
  await ann.reminders.upsertReminder({ messageId: sent[0].id, remind_at: '2100-01-01T00:00:00Z' });
  assert.equal((await ann.queryReminders()).reminders[0].remind_at, '2100-01-01T00:00:00Z');
  await ann.deleteReminder(sent[0].id);
  await ann.reminders.upsertReminder({ messageId: sent[0].id });
  assert.equal((await ann.queryReminders()).reminders[0].remind_at, undefined);
  assert.equal((await refusal(() => ann.createReminder({ messageId: sent[0].id }))).code, 4);
});

test('reminders are listed', async () => {
  const { ann, mine, sent } = await messages('late', 'kept', 'soon');
  await ann.createReminder({ messageId: sent[0].id, remind_at: '2100-01-01T00:00:00Z' });
  await ann.createReminder({ messageId: sent[1].id, remind_at: null });
  await ann.createReminder({ messageId: sent[2].id, remind_at: '2099-01-01T00:00:00Z' });
  const texts = async (options) => (await ann.queryReminders(options)).reminders.map((r) => r.message.text);
  assert.deepEqual(await texts(), ['soon', 'late', 'kept']);
  assert.deepEqual(await texts({ filter: { remind_at: null } }), ['kept']);
  assert.deepEqual(await texts({ filter: { remind_at: { $gt: new Date().toISOString() } }, sort: { remind_at: -1 } }), ['late', 'soon']);
  assert.deepEqual(await texts({ filter: { channel_cid: mine.cid, message_id: { $in: [sent[0].id] } } }), ['late']);
  ann.reminders.paginator.pageSize = 2;
  await ann.reminders.queryNextReminders();
  assert.equal(ann.reminders.paginator.items.length, 2);
  await ann.reminders.queryNextReminders();
  assert.equal(ann.reminders.paginator.items.length, 3);
  assert.equal(ann.reminders.paginator.hasNext, false);
  assert.equal(ann.reminders.reminders.size, 3);
});

test('what one kept of a channel is removed also from outside', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [his] = await room([bob, ann], {}, type);
  const { message } = await his.sendMessage({ text: 'kept' });
  await ann.createReminder({ messageId: message.id, remind_at: '2100-01-01T00:00:00Z' });
  await his.removeMembers([ann.userID]);
  assert.deepEqual((await ann.queryReminders()).reminders, []);
  assert.equal((await refusal(() => ann.updateReminder({ messageId: message.id, remind_at: null }))).code, 17);
  const told = event(ann, 'reminder.deleted');
  await ann.deleteReminder(message.id);
  const { reminder } = await told;
  assert.deepEqual([reminder.message_id, reminder.message], [message.id, undefined]);
  assert.equal((await refusal(() => ann.deleteReminder(message.id))).code, 16);
});
