import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, id, login, logout, people, refusal, server } from './kit.js';

const ids = ({ devices }) => devices.map((d) => d.id);

test('a user has devices for push', async () => {
  const [ann, bob] = await people('ann', 'bob');
  assert.deepEqual((await ann.getDevices()).devices, []);
  const [phone, tablet] = [id('phone'), id('tablet')];
  await ann.addDevice(phone, 'firebase');
  await ann.addDevice(tablet, 'apn', ann.userID);
  await ann.addDevice(phone, 'firebase'); // as at each start of an app
  const { devices } = await ann.getDevices();
  assert.deepEqual(
    devices.map((d) => [d.id, d.push_provider, d.user_id, d.disabled]),
    [[phone, 'firebase', ann.userID, undefined], [tablet, 'apn', ann.userID, undefined]],
  );
  assert.ok(Date.parse(devices[0].created_at) <= Date.parse(devices[1].created_at));

  assert.equal((await refusal(() => bob.removeDevice(phone))).code, 16);
  assert.equal((await refusal(() => ann.addDevice(id('x'), 'pigeon'))).code, 4);
  assert.equal((await refusal(() => ann.addDevice(id('x'), 'apn', undefined, 'no-such-provider'))).code, 4);
  await bob.addDevice(phone, 'firebase'); // who is its user now
  assert.deepEqual(ids(await ann.getDevices()), [tablet]);
  assert.deepEqual(ids(await bob.getDevices()), [phone]);
  await ann.removeDevice(tablet);
  assert.deepEqual(ids(await ann.getDevices()), []);
  assert.equal((await refusal(() => ann.removeDevice(tablet))).code, 16);
});

test('the device of a connection is registered as it opens', async () => {
  const ann = id('ann');
  const phone = id('phone');
  const c = client();
  c.setLocalDevice({ id: phone, push_provider: 'huawei' });
  const hello = await c.connectUser({ id: ann }, server.createToken(ann));
  assert.deepEqual(hello.me.devices.map((d) => [d.id, d.push_provider]), [[phone, 'huawei']]);
  assert.deepEqual(c.user.devices.map((d) => d.id), [phone]);
  assert.throws(() => c.setLocalDevice({ id: phone, push_provider: 'apn' }));
  await logout(c);
  const again = await login(ann);
  assert.deepEqual(again.user.devices.map((d) => d.id), [phone]);
  await again.removeDevice(phone);

  const bad = client();
  bad.setLocalDevice({ id: phone, push_provider: 'pigeon' });
  assert.match((await refusal(() => bad.connectUser({ id: ann }, server.createToken(ann)))).message, /push_provider/);
});

test('the server side keeps the devices of users', async () => {
  const [ann] = await people('ann');
  const phone = id('phone');
  await server.addDevice(phone, 'xiaomi', ann.userID);
  assert.deepEqual(ids(await server.getDevices(ann.userID)), [phone]);
  const { users } = await server.queryUsers({ id: ann.userID });
  assert.deepEqual(users[0].devices.map((d) => d.id), [phone]);
  assert.equal((await refusal(() => server.addDevice(phone, 'xiaomi'))).code, 4);
  assert.equal((await refusal(() => server.getDevices())).code, 4);
  assert.equal((await refusal(() => server.addDevice(phone, 'xiaomi', id('nobody')))).code, 16);
  for (let i = 1; i <= 25; i += 1) await server.addDevice(`${phone}-${i}`, 'apn', ann.userID);
  const kept = ids(await ann.getDevices());
  assert.equal(kept.length, 25);
  assert.ok(!kept.includes(phone)); // the oldest gave way
  await server.removeDevice(`${phone}-1`, ann.userID);
  assert.equal((await ann.getDevices()).devices.length, 24);
});

test('a device names one of the push providers that the app has', async () => {
  const [ann] = await people('ann');
  const { userID } = ann;
  const name = id('staging');
  const provider = { type: 'huawei', name, huawei_app_id: 'app', huawei_app_secret: 'hidden', description: 'of testers' };
  assert.equal((await refusal(() => ann.upsertPushProvider(provider))).code, 17);
  const { push_provider: made } = await server.upsertPushProvider(provider);
  assert.deepEqual([made.type, made.name, made.description, made.huawei_app_secret], ['huawei', name, 'of testers', undefined]);
  assert.ok((await server.listPushProviders()).push_providers.some((p) => p.name === name));
  assert.ok((await server.getAppSettings()).app.push_notifications.providers.some((p) => p.name === name));

  const phone = id('phone');
  assert.equal((await refusal(() => ann.addDevice(phone, 'xiaomi', undefined, name))).code, 4);
  await ann.addDevice(phone, 'huawei', undefined, name);
  assert.equal((await ann.getDevices()).devices[0].push_provider_name, name);
  await logout(ann);
  const c = client();
  const tablet = id('tablet');
  c.setLocalDevice({ id: tablet, push_provider: 'huawei', push_provider_name: name });
  const hello = await c.connectUser({ id: userID }, server.createToken(userID));
  assert.deepEqual(hello.me.devices.map((d) => [d.id, d.push_provider_name]), [[phone, name], [tablet, name]]);
  await logout(c);

  await server.deletePushProvider({ type: 'huawei', name });
  assert.ok(!(await server.listPushProviders()).push_providers.some((p) => p.name === name));
  assert.deepEqual(ids(await server.getDevices(userID)), [phone, tablet]);
});
