// A back end that is written with the newer server SDK: paths under /api/v2, custom
// data in objects of their own, dates in nanoseconds, which the SDK makes Dates of.
import assert from 'node:assert/strict';
import { Blob, File } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { StreamClient } from '@stream-io/node-sdk';

const { STREAM_KEY: key, STREAM_SECRET: secret, STREAM_URL: basePath } = process.env;
if (!key || !secret || !basePath) throw new Error('STREAM_URL, STREAM_KEY and STREAM_SECRET must be set');

const client = new StreamClient(key, secret, { basePath, timeout: 10_000 });
const { chat } = client;
const id = (name) => `${name}-${randomUUID().slice(0, 8)}`;

/** Tells that a value is a Date of the last minutes. */
const recent = (at) => {
  assert.ok(at instanceof Date, `${at} is no Date`);
  assert.ok(Math.abs(Date.now() - at) < 5 * 60_000, `${at} is not now`);
};

/** What a call is refused with. */
async function refusal(call) {
  try {
    await call();
  } catch (e) {
    return e;
  }
  throw new Error('the call succeeded');
}

/** Fresh users with these names. */
async function users(...names) {
  const list = names.map((name) => ({ id: id(name), name, custom: { color: 'red' } }));
  await client.upsertUsers(list);
  return list.map((u) => u.id);
}

/** A fresh channel; the first member made it. */
async function room(...members) {
  const channel = chat.channel('messaging', id('room'));
  await channel.getOrCreate({ data: { created_by_id: members[0], custom: { name: 'Room' }, members: members.map((user_id) => ({ user_id, custom: { seat: user_id } })) } });
  return channel;
}

const send = async (channel, user_id, message) => (await channel.sendMessage({ message: { user_id, ...message } })).message;

test('users', async () => {
  const ann = id('ann');
  const { users: made } = await client.upsertUsers([{ id: ann, name: 'Ann', role: 'admin', custom: { color: 'red', deep: { custom: [1] } } }]);
  assert.equal(made[ann].name, 'Ann');
  assert.deepEqual(made[ann].custom, { color: 'red', deep: { custom: [1] } });
  recent(made[ann].created_at);
  const { users: changed } = await client.updateUsersPartial({ users: [{ id: ann, set: { color: 'blue' }, unset: ['deep'] }] });
  assert.deepEqual(changed[ann].custom, { color: 'blue' });
  const { users: found } = await client.queryUsers({ payload: { filter_conditions: { id: ann, color: 'blue' } } });
  assert.deepEqual(found.map((u) => u.custom), [{ color: 'blue' }]);
  recent(found[0].updated_at);
});

test('channels', async () => {
  const [ann, bob] = await users('ann', 'bob');
  const channel = await room(ann);
  const since = new Date();
  await channel.update({ add_members: [{ user_id: bob, custom: { seat: 2 } }], data: { custom: { name: 'Hall', floor: 3 } } });
  const { channels } = await chat.queryChannels({ filter_conditions: { cid: channel.cid }, sort: [{ field: 'created_at', direction: -1 }] });
  assert.deepEqual(channels[0].channel.custom, { name: 'Hall', floor: 3 });
  recent(channels[0].channel.created_at);
  assert.ok(channels[0].channel.updated_at >= since - 60_000);
  const member = channels[0].members.find((m) => m.user_id === bob);
  assert.deepEqual(member.custom, { seat: 2 });
  assert.deepEqual(member.user.custom, { color: 'red' });
  recent(member.created_at);
  await channel.updateChannelPartial({ set: { floor: 4 }, unset: ['name'] });
  const { channel: got } = await channel.getOrCreate();
  assert.deepEqual(got.custom, { floor: 4 });
  await channel.updateMemberPartial({ user_id: bob, set: { seat: 5 } });
  const { members } = await channel.queryMembers({ payload: { filter_conditions: { seat: 5 } } });
  assert.deepEqual(members.map((m) => m.user_id), [bob]);
  await channel.hide({ user_id: bob, clear_history: true });
  await channel.show({ user_id: bob });
  await channel.truncate({ user_id: ann });
  const { channel: gone } = await channel.delete();
  recent(gone.deleted_at);
});

test('messages, reactions and threads', async () => {
  const [ann, bob] = await users('ann', 'bob');
  const channel = await room(ann, bob);
  const pin_expires = new Date(Date.now() + 60_000);
  const parent = await send(channel, ann, {
    text: 'parent', pinned: true, pin_expires, custom: { mood: 'good' }, attachments: [{ type: 'file', title: 'a', custom: { size: 7 } }],
  });
  assert.deepEqual(parent.custom, { mood: 'good' });
  assert.deepEqual(parent.attachments, [{ type: 'file', title: 'a', custom: { size: 7 } }]);
  recent(parent.created_at);
  assert.ok(Math.abs(parent.pin_expires - pin_expires) <= 1); // JavaScript's numbers do not hold all nanoseconds
  const reply = await send(channel, bob, { text: 'reply', parent_id: parent.id, mentioned_users: [ann], quoted_message_id: parent.id });
  assert.deepEqual(reply.quoted_message.custom, { mood: 'good' });
  const { reaction } = await chat.sendReaction({ id: parent.id, reaction: { type: 'like', user_id: bob, custom: { via: 'phone' } } });
  assert.deepEqual(reaction.custom, { via: 'phone' });
  const { message } = await chat.updateMessagePartial({ id: parent.id, user_id: ann, set: { mood: 'better' } });
  assert.deepEqual(message.custom, { mood: 'better' });
  assert.equal(message.reaction_groups.like.count, 1);
  recent(message.reaction_groups.like.first_reaction_at);
  const { messages } = await chat.getReplies({ parent_id: parent.id });
  assert.deepEqual(messages.map((m) => m.id), [reply.id]);
  const { threads } = await chat.queryThreads({ user_id: ann });
  assert.equal(threads[0].created_by_user_id, bob);
  recent(threads[0].last_message_at);
  const { results } = await chat.search({ payload: { filter_conditions: { cid: channel.cid }, query: 'reply' } });
  assert.deepEqual(results.map((r) => r.message.id), [reply.id]);
  await channel.markRead({ user_id: ann });
  const { total_unread_count } = await chat.unreadCounts({ user_id: bob });
  assert.equal(total_unread_count, 1);
  const { message: deleted } = await chat.deleteMessage({ id: reply.id });
  recent(deleted.deleted_at);
});

test('polls', async () => {
  const [ann, bob] = await users('ann', 'bob');
  const type = id('polls');
  await chat.createChannelType({ name: type, automod: 'disabled', automod_behavior: 'flag', max_message_length: 5000, polls: true, replies: true, reactions: true });
  const channel = chat.channel(type, id('room'));
  await channel.getOrCreate({ data: { created_by_id: ann, members: [{ user_id: ann }, { user_id: bob }] } });
  const { poll } = await client.createPoll({ name: 'Lunch?', user_id: ann, custom: { a: 1 }, options: [{ text: 'yes', custom: { c: 3 } }, { text: 'no' }] });
  assert.deepEqual(poll.options[0].custom, { c: 3 });
  assert.deepEqual(poll.custom, { a: 1 });
  recent(poll.created_at);
  const message = await send(channel, ann, { text: '', poll_id: poll.id });
  const { vote } = await chat.castPollVote({ message_id: message.id, poll_id: poll.id, user_id: bob, vote: { option_id: poll.options[0].id } });
  assert.equal(vote.user_id, bob);
  recent(vote.created_at);
  const { poll: now } = await client.getPoll({ poll_id: poll.id });
  assert.equal(now.vote_counts_by_option[poll.options[0].id], 1);
  assert.equal(now.latest_votes_by_option[poll.options[0].id][0].user.custom.color, 'red');
});

test('files and images', async () => {
  const [ann] = await users('ann');
  const channel = await room(ann);
  const content = new File([new Blob(['hello'])], 'hello.txt', { type: 'text/plain' });
  const { file } = await channel.uploadChannelFile({ file: content, user: JSON.stringify({ id: ann }) });
  assert.equal(await (await fetch(file)).text(), 'hello');
  await channel.deleteChannelFile({ url: file });
  assert.equal((await fetch(file)).status, 404);
});

test('the app and its types', async () => {
  const { app } = await client.getApp();
  assert.ok(app.channel_configs.messaging.created_at instanceof Date);
  const { channel_types } = await chat.listChannelTypes();
  assert.ok(channel_types.messaging.created_at instanceof Date);
});

test('devices', async () => {
  const [ann] = await users('ann');
  const name = id('provider');
  const { push_provider } = await client.upsertPushProvider({ push_provider: { type: 'xiaomi', name, xiaomi_package_name: 'p', xiaomi_app_secret: 's' } });
  recent(push_provider.created_at);
  const [phone, tablet] = [id('phone'), id('tablet')];
  await client.createDevice({ id: phone, push_provider: 'xiaomi', push_provider_name: name, user_id: ann });
  await client.createDevice({ id: tablet, push_provider: 'apn', user_id: ann, voip_token: true });
  const { devices } = await client.listDevices({ user_id: ann });
  assert.deepEqual(devices.map((d) => [d.id, d.push_provider_name, d.voip]), [[phone, name, undefined], [tablet, undefined, true]]);
  recent(devices[0].created_at);
  await client.deleteDevice({ id: phone, user_id: ann });
  assert.equal((await refusal(() => client.deleteDevice({ id: phone, user_id: ann }))).code, 16);
  await client.deletePushProvider({ type: 'xiaomi', name });
  assert.equal((await refusal(() => client.createDevice({ id: phone, push_provider: 'xiaomi', push_provider_name: name, user_id: ann }))).code, 4);
});

test('an event for a user', async () => {
  const [ann] = await users('ann');
  await chat.sendUserCustomEvent({ user_id: ann, event: { type: 'friendship', custom: { message: 'hello' } } });
});

test('refusals', async () => {
  const [ann] = await users('ann');
  const channel = await room(ann);
  const e = await refusal(() => send(channel, ann, { text: 'x'.repeat(6000) }));
  assert.equal(e.code, 20);
  assert.equal(e.metadata.responseCode, 400);
  assert.match((await refusal(() => send(channel, ann, { custom: { id: 'x' } }))).message, /message\.custom\.id is a reserved field/);
  assert.equal((await refusal(() => chat.getMessage({ id: id('none') }))).code, 16);
  assert.equal((await refusal(() => new StreamClient(key, 'wrong'.repeat(12), { basePath }).getApp())).code, 43);
});
