import assert from 'node:assert/strict';
import { test } from 'node:test';
import { id, people, room } from './kit.js';

test('messages are searched', async (t) => {
  const { ids, channel } = await room('garden', 'ann', 'bob');
  const word = id('tomato').replace('-', '');
  await channel.sendMessage({ text: `a red ${word}`, user_id: ids[1] });
  for (let i = 0; i < 40; i++) await channel.sendMessage({ text: `noise ${i}`, user_id: ids[1] });
  const [ann] = await people(t, undefined, ids.slice(0, 1));
  await ann.searches('Messages', word);
  await ann.page.locator('.str-chat__search-result').filter({ hasText: 'garden' }).click();
  await ann.sees(`a red ${word}`);
});

test('a conversation begins with a person that is searched', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const { ids: [cat] } = await room('shed', 'cat');
  const [ann, kitty] = await people(t, undefined, [ids[0], cat]);
  await ann.searches('Users', cat);
  await ann.page.getByTestId('search-result-user').filter({ hasText: cat }).click();
  await ann.says('hello cat');
  await kitty.entry(ids[0]).getByTestId('unread-badge').waitFor();
  await kitty.entry(ids[0]).click();
  await kitty.sees('hello cat');
});

test('a new channel comes into the list, and a removed one leaves it', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const [ann] = await people(t, 'garden', ids.slice(0, 1));
  const { channel } = await room('orchard', 'dan');
  await channel.addMembers([ids[0]]);
  await ann.entry('orchard').waitFor();
  await channel.sendMessage({ text: 'apples', user_id: channel.data.created_by.id });
  await ann.entry('orchard').filter({ hasText: 'apples' }).getByTestId('unread-badge').waitFor();
  await channel.removeMembers([ids[0]]);
  await ann.entry('orchard').waitFor({ state: 'detached' });
});

test('a message is pinned, quoted and marked unread', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const [ann, bob] = await people(t, 'garden', ids);
  await ann.says('the key is under the pot');
  await bob.sees('the key is under the pot');
  await bob.chooses('Quote', 'the key is under the pot');
  await bob.main.getByTestId('quoted-message-preview').filter({ hasText: 'under the pot' }).waitFor();
  await bob.says('which pot?');
  await ann.message('which pot?').getByTestId('quoted-message-text').filter({ hasText: 'the key is under the pot' }).waitFor();
  await ann.says('the blue one');
  await bob.sees('the blue one');
  await bob.chooses('Mark as unread', 'the blue one');
  await bob.main.getByTestId('unread-messages-separator').waitFor();
});

test('the list of threads shows who takes part, and what is unread', async (t) => {
  const { ids, channel } = await room('garden', 'ann', 'bob');
  const { message } = await channel.sendMessage({ text: 'who has the rake?', user_id: ids[0] });
  await channel.sendMessage({ text: 'not I', user_id: ids[1], parent_id: message.id });
  const [ann] = await people(t, undefined, ids.slice(0, 1));
  await ann.page.getByRole('tab', { name: 'Threads' }).or(ann.page.getByRole('button', { name: 'Threads' })).first().click();
  const entry = ann.page.locator('.str-chat__thread-list-item').filter({ hasText: 'who has the rake?' });
  await entry.click();
  await ann.sees('not I', ann.thread);
  await ann.says('found it', ann.thread);
  const { messages } = await channel.getReplies(message.id, { limit: 10 });
  assert.deepEqual(messages.map((m) => m.text), ['not I', 'found it']);
});
