import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatd, people, room } from './kit.js';

test('both are back after the server was restarted', async (t) => {
  const { ids, channel } = await room('garden', 'ann', 'bob');
  const [ann, bob] = await people(t, 'garden', ids);
  await ann.says('before');
  await bob.sees('before');
  await chatd.pause();
  await Promise.all([ann.offline.waitFor(), bob.offline.waitFor()]);
  await bob.page.context().setOffline(true); // so that he is certainly not back before the next message
  await chatd.resume();
  await channel.sendMessage({ text: 'meanwhile', user_id: ids[0] });
  await ann.offline.waitFor({ state: 'detached' });
  await ann.sees('meanwhile');
  await ann.says('nobody there?');
  await bob.page.context().setOffline(false);
  await bob.offline.waitFor({ state: 'detached' });
  await bob.sees('meanwhile');
  await bob.sees('nobody there?');
  await bob.says('I was away');
  await ann.sees('I was away');
  assert.deepEqual(await bob.texts(), ['before', 'meanwhile', 'nobody there?', 'I was away']);
  assert.deepEqual(await ann.texts(), ['before', 'meanwhile', 'nobody there?', 'I was away']);
});
