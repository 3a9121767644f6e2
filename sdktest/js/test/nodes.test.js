import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, login, nodeOf, people, room, urls } from './kit.js';

/** A value of a node's metrics. */
async function metric(base, name) {
  const text = await (await fetch(`${base}/metrics`)).text();
  return Number(text.match(new RegExp(`^${name} (.+)$`, 'm'))?.[1]);
}

test('every node serves connections of its own', async () => {
  const clients = await people('ann', 'bob', 'cat', 'dan');
  const hosts = clients.map(nodeOf);
  assert.deepEqual([...new Set(hosts)], urls.map((u) => new URL(u).host));
  for (const base of urls) {
    assert.ok((await metric(base, 'chatd_connections')) >= 4 / urls.length, `${base} has no connections`);
  }
  // Each node is a process: what its memory counts differs from the other's.
  const starts = await Promise.all(urls.map((u) => metric(u, 'process_start_time_seconds')));
  assert.equal(new Set(starts).size, urls.length);
});

test('people on different nodes chat, type, react and read', async () => {
  const [ann, bob] = await people('ann', 'bob');
  assert.equal(nodeOf(ann) === nodeOf(bob), urls.length === 1);
  const [mine, theirs] = await room([ann, bob]);
  for (const [from, to] of [[mine, theirs], [theirs, mine]]) {
    const typing = event(to, 'typing.start');
    await from.keystroke();
    assert.equal((await typing).user.id, from.getClient().userID);
    const arrived = event(to, 'message.new');
    const { message } = await from.sendMessage({ text: 'over there' });
    assert.equal((await arrived).message.id, message.id);
    const liked = event(from, 'reaction.new');
    await to.sendReaction(message.id, { type: 'like' });
    assert.equal((await liked).reaction.user_id, to.getClient().userID);
    const read = event(from, 'message.read', (e) => e.user.id === to.getClient().userID);
    await to.markRead();
    assert.equal((await read).last_read_message_id, message.id);
    assert.equal((await to.query({})).watcher_count, 2);
  }
});

test('a user is online as long as a node has a connection of his', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine] = await room([ann, bob]);
  await mine.watch({ presence: true });
  const other = await login(bob.userID, { node: 0 });
  assert.equal(nodeOf(other), nodeOf(ann));
  const { userID } = other;
  await bob.disconnectUser();
  assert.equal((await ann.queryUsers({ id: userID })).users[0].online, true);
  const gone = event(ann, 'user.presence.changed', (e) => e.user.id === userID && !e.user.online);
  await other.disconnectUser();
  assert.equal((await gone).user.online, false);
  const back = event(ann, 'user.presence.changed', (e) => e.user.id === userID);
  await login(userID, { node: 1 });
  assert.equal((await back).user.online, true);
});
