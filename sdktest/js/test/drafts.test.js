import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, id, login, people, record, refusal, room, settled } from './kit.js';

test('a draft is kept on all devices of its author until it is sent', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, his] = await room([ann, bob]);
  const desk = await login(ann.userID, { node: 1 });
  const told = record(bob, 'draft.updated', 'draft.deleted');
  const { message: quoted } = await his.sendMessage({ text: 'where to?' });

  let seen = event(desk, 'draft.updated');
  const { draft } = await mine.createDraft({ id: id('draft'), text: 'to the s', quoted_message_id: quoted.id, mentioned_users: [bob.userID] });
  assert.equal(draft.channel_cid, mine.cid);
  assert.equal(draft.channel.cid, mine.cid);
  assert.equal(draft.quoted_message.text, 'where to?');
  assert.equal(draft.message.mentioned_users[0].id, bob.userID);
  const e = await seen;
  assert.equal(e.cid, mine.cid);
  assert.equal(e.draft.message.text, 'to the s');

  const there = desk.channel('messaging', mine.id);
  const state = await there.watch();
  assert.equal(state.draft.message.text, 'to the s');
  there.messageComposer.initStateFromChannelResponse(state); // as the UI of the SDK does
  assert.equal(there.messageComposer.textComposer.text, 'to the s');
  assert.equal(there.messageComposer.quotedMessage.id, quoted.id);

  seen = event(desk, 'draft.updated', (m) => m.draft.message.text === 'to the sea');
  await mine.createDraft({ id: draft.message.id, text: 'to the sea' });
  await seen;
  assert.equal((await there.getDraft()).draft.message.text, 'to the sea');

  seen = event(desk, 'draft.deleted');
  await mine.sendMessage({ text: 'to the sea' });
  assert.equal((await seen).draft.channel_cid, mine.cid);
  assert.equal((await refusal(() => there.getDraft())).code, 16);
  await settled(bob);
  assert.deepEqual(told(), []);
});

test('a draft of a reply comes with its thread', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, his] = await room([ann, bob]);
  const { message: parent } = await his.sendMessage({ text: 'parent' });
  await his.sendMessage({ text: 'reply', parent_id: parent.id });
  const { draft } = await mine.createDraft({ text: 'answer', parent_id: parent.id });
  assert.equal(draft.parent_message.id, parent.id);
  const thread = await ann.getThread(parent.id, { watch: false });
  assert.equal(thread.messageComposer.textComposer.text, 'answer');
  assert.equal((await mine.getDraft({ parent_id: parent.id })).draft.message.text, 'answer');
  assert.equal((await ann.getMessage(parent.id)).message.draft.message.text, 'answer');
  const seen = event(ann, 'draft.deleted');
  await mine.deleteDraft({ parent_id: parent.id });
  assert.equal((await seen).draft.parent_id, parent.id);
  assert.equal((await refusal(() => mine.deleteDraft({ parent_id: parent.id }))).status, 404);
});

test('a draft is removed also from outside', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [his, hers] = await room([bob, ann]);
  await hers.createDraft({ text: 'unsaid' });
  const out = Promise.all(['notification.removed_from_channel', 'channel.updated'].map((type) => event(ann, type)));
  await his.removeMembers([ann.userID]);
  await out; // the SDK has given its channel up
  const again = ann.channel('messaging', his.id);
  assert.deepEqual((await ann.queryDrafts()).drafts, []);
  assert.equal((await refusal(() => again.getDraft())).code, 17);
  const told = event(ann, 'draft.deleted');
  await again.deleteDraft();
  assert.equal((await told).cid, his.cid);
  assert.equal((await refusal(() => again.deleteDraft())).code, 16);
});

test('drafts are found', async () => {
  const [ann] = await people('ann');
  const [one] = await room([ann]);
  const [two] = await room([ann]);
  await one.createDraft({ text: 'one' });
  await two.createDraft({ text: 'two' });
  let page = await ann.queryDrafts();
  assert.deepEqual(page.drafts.map((d) => d.message.text), ['two', 'one']);
  assert.equal(page.drafts[0].channel.cid, two.cid);
  page = await ann.queryDrafts({ filter: { channel_cid: { $in: [one.cid] } }, sort: { created_at: 1 } });
  assert.deepEqual(page.drafts.map((d) => d.message.text), ['one']);
  page = await ann.queryDrafts({ limit: 1 });
  assert.equal(page.drafts.length, 1);
  page = await ann.queryDrafts({ limit: 1, next: page.next });
  assert.deepEqual(page.drafts.map((d) => d.message.text), ['one']);
});
