// User groups: the server side makes them, users find and read them, and messages
// mention them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, people, refusal, room, server } from './kit.js';

test('user groups are made, found, changed and removed', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const name = `Designers ${ann.userID}`;
  const { user_group: made } = await server.createUserGroup({ name, description: 'They draw', member_ids: [ann.userID] });
  assert.equal(made.name, name);
  assert.deepEqual(made.members.map((m) => [m.user_id, m.is_admin]), [[ann.userID, false]]);
  assert.equal((await bob.getUserGroup(made.id)).user_group.description, 'They draw');
  const found = await bob.searchUserGroups({ query: name.toLowerCase(), limit: 10 });
  assert.deepEqual(found.user_groups.map((g) => g.id), [made.id]);
  const listed = await server.queryUserGroups({ limit: 100, id_gt: made.id, created_at_gt: made.created_at });
  assert.ok(!listed.user_groups.some((g) => g.id === made.id));

  const added = event(bob, 'user_group.member_added');
  const more = await server.addUserGroupMembers(made.id, { member_ids: [bob.userID], as_admin: true });
  assert.equal(more.user_group.members.length, 2);
  assert.deepEqual((await added).members, [bob.userID]);
  const less = await server.removeUserGroupMembers(made.id, { member_ids: [ann.userID] });
  assert.deepEqual(less.user_group.members.map((m) => [m.user_id, m.is_admin]), [[bob.userID, true]]);
  assert.equal((await server.updateUserGroup(made.id, { name: 'Others' })).user_group.name, 'Others');
  assert.equal((await refusal(() => ann.createUserGroup({ name: 'x' }))).code, 17);
  await server.deleteUserGroup(made.id);
  assert.equal((await refusal(() => server.getUserGroup(made.id))).code, 16);
});

test('a message mentions a user group', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { user_group: group } = await server.createUserGroup({ name: `All ${ann.userID}`, member_ids: [bob.userID] });
  const channel = server.channel(mine.type, mine.id);
  const seen = event(theirs, 'message.new');
  const { message } = await channel.sendMessage({ text: '@all', user_id: ann.userID, mentioned_group_ids: [group.id] });
  assert.deepEqual(message.mentioned_groups.map((g) => g.name), [group.name]);
  assert.equal((await seen).message.mentioned_groups[0].id, group.id);
  const { code } = await refusal(() => channel.sendMessage({ text: 'x', user_id: ann.userID, mentioned_group_ids: ['nope'] }));
  assert.equal(code, 4);
  await server.deleteUserGroup(group.id);
});
