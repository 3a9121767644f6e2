// What a message says, and what the server makes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, id, people, refusal, room, server } from './kit.js';

test('a text is shown as safe HTML', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  const html = async (text) => (await mine.sendMessage({ text }, { skip_enrich_url: true })).message.html;
  assert.equal(await html('**bold** and `code`'), '<p><strong>bold</strong> and <code>code</code></p>\n');
  assert.match(await html('[here](https://example.com)'), /^<p><a href="https:\/\/example\.com" rel="nofollow">here<\/a><\/p>\n$/);
  for (const text of ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '[x](javascript:alert(1))', '![x](javascript:alert(1))', '<a href="javascript:alert(1)">x</a>', '[x](data:text/html;base64,PHNjcmlwdD4=)']) {
    const got = await html(text);
    assert.doesNotMatch(got, /<script|<img [^>]*(src|on)|<a [^>]*(javascript|data):/i, text);
  }
  const { message } = await server.channel('messaging', mine.id).sendMessage({ text: 'x', html: '<b onclick="x">y</b><script>z</script>', user_id: ann.userID });
  assert.equal(message.html, '<b>y</b>');
  assert.equal((await refusal(() => mine.sendMessage({ text: 'x', html: '<b>x</b>' }))).code, 4);
});

test('all of a channel, those who are here and roles are mentioned', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, his] = await room([ann, bob]);
  const wanted = { mentioned_channel: true, mentioned_here: true, mentioned_roles: ['admin'] };
  for (const [name, value] of Object.entries(wanted)) assert.equal((await refusal(() => his.sendMessage({ text: 'x', [name]: value }))).code, 17);
  const seen = event(his, 'message.new');
  const { message } = await server.channel('messaging', mine.id).sendMessage({ text: '@all', user_id: ann.userID, ...wanted });
  for (const m of [message, (await seen).message]) assert.deepEqual([m.mentioned_channel, m.mentioned_here, m.mentioned_roles], [true, true, ['admin']]);
  assert.equal((await refusal(() => server.channel('messaging', mine.id).sendMessage({ text: 'x', user_id: ann.userID, mentioned_roles: Array(11).fill('user') }))).code, 4);
});

test('system messages are for who may send them', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, his] = await room([ann, bob]);
  assert.equal((await refusal(() => mine.sendMessage({ text: 'maintenance', type: 'system' }))).code, 17);
  const seen = event(his, 'message.new');
  await server.channel('messaging', mine.id).sendMessage({ text: 'maintenance', type: 'system', user_id: ann.userID });
  assert.equal((await seen).message.type, 'system');
  assert.deepEqual((await mine.search('maintenance')).results, []);
});

test('a silent message stays silent', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'psst', silent: true });
  assert.equal((await bob.getUnreadCount()).total_unread_count, 0);
  assert.equal((await refusal(() => ann.partialUpdateMessage(message.id, { set: { silent: false } }))).code, 4);
  assert.equal((await mine.query({ messages: { limit: 1 } })).messages[0].silent, true);
});

test('a type bounds the length of its texts, and how long they are kept', async () => {
  const [ann] = await people('ann');
  const name = id('short');
  await server.createChannelType({ name, max_message_length: 10 });
  const [mine] = await room([ann], {}, name);
  const { message } = await mine.sendMessage({ text: 'ü'.repeat(10) });
  assert.equal((await refusal(() => mine.sendMessage({ text: 'ü'.repeat(11) }))).code, 20);
  assert.equal((await refusal(() => ann.updateMessage({ id: message.id, text: 'ü'.repeat(11) }))).code, 20);
  const { message_retention: kept } = await server.updateChannelType(name, { message_retention: '30' });
  assert.equal(kept, '30');
  assert.equal((await ann.getMessage(message.id)).message.text, 'ü'.repeat(10));
  for (const bad of ['0', 'x', '-1', '1.5']) assert.equal((await refusal(() => server.updateChannelType(name, { message_retention: bad }))).code, 4, bad);
  assert.equal((await server.getChannelType(name)).message_retention, '30');
});

test('what was quoted comes with the quote, one level deep', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, his] = await room([ann, bob]);
  const { message: first } = await mine.sendMessage({ text: 'first' });
  const { message: second } = await his.sendMessage({ text: 'second', quoted_message_id: first.id });
  const seen = event(his, 'message.new', (e) => e.message.text === 'third');
  const { message: third } = await mine.sendMessage({ text: 'third', quoted_message_id: second.id });
  for (const m of [third, (await seen).message, (await bob.getMessage(third.id)).message]) {
    assert.equal(m.quoted_message.text, 'second');
    assert.equal(m.quoted_message.quoted_message ?? null, null);
  }
  await ann.deleteMessage(first.id);
  assert.equal((await bob.getMessage(second.id)).message.quoted_message.type, 'deleted');
  await server.deleteMessage(first.id, true);
  const left = (await bob.getMessage(second.id)).message;
  assert.deepEqual([left.quoted_message_id, left.quoted_message ?? null], [first.id, null]);
  assert.equal((await refusal(() => mine.sendMessage({ text: 'x', quoted_message_id: first.id }))).code, 4);
});

test('slow mode holds at once', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, his] = await room([ann, bob]);
  await server.channel('messaging', mine.id).enableSlowMode(100);
  const sent = await Promise.allSettled(Array.from({ length: 5 }, (_, i) => his.sendMessage({ text: `${i}` })));
  assert.equal(sent.filter((r) => r.status === 'fulfilled').length, 1);
  for (const r of sent.filter((r) => r.status === 'rejected')) assert.deepEqual([r.reason.code, r.reason.status], [60, 403]);
  await server.channel('messaging', mine.id).disableSlowMode();
  await his.sendMessage({ text: 'at last' });
});
