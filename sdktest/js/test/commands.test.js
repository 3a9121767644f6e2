import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { event, id, people, record, refusal, room, server, settled } from './kit.js';

let ann;
let bob;
let mine;
let his;
const type = id('type'); // a channel type of this test's own
const name = id('ticket');
const calls = [];
let reply = {};
let hook;

before(async () => {
  hook = createServer((req, res) => {
    let body = '';
    req.on('data', (part) => (body += part));
    req.on('end', () => {
      calls.push({ url: req.url, verified: server.verifyWebhook(body, req.headers['x-signature']), body: JSON.parse(body) });
      res.end(JSON.stringify(reply));
    });
  });
  await new Promise((done) => hook.listen(0, '127.0.0.1', done));
  await server.createCommand({ name, description: 'Create a ticket', args: '[what]', set: `${name}_set` });
  await server.createChannelType({ name: type, commands: ['fun_set', name] });
  await server.updateAppSettings({ custom_action_handler_url: `http://127.0.0.1:${hook.address().port}/?type={type}` });
  [ann, bob] = await people('ann', 'bob');
  [mine, his] = await room([ann, bob], {}, type);
});

after(() => hook.close());

test('commands are defined, changed and listed', async () => {
  const own = id('own');
  const { command } = await server.createCommand({ name: own, description: 'first' });
  assert.equal(command.name, own);
  assert.equal(command.set, '');
  assert.ok(command.created_at);
  assert.equal((await server.updateCommand(own, { description: 'second', args: '[x]' })).command.description, 'second');
  const got = await server.getCommand(own);
  assert.deepEqual([got.name, got.description, got.args], [own, 'second', '[x]']);
  const { commands } = await server.listCommands();
  assert.ok(commands.some((c) => c.name === own && c.description === 'second'));
  assert.ok(commands.some((c) => c.name === 'giphy'));
  assert.equal((await server.deleteCommand(own)).name, own);
  const missing = await refusal(() => server.getCommand(own));
  assert.deepEqual([missing.code, missing.status], [16, 404]);
  assert.equal((await refusal(() => server.createCommand({ name: 'giphy', description: 'x' }))).code, 4);
  assert.equal((await refusal(() => server.deleteCommand(name))).code, 4); // in use
});

test('a channel tells its commands', () => {
  assert.deepEqual(mine.getConfig().commands.map((c) => [c.name, c.args]), [['giphy', '[text]'], [name, '[what]']]);
});

test('a picture is shown, shuffled and sent', async () => {
  const told = record(bob, 'message.new');
  const { message } = await mine.sendMessage({ text: '/giphy wave' });
  assert.equal(message.type, 'ephemeral');
  assert.equal(message.command, 'giphy');
  assert.equal(message.args, 'wave');
  assert.equal(message.command_info.name, 'Giphy');
  const [attachment] = message.attachments;
  assert.equal(attachment.type, 'giphy');
  assert.deepEqual(attachment.actions.map((a) => a.value), ['send', 'shuffle', 'cancel']);
  const res = await fetch(attachment.giphy.fixed_height.url);
  assert.equal(res.headers.get('content-type'), 'image/gif');
  assert.match(Buffer.from(await res.arrayBuffer()).toString('latin1'), /^GIF89a/);
  const shuffled = await mine.sendAction(message.id, { image_action: 'shuffle' });
  assert.equal(shuffled.message.id, message.id);
  assert.equal(shuffled.message.type, 'ephemeral');
  assert.notEqual(shuffled.message.attachments[0].thumb_url, attachment.thumb_url);
  await settled(bob);
  assert.deepEqual(told(), []);
  const came = [ann, bob].map((c) => event(c, 'message.new', (e) => e.message.id === message.id));
  const sent = await mine.sendAction(message.id, { image_action: 'send' });
  assert.equal(sent.message.id, message.id);
  assert.equal(sent.message.type, 'regular');
  for (const e of await Promise.all(came)) assert.equal(e.message.attachments[0].actions, undefined);
  assert.equal(his.state.messages.at(-1).id, message.id);
  assert.equal(mine.state.messages.filter((m) => m.id === message.id).length, 1);
});

test('a picture is thrown away', async () => {
  const { message } = await mine.sendMessage({ text: '/giphy' });
  assert.equal((await mine.sendAction(message.id, { image_action: 'cancel' })).message, null);
  assert.equal((await refusal(() => mine.sendAction(message.id, { image_action: 'send' }))).code, 16);
  assert.equal((await refusal(() => ann.getMessage(message.id))).code, 16);
});

test('a command of the app is handled by the app', async () => {
  reply = { message: { text: 'Ticket #85736 has been created' } };
  calls.length = 0;
  const came = event(bob, 'message.new', (e) => e.message.command === name);
  const { message } = await mine.sendMessage({ text: `/${name} suspicious transaction` });
  assert.equal(message.text, 'Ticket #85736 has been created');
  assert.equal(message.args, 'suspicious transaction');
  assert.equal((await came).message.text, message.text);
  assert.equal(calls.length, 1);
  const [{ url, verified, body }] = calls;
  assert.ok(verified);
  assert.equal(url, `/?type=${name}`);
  assert.deepEqual([body.message.id, body.message.command, body.message.text, body.user.id], [message.id, name, `/${name} suspicious transaction`, ann.userID]);
});

test('a command of the app asks back', async () => {
  reply = { message: { text: 'Sure?', attachments: [{ type: 'text', actions: [{ name: 'action', text: 'Yes', style: 'primary', type: 'button', value: 'submit' }] }] } };
  const { message } = await mine.sendMessage({ text: `/${name} x` });
  assert.equal(message.type, 'ephemeral');
  reply = { message: { text: 'Done', attachments: [] } };
  calls.length = 0;
  const came = event(bob, 'message.new', (e) => e.message.id === message.id);
  const sent = await mine.sendAction(message.id, { action: 'submit' });
  assert.deepEqual([sent.message.type, sent.message.text], ['regular', 'Done']);
  await came;
  assert.deepEqual(calls[0].body.form_data, { action: 'submit' });
  reply = { message: { type: 'error', text: 'invalid arguments' } };
  const refused = await mine.sendMessage({ text: `/${name} y` });
  assert.deepEqual([refused.message.type, refused.message.text], ['error', 'invalid arguments']);
});
