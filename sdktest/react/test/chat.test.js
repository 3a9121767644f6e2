import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatd, people, room } from './kit.js';

test('two people chat', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const [ann, bob] = await people(t, 'garden', ids);
  await ann.says('are the roses out?');
  await bob.sees('are the roses out?');
  await bob.says('since yesterday');
  await ann.sees('since yesterday');
  assert.equal(await ann.main.locator('.str-chat__message--me').count(), 1);
  assert.equal(await ann.main.locator('.str-chat__message--other').count(), 1);
});

test('a thread', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const [ann, bob] = await people(t, 'garden', ids);
  await ann.says('who waters the beans?');
  await bob.enters('who waters the beans?');
  await bob.says('I do', bob.thread);
  const replies = ann.message('who waters the beans?').getByTestId('replies-count-button');
  await replies.click();
  await ann.sees('I do', ann.thread);
  await ann.says('thank you', ann.thread);
  await bob.sees('thank you', bob.thread);
  await replies.filter({ hasText: '2' }).waitFor();
  assert.deepEqual(await ann.texts(), ['who waters the beans?'], 'replies are not in the channel');
});

test('a reaction, and its end', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const [ann, bob] = await people(t, 'garden', ids);
  await ann.says('first tomato');
  await bob.sees('first tomato');
  await bob.reacts('love', 'first tomato');
  await ann.reactions('first tomato', 1).waitFor();
  await ann.reacts('haha', 'first tomato');
  await bob.reactions('first tomato', 2).waitFor();
  await bob.reacts('love', 'first tomato');
  await ann.reactions('first tomato', 1).waitFor();
  await ann.reacts('haha', 'first tomato');
  await bob.message('first tomato').getByTestId('message-reactions-list-item').waitFor({ state: 'detached' });
});

test('a message is edited, and deleted', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const [ann, bob] = await people(t, 'garden', ids);
  await ann.says('sow the carots');
  await bob.sees('sow the carots');
  await ann.chooses('Edit Message', 'sow the carots');
  await ann.says('sow the carrots');
  await bob.sees('sow the carrots');
  await bob.message('sow the carrots').getByTestId('message-edited-indicator').waitFor();
  await ann.chooses('Delete', 'sow the carrots');
  await ann.page.getByTestId('delete-message-alert-delete-button').click();
  await bob.main.getByTestId('message-deleted-bubble').waitFor();
  await ann.main.getByTestId('message-deleted-bubble').waitFor();
  assert.equal(await bob.message('sow the carrots').count(), 0);
});

test('who is there is seen', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const [ann] = await people(t, 'garden', ids.slice(0, 1));
  await ann.header.filter({ hasText: 'Offline' }).waitFor();
  const [bob] = await people(t, 'garden', ids.slice(1));
  await ann.header.filter({ hasText: 'Online' }).waitFor();
  await bob.page.goto('about:blank');
  await ann.header.filter({ hasText: 'Offline' }).waitFor();
});

test('who types is seen', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const [ann, bob] = await people(t, 'garden', ids);
  await ann.says('look at the sky');
  await bob.sees('look at the sky');
  await Promise.all([bob.typing.waitFor(), ann.types('I wonder whether it will rain')]);
  await ann.says('it rains');
  await bob.sees('it rains');
  await bob.typing.waitFor({ state: 'detached' });
});

test('a message is sent, delivered and read', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const other = chatd.client.channel('messaging', `${ids[1]}-shed`, { name: 'shed', members: [ids[1]], created_by_id: ids[1] });
  await other.create();
  const [ann] = await people(t, 'garden', ids.slice(0, 1));
  await ann.says('the gate is open');
  await ann.status('sent', 'the gate is open').waitFor();
  const [bob] = await people(t, 'shed', ids.slice(1));
  await ann.says('the dog is out');
  await ann.status('delivered', 'the dog is out').waitFor();
  await bob.entry('garden').getByTestId('unread-badge').filter({ hasText: '2' }).waitFor();
  await bob.open('garden');
  await ann.status('read-by', 'the dog is out').waitFor();
  await bob.entry('garden').getByTestId('unread-badge').waitFor({ state: 'detached' });
});
