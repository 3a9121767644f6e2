import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, id, login, people, record, refusal, room, server, settled } from './kit.js';

test('creating a channel tells its members', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const added = event(bob, 'notification.added_to_channel');
  const channel = ann.channel('messaging', id('room'), { members: [ann.userID, bob.userID], name: 'Room', rank: 7 });
  const state = await channel.create();
  assert.equal(state.channel.created_by.id, ann.userID);
  assert.equal(state.channel.member_count, 2);
  assert.equal(state.channel.rank, 7);
  assert.equal(state.channel.config.name, 'messaging');
  assert.equal(state.membership.channel_role, 'channel_member');
  const e = await added;
  assert.equal(e.channel.cid, channel.cid);
  assert.equal(e.member.user_id, bob.userID);
});

test('own capabilities of an ordinary member and creator', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann]);
  for (const c of ['send-message', 'read-events', 'update-own-message', 'delete-own-message', 'send-reaction', 'pin-message', 'upload-file', 'quote-message', 'send-reply', 'typing-events', 'update-channel', 'delete-channel', 'join-channel', 'leave-channel']) {
    assert.ok(mine.data.own_capabilities.includes(c), `${c} is missing`);
  }
  assert.ok(!mine.data.own_capabilities.includes('delete-any-message'));
  assert.deepEqual(mine.data.own_capabilities, [...mine.data.own_capabilities].sort());
});

test('distinct channels are one for the same people', async () => {
  const [ann, bob, cat] = await people('ann', 'bob', 'cat');
  const one = ann.channel('messaging', { members: [ann.userID, bob.userID] });
  await one.create();
  const two = bob.channel('messaging', { members: [bob.userID, ann.userID] });
  await two.create();
  assert.equal(one.cid, two.cid);
  assert.match(one.id, /^!members-[\w-]{43}$/);
  const e = await refusal(() => one.addMembers([cat.userID]));
  assert.equal(e.code, 17);
  assert.match(e.message, /distinct/);
});

test('strangers may not read a messaging channel', async () => {
  const [ann, eve] = await people('ann', 'eve');
  const [mine] = await room([ann]);
  assert.equal((await refusal(() => eve.channel('messaging', mine.id).watch())).code, 17);
  const { message } = await mine.sendMessage({ text: 'secret' });
  assert.equal((await refusal(() => eve.getMessage(message.id))).code, 17);
  assert.equal((await refusal(() => eve.channel('messaging', mine.id).sendMessage({ text: 'hi' }))).code, 17);
  assert.equal((await refusal(() => eve.queryChannels({ cid: mine.cid }))).code, 70);
});

test('updating a channel', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob], { name: 'Old', color: 'red' });
  let seen = event(theirs, 'channel.updated');
  await mine.update({ name: 'New' }, { text: `${ann.userID} renamed the channel` });
  let e = await seen;
  assert.equal(e.channel.name, 'New');
  assert.equal(e.channel.color, undefined);
  assert.equal(e.message.type, 'system');
  seen = event(theirs, 'channel.updated');
  await mine.updatePartial({ set: { color: 'blue', 'detail.depth': 1 }, unset: ['name'] });
  e = await seen;
  assert.equal(e.channel.color, 'blue');
  assert.equal(e.channel.detail.depth, 1);
  assert.equal(e.channel.name, undefined);
  assert.equal((await refusal(() => theirs.update({ name: 'Bob was here' }))).code, 17);
  assert.equal((await refusal(() => mine.updatePartial({ set: { team: 'red' } }))).code, 17);
});

test('members come and go', async () => {
  const [ann, bob, cat] = await people('ann', 'bob', 'cat');
  const [mine, theirs] = await room([ann, bob]);
  const added = event(theirs, 'member.added');
  const told = event(cat, 'notification.added_to_channel');
  await mine.addMembers([{ user_id: cat.userID, nick: 'kitty' }], { text: 'welcome' });
  assert.equal((await added).member.nick, 'kitty');
  assert.equal((await told).channel.cid, mine.cid);
  const watching = event(mine, 'user.watching.start');
  await cat.channel('messaging', mine.id).watch();
  const w = await watching;
  assert.equal(w.user.id, cat.userID);
  assert.equal(w.watcher_count, 3);
  const promoted = event(theirs, 'member.updated');
  await mine.addModerators([bob.userID]).catch(() => server.channel('messaging', mine.id).addModerators([bob.userID]));
  assert.equal((await promoted).member.channel_role, 'channel_moderator');
  const removed = event(theirs, 'member.removed');
  const out = event(cat, 'notification.removed_from_channel');
  await mine.removeMembers([cat.userID]);
  assert.equal((await removed).user.id, cat.userID);
  assert.equal((await out).channel.cid, mine.cid);
  const { members } = await mine.queryMembers({});
  assert.deepEqual(members.map((m) => m.user_id).sort(), [ann.userID, bob.userID].sort());
});

test('invites', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const channel = ann.channel('messaging', id('room'), { members: [ann.userID], invites: [bob.userID] });
  const invited = event(bob, 'notification.invited');
  await channel.create();
  assert.equal((await invited).channel.cid, channel.cid);
  assert.equal((await bob.queryChannels({ invite: 'pending' })).length, 1);
  const theirs = bob.channel('messaging', channel.id);
  const accepted = event(bob, 'notification.invite_accepted');
  await theirs.acceptInvite({ message: { text: `${bob.userID} joined` } });
  await accepted;
  await theirs.acceptInvite({});
  assert.equal((await bob.queryChannels({ invite: 'accepted' })).length, 1);
  const { members } = await channel.queryMembers({ user_id: bob.userID });
  assert.ok(members[0].invite_accepted_at);
  assert.equal((await refusal(() => bob.queryChannels({ invite: 'maybe' }))).code, 4);
});

test('declined invites', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const channel = ann.channel('messaging', id('room'), { members: [ann.userID] });
  await channel.create();
  const invited = event(bob, 'notification.invited');
  await channel.inviteMembers([bob.userID]);
  assert.ok((await invited).member.invited);
  const rejected = event(bob, 'notification.invite_rejected');
  const theirs = bob.channel('messaging', channel.id);
  await theirs.rejectInvite();
  assert.ok((await rejected).member.invite_rejected_at);
  assert.equal((await bob.queryChannels({ invite: 'rejected' })).length, 1);
  assert.equal((await bob.queryChannels({ invite: 'pending' })).length, 0);
  await theirs.acceptInvite();
  const { members } = await channel.queryMembers({ id: bob.userID });
  assert.ok(members[0].invite_accepted_at);
  const [stranger] = await people('stranger');
  assert.ok((await refusal(() => stranger.channel('messaging', channel.id).acceptInvite())).code);
});

test('members are filtered, sorted and paged', async () => {
  const [ann] = await people('ann');
  const tag = id('m');
  const ids = [1, 2, 3, 4, 5].map((n) => `${tag}-${n}`);
  await server.upsertUsers(ids.map((user, i) => ({ id: user, name: `${tag} ${'edcba'[i]}` })));
  const channel = ann.channel('messaging', id('room'), { members: [ann.userID, ...ids] });
  const state = await channel.watch({ members: { limit: 2 } });
  assert.equal(state.members.length, 2);
  assert.equal(state.channel.member_count, 6);
  const q = async (...args) => (await channel.queryMembers(...args)).members.map((m) => m.user_id);
  const name = { name: { $autocomplete: tag } };
  assert.deepEqual(await q(name, [{ user_id: 1 }], { limit: 2 }), ids.slice(0, 2));
  assert.deepEqual(await q(name, [{ user_id: 1 }], { limit: 2, offset: 2 }), ids.slice(2, 4));
  assert.deepEqual(await q(name, [{ user_id: 1 }], { limit: 2, offset: 4 }), ids.slice(4));
  assert.deepEqual(await q(name, [{ name: 1 }], { limit: 2 }), [ids[4], ids[3]]);
  assert.deepEqual(await q({ channel_role: 'channel_moderator' }), []);
  assert.equal((await refusal(() => q({}, {}, { limit: 301 }))).code, 4);
});

test('hiding and showing', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  await mine.sendMessage({ text: 'old' });
  const listed = async () => (await bob.queryChannels({ cid: mine.cid, members: { $in: [bob.userID] } })).length;
  const hidden = event(bob, 'channel.hidden');
  await theirs.hide(null, true);
  assert.equal((await hidden).clear_history, true);
  assert.equal(await listed(), 0);
  assert.equal((await bob.queryChannels({ hidden: true, members: { $in: [bob.userID] } })).length, 1);
  const visible = event(bob, 'channel.visible');
  await mine.sendMessage({ text: 'new' });
  await visible;
  assert.equal(await listed(), 1);
  const state = await bob.channel('messaging', mine.id).query({ messages: { limit: 10 } });
  assert.deepEqual(state.messages.map((m) => m.text), ['new']);
  await theirs.hide();
  await theirs.show();
  assert.equal(await listed(), 1);
});

test('truncating and deleting', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const elsewhere = await login(bob.userID);
  const [mine, theirs] = await room([ann, bob]);
  await mine.sendMessage({ text: 'old' });
  let seen = event(theirs, 'channel.truncated');
  await mine.truncate({ message: { text: 'swept' } });
  assert.equal((await seen).message.text, 'swept');
  const state = await theirs.query({ messages: { limit: 10 } });
  assert.deepEqual(state.messages.map((m) => [m.text, m.type]), [['swept', 'system']]);
  assert.equal((await bob.getUnreadCount(bob.userID)).total_unread_count, 0);
  seen = event(theirs, 'channel.deleted');
  const note = event(elsewhere, 'notification.channel_deleted');
  await mine.delete();
  assert.equal((await seen).channel.cid, mine.cid);
  await note;
  assert.equal((await refusal(() => bob.channel('messaging', mine.id).sendMessage({ text: 'anyone?' }))).code, 16);
});

test('frozen channels and slow mode', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  await server.channel('messaging', mine.id).updatePartial({ set: { frozen: true } });
  const frozen = await theirs.sendMessage({ text: 'brr' });
  assert.equal(frozen.message.type, 'error');
  assert.match(frozen.message.text, /frozen/);
  await server.channel('messaging', mine.id).updatePartial({ set: { frozen: false } });
  await server.channel('messaging', mine.id).enableSlowMode(60);
  await theirs.sendMessage({ text: 'first' });
  assert.equal((await refusal(() => theirs.sendMessage({ text: 'second' }))).code, 60);
});

test('watchers start and stop', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  assert.equal((await mine.query({ watch: true })).watcher_count, 2);
  const stopped = event(mine, 'user.watching.stop');
  await theirs.stopWatching();
  const e = await stopped;
  assert.equal(e.user.id, bob.userID);
  assert.equal(e.watcher_count, 1);
  const missed = record(bob, 'message.new');
  const note = event(bob, 'notification.message_new');
  await mine.sendMessage({ text: 'x' });
  await note;
  await settled(bob);
  assert.deepEqual(missed(), []);
});

test('pinning, archiving and member data', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const pinned = await mine.pin();
  assert.ok(pinned.pinned_at);
  const filter = { cid: { $in: [mine.cid] }, members: { $in: [ann.userID] } };
  assert.equal((await ann.queryChannels({ ...filter, pinned: true })).length, 1);
  assert.equal((await bob.queryChannels({ cid: mine.cid, members: { $in: [bob.userID] }, pinned: true })).length, 0);
  await mine.unpin();
  assert.ok((await mine.archive()).archived_at);
  assert.equal((await ann.queryChannels({ ...filter, archived: true })).length, 1);
  await mine.unarchive();
  const seen = event(theirs, 'member.updated', (e) => e.member.hat);
  await mine.updateMemberPartial({ set: { hat: 'blue' } });
  assert.equal((await seen).member.hat, 'blue');
});
