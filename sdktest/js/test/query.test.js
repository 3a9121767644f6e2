import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { event, id, login, logout, people, refusal, room, server } from './kit.js';

let ann;
let bob;
const tag = id('tag');

before(async () => {
  [ann, bob] = await people('ann', 'bob');
  for (const [name, color, rank] of [['alpha', 'red', 1], ['beta', 'green', 2], ['gamma', 'red', 30], ['delta', undefined, 4]]) {
    const c = ann.channel('messaging', id(name), { name, color, rank, tag, labels: [name, 'all'], members: [ann.userID, ...(rank > 1 ? [bob.userID] : [])] });
    await c.create();
  }
});

const names = async (filter, sort = { rank: 1 }, options = {}) =>
  (await ann.queryChannels({ tag, members: { $in: [ann.userID] }, ...filter }, sort, options)).map((c) => c.data.name);

test('filters over channels', async () => {
  for (const [filter, want] of [
    [{}, ['alpha', 'beta', 'delta', 'gamma']],
    [{ color: 'red' }, ['alpha', 'gamma']],
    [{ color: { $in: ['red', 'green'] } }, ['alpha', 'beta', 'gamma']],
    [{ color: { $exists: false } }, ['delta']],
    [{ rank: { $gt: 1, $lte: 4 } }, ['beta', 'delta']],
    [{ name: { $autocomplete: 'al' } }, ['alpha']],
    [{ labels: { $contains: 'beta' } }, ['beta']],
    [{ $or: [{ name: 'alpha' }, { rank: 30 }] }, ['alpha', 'gamma']],
    [{ $nor: [{ color: 'red' }] }, ['beta', 'delta']],
    [{ $and: [{ color: 'red' }, { rank: { $gte: 2 } }] }, ['gamma']],
    [{ members: { $eq: [ann.userID] } }, ['alpha']],
    [{ members: { $in: [bob.userID] } }, ['beta', 'delta', 'gamma']],
    [{ member_count: 1 }, ['alpha']],
    [{ created_by_id: ann.userID, frozen: false, type: 'messaging' }, ['alpha', 'beta', 'delta', 'gamma']],
    [{ joined: true }, ['alpha', 'beta', 'delta', 'gamma']],
    [{ created_at: { $lt: '2020-01-01T00:00:00Z' } }, []],
  ]) {
    assert.deepEqual(await names(filter), want, JSON.stringify(filter));
  }
});

test('sort, limit and offset', async () => {
  assert.deepEqual(await names({}, { rank: -1 }), ['gamma', 'delta', 'beta', 'alpha']);
  assert.deepEqual(await names({}, [{ name: 1 }], { limit: 2, offset: 1 }), ['beta', 'delta']);
  const last = (await ann.queryChannels({ tag, name: 'beta', members: { $in: [ann.userID] } }))[0];
  await last.sendMessage({ text: 'bump' });
  assert.equal((await names({}, { last_message_at: -1 }))[0], 'beta');
});

test('bad filters are refused', async () => {
  for (const filter of [
    { created_at: { $gt: 'yesterday' } },
    { id: 7 },
    { frozen: 'maybe' },
    { name: { $regex: 'a' } },
    { color: { $exists: 'yes' } },
    { $or: [] },
    { name: { $autocomplete: '' } },
  ]) {
    assert.equal((await refusal(() => ann.queryChannels({ members: { $in: [ann.userID] }, ...filter }))).code, 4, JSON.stringify(filter));
  }
  for (const options of [{ limit: 31 }, { offset: 1001 }, { message_limit: 301 }, { member_limit: 101 }]) {
    assert.equal((await refusal(() => names({}, {}, options))).code, 4, JSON.stringify(options));
  }
});

test('users', async () => {
  const team = id('team');
  await server.upsertUsers([
    { id: id('zoe'), name: 'Zoe Zimmer', squad: team, level: 3 },
    { id: id('yan'), name: 'Yan', squad: team, level: 1 },
    { id: id('xia'), name: 'Xia', squad: team, level: 2 },
  ]);
  const q = async (filter, sort = { level: 1 }, options = {}) => (await ann.queryUsers({ squad: team, ...filter }, sort, options)).users.map((u) => u.name);
  assert.deepEqual(await q({}), ['Yan', 'Xia', 'Zoe Zimmer']);
  assert.deepEqual(await q({ name: { $autocomplete: 'zo' } }), ['Zoe Zimmer']);
  assert.deepEqual(await q({ level: { $gt: 1 } }, { name: -1 }), ['Zoe Zimmer', 'Xia']);
  assert.deepEqual(await q({}, { level: 1 }, { limit: 1, offset: 1 }), ['Xia']);
  assert.equal((await refusal(() => q({}, {}, { limit: 101 }))).code, 4);
});

test('members', async () => {
  const [c] = await ann.queryChannels({ tag, name: 'beta', members: { $in: [ann.userID] } });
  const q = async (filter, sort = {}, options = {}) => (await c.queryMembers(filter, sort, options)).members.map((m) => m.user_id);
  assert.deepEqual((await q({})).sort(), [ann.userID, bob.userID].sort());
  assert.deepEqual(await q({ user_id: bob.userID }), [bob.userID]);
  assert.deepEqual(await q({ name: { $autocomplete: bob.user.name.slice(0, 5) } }), [bob.userID]);
  assert.deepEqual(await q({ id: { $in: [ann.userID] } }), [ann.userID]);
  assert.equal((await q({}, { user_id: -1 }, { limit: 1 })).length, 1);
  assert.match((await refusal(() => q({ id: { $q: 'a' } }))).message, /\$q/);
});

test('presence', async () => {
  const cat = id('cat');
  await server.upsertUser({ id: cat });
  const { users } = await ann.queryUsers({ id: cat }, {}, { presence: true });
  assert.equal(users[0].online, false);
  const came = event(ann, 'user.presence.changed', (e) => e.user.id === cat);
  const c = await login(cat);
  assert.equal((await came).user.online, true);
  const second = await login(cat);
  await logout(second);
  const again = await ann.queryUsers({ id: cat });
  assert.equal(again.users[0].online, true);
  const went = event(ann, 'user.presence.changed', (e) => e.user.id === cat && !e.user.online);
  await logout(c);
  assert.ok((await went).user.last_active);
  const hidden = await login(cat, { user: { invisible: true } });
  assert.equal((await ann.queryUsers({ id: cat })).users[0].online, false);
  await logout(hidden);
});

test('users update themselves, the server everybody', async () => {
  const [me, other] = await people('me', 'other');
  const seen = event(me, 'user.updated');
  await me.partialUpdateUser({ id: me.userID, set: { mood: 'good', 'detail.depth': 1 } });
  assert.equal((await seen).user.mood, 'good');
  assert.equal((await refusal(() => me.partialUpdateUser({ id: other.userID, set: { mood: 'bad' } }))).code, 17);
  assert.equal((await refusal(() => me.partialUpdateUser({ id: me.userID, set: { role: 'admin' } }))).code, 17);
  const { users } = await server.partialUpdateUser({ id: me.userID, set: { role: 'admin' }, unset: ['mood'] });
  assert.equal(users[me.userID].role, 'admin');
  assert.equal(users[me.userID].mood, undefined);
});

test('app and channel types are for the server side', async () => {
  const name = id('type');
  const made = await server.createChannelType({ name, commands: ['all'], reactions: false });
  assert.equal(made.name, name);
  assert.equal(made.reactions, false);
  const got = await server.getChannelType(name);
  assert.equal(got.commands[0].name, 'giphy');
  assert.ok(got.grants.channel_member.includes('create-message'));
  await server.updateChannelType(name, { reactions: true, grants: { guest: ['read-channel'] } });
  assert.deepEqual((await server.getChannelType(name)).grants.guest, ['read-channel']);
  assert.ok((await server.listChannelTypes()).channel_types[name]);
  await server.deleteChannelType(name);
  assert.equal((await refusal(() => server.getChannelType(name))).code, 16);
  assert.equal((await refusal(() => ann.createChannelType({ name: id('type') }))).code, 17);
  const { app } = await server.getAppSettings();
  assert.equal(app.permission_version, 'v2');
  assert.equal((await refusal(() => ann.updateAppSettings({ multi_tenant_enabled: true }))).code, 17);
});

test('features that a type switches off answer so', async () => {
  const name = id('type');
  await server.createChannelType({ name, reactions: false, replies: false, custom_events: false, read_events: false, max_message_length: 10 });
  const host = id('host');
  await server.upsertUser({ id: host });
  const channel = server.channel(name, id('room'), { created_by_id: host, members: [host] });
  await channel.create();
  const c = await login(host);
  const mine = c.channel(name, channel.id);
  await mine.watch();
  const { message } = await mine.sendMessage({ text: 'short' });
  assert.equal((await refusal(() => mine.sendReaction(message.id, { type: 'like' }))).code, 19);
  assert.equal((await refusal(() => mine.sendMessage({ text: 'r', parent_id: message.id }))).code, 19);
  assert.equal((await refusal(() => mine.sendEvent({ type: 'wave' }))).code, 19);
  assert.equal((await refusal(() => mine.sendMessage({ text: 'much too long' }))).code, 20);
});

test('a room is deleted for good', async () => {
  const [dan] = await people('dan');
  const [mine] = await room([dan]);
  await server.channel('messaging', mine.id).delete({ hard_delete: true });
  assert.equal((await dan.queryChannels({ cid: mine.cid, members: { $in: [dan.userID] } })).length, 0);
});
