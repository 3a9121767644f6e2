import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, event, id, login, logout, options, people, refusal, server } from './kit.js';

test('connectUser answers with the own user', async () => {
  const ann = id('ann');
  const c = client();
  const hello = await c.connectUser({ id: ann, name: 'Ann', color: 'red' }, server.createToken(ann));
  assert.equal(hello.me.id, ann);
  assert.equal(hello.me.name, 'Ann');
  assert.equal(hello.me.color, 'red');
  assert.equal(hello.me.role, 'user');
  assert.equal(hello.me.online, true);
  assert.equal(hello.me.total_unread_count, 0);
  assert.deepEqual(hello.me.mutes, []);
  assert.deepEqual(hello.me.devices, []);
  assert.ok(hello.connection_id);
  await logout(c);
});

test('connecting again keeps custom fields and ignores a role', async () => {
  const ann = id('ann');
  await logout(await login(ann, { user: { color: 'red' } }));
  const c = await login(ann, { user: { status: 'busy', role: 'admin' } });
  assert.equal(c.user.color, 'red');
  assert.equal(c.user.status, 'busy');
  assert.equal(c.user.role, 'user');
});

test('a token that is not signed with the secret is refused for good', async () => {
  const ann = id('ann');
  const e = await refusal(() => login(ann, { token: `${server.createToken(ann)}x` }));
  assert.match(e.message, /"code":43|code 43|signature/);
});

test('an expired token is fetched anew from the provider', async () => {
  const ann = id('ann');
  let calls = 0;
  const c = client();
  await c.connectUser({ id: ann }, async () => {
    calls += 1;
    return server.createToken(ann, calls === 1 ? Math.floor(Date.now() / 1000) - 10 : undefined);
  });
  assert.ok(calls >= 2, `the provider was asked ${calls} times`);
  assert.equal(c.user.id, ann);
  await logout(c);
});

test('guests get an id and a token of the server', async () => {
  const c = client();
  const asked = id('visitor');
  await c.setGuestUser({ id: asked, name: 'Visitor' });
  assert.match(c.userID, new RegExp(`^guest-.+-${asked}$`));
  assert.equal(c.user.role, 'guest');
  await logout(c);
});

test('anonymous users read livestreams and nothing else', async () => {
  const [host] = await people('host');
  const live = host.channel('livestream', id('live'), { name: 'Show' });
  await live.create();
  await live.sendMessage({ text: 'on air' });
  const c = client();
  await c.connectAnonymousUser();
  const seen = c.channel('livestream', live.id);
  const state = await seen.watch();
  assert.equal(state.messages.at(-1).text, 'on air');
  assert.equal((await refusal(() => seen.sendMessage({ text: 'me too' }))).code, 17);
  assert.equal((await refusal(() => c.channel('messaging', id('room')).watch())).code, 17);
  await logout(c);
});

test('health checks keep the connection alive', async () => {
  const [ann] = await people('ann');
  const beat = event(ann, 'health.check');
  ann.wsConnection.ws.send(JSON.stringify([{ type: 'health.check', client_id: ann.clientID }]));
  assert.equal((await beat).connection_id, ann.wsConnection.connectionID);
});

test('the SDK recovers by itself when the socket drops', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const channel = ann.channel('messaging', id('room'), { members: [ann.userID, bob.userID] });
  await channel.watch();
  const theirs = bob.channel('messaging', channel.id);
  await theirs.watch();
  const back = event(ann, 'connection.recovered', () => true, 20_000);
  ann.wsConnection.ws.close(4001, 'dropped by the test');
  await theirs.sendMessage({ text: 'while you were away' });
  await back;
  assert.equal(channel.state.messages.at(-1).text, 'while you were away');
  const live = event(channel, 'message.new');
  await theirs.sendMessage({ text: 'and now live' });
  assert.equal((await live).message.text, 'and now live');
});

test('sync tells what was missed', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const channel = ann.channel('messaging', id('room'), { members: [ann.userID, bob.userID] });
  await channel.create();
  const old = await channel.sendMessage({ text: 'old' });
  const since = new Date(Date.parse(old.message.created_at) + 1).toISOString();
  await ann.updateMessage({ id: old.message.id, text: 'edited' });
  await channel.sendMessage({ text: 'new' });
  const { events } = await bob.sync([channel.cid], since);
  assert.deepEqual(events.map((e) => [e.type, e.message?.text]).filter(([t]) => t.startsWith('message.')).sort(), [
    ['message.new', 'new'],
    ['message.updated', 'edited'],
  ]);
  assert.equal((await refusal(() => bob.sync([], since))).code, 4);
});

test('the long-poll fallback delivers events', async () => {
  const bob = id('bob');
  const c = client();
  const ann = await login(id('ann'));
  await server.upsertUser({ id: bob });
  const { StreamChat } = await import('stream-chat');
  const fallback = new StreamChat(c.key, { ...options(c.baseURL), enableWSFallback: true });
  fallback.wsBaseURL = 'ws://127.0.0.1:1'; // nothing listens there
  await fallback.connectUser({ id: bob }, server.createToken(bob));
  assert.ok(fallback.wsFallback, 'the client did not fall back');
  const channel = ann.channel('messaging', id('room'), { members: [ann.userID, bob] });
  await channel.create();
  const theirs = fallback.channel('messaging', channel.id);
  await theirs.watch();
  const got = event(theirs, 'message.new', () => true, 25_000);
  await channel.sendMessage({ text: 'over http' });
  assert.equal((await got).message.text, 'over http');
  await logout(fallback);
});

test('revoked tokens are refused, newer ones are not', async () => {
  const ann = id('ann');
  const now = Math.floor(Date.now() / 1000);
  const older = server.createToken(ann, undefined, now - 100);
  await logout(await login(ann, { token: older }));
  await server.revokeUserToken(ann, new Date((now - 50) * 1000));
  assert.match((await refusal(() => login(ann, { token: older }))).message, /40|revoked/);
  await logout(await login(ann, { token: server.createToken(ann, undefined, now) }));
  await server.revokeUserToken(ann, null);
  await logout(await login(ann, { token: older }));
});
