import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { LiveLocationManager } from 'stream-chat';
import { event, id, people, refusal, room, server } from './kit.js';

const type = id('places');
before(async () => {
  await server.createChannelType({ name: type, shared_locations: true });
});

const hour = () => new Date(Date.now() + 3_600_000).toISOString();

test('a place is sent', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, his] = await room([ann, bob], {}, type);
  assert.ok(mine.data.own_capabilities.includes('share-location'));
  const told = event(his, 'message.new');
  const messageID = id('place');
  const { message } = await mine.sendSharedLocation({ message_id: messageID, latitude: 52.37, longitude: 4.9, created_by_device_id: 'phone' });
  assert.equal(message.id, messageID);
  assert.equal(message.shared_location.message_id, messageID);
  assert.equal((await told).message.shared_location.latitude, 52.37);
  assert.equal((await refusal(() => mine.sendSharedLocation({ message_id: id('x'), latitude: 91, longitude: 0, created_by_device_id: 'd' }))).code, 4);
  const [plain] = await room([ann]);
  assert.equal((await refusal(() => plain.sendSharedLocation({ message_id: id('x'), latitude: 0, longitude: 0, created_by_device_id: 'd' }))).code, 19);
});

test("the SDK's manager keeps a live location up to date", async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, his] = await room([ann, bob], {}, type);
  let move;
  const manager = new LiveLocationManager({
    client: ann,
    getDeviceId: () => 'phone',
    watchLocation: (handler) => {
      move = handler;
      return () => {
        move = undefined;
      };
    },
  });
  await manager.init();
  assert.equal(manager.messages.size, 0);
  const { message } = await mine.sendSharedLocation({ message_id: id('live'), latitude: 1, longitude: 2, end_at: hour(), created_by_device_id: 'phone' });
  assert.equal(manager.messages.size, 1);
  let told = event(his, 'message.updated');
  move({ latitude: 3, longitude: 4 });
  let e = await told;
  assert.equal(e.message.shared_location.latitude, 3);
  assert.equal(e.message.shared_location.longitude, 4);
  const { active_live_locations: active } = await ann.getSharedLocations();
  assert.deepEqual(active.map((l) => [l.message_id, l.latitude]), [[message.id, 3]]);
  const state = await bob.channel(type, his.id).query({ state: true });
  assert.equal(state.active_live_locations[0].message_id, message.id);

  told = event(his, 'message.updated');
  await mine.stopLiveLocationSharing({ message_id: message.id, created_by_device_id: 'phone' });
  e = await told;
  assert.ok(new Date(e.message.shared_location.end_at) <= new Date());
  assert.equal(manager.messages.size, 0);
  assert.deepEqual((await ann.getSharedLocations()).active_live_locations, []);
  assert.equal((await refusal(() => bob.updateLocation({ message_id: message.id, latitude: 1 }))).code, 17);
  manager.unregisterSubscriptions();
});

test('a live location ends with its message', async () => {
  const [ann] = await people('ann');
  const [mine] = await room([ann], {}, type);
  const { message } = await mine.sendSharedLocation({ message_id: id('live'), latitude: 1, longitude: 2, end_at: hour(), created_by_device_id: 'phone' });
  assert.equal((await ann.getSharedLocations()).active_live_locations.length, 1);
  await ann.deleteMessage(message.id);
  assert.deepEqual((await ann.getSharedLocations()).active_live_locations, []);
  assert.equal((await refusal(() => ann.updateLocation({ message_id: message.id, latitude: 1 }))).code, 4);
});

test('who has left can end what he shares', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [his, hers] = await room([bob, ann], {}, type);
  const { message } = await hers.sendSharedLocation({ message_id: id('live'), latitude: 1, longitude: 2, end_at: hour(), created_by_device_id: 'phone' });
  const out = Promise.all(['notification.removed_from_channel', 'channel.updated'].map((type) => event(ann, type)));
  await his.removeMembers([ann.userID]);
  await out; // the SDK has given its channel up
  assert.equal((await refusal(() => ann.updateLocation({ message_id: message.id, latitude: 3, created_by_device_id: 'phone' }))).code, 17);
  const told = event(his, 'message.updated', (e) => e.message.id === message.id);
  await ann.channel(type, his.id).stopLiveLocationSharing({ message_id: message.id, created_by_device_id: 'phone' });
  assert.equal((await told).message.shared_location.latitude, 1);
  assert.deepEqual((await ann.getSharedLocations()).active_live_locations, []);
});
