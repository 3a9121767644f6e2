// What the tests share: clients of the SDK pointed at chatd, waiting for events.
// With STREAM_URL_2 set, every second of the people is connected to another node.
import { randomUUID } from 'node:crypto';
import { globalAgent } from 'node:http';
import { after } from 'node:test';
import { StreamChat } from 'stream-chat';

const key = process.env.STREAM_KEY;
const secret = process.env.STREAM_SECRET;
export const urls = [process.env.STREAM_URL, process.env.STREAM_URL_2].filter(Boolean);
if (process.env.STREAM_NODES && urls.length !== Math.min(2, process.env.STREAM_NODES)) throw new Error(`${urls.length} nodes of ${process.env.STREAM_NODES}`);
if (!key || !secret || urls.length === 0) throw new Error('STREAM_URL, STREAM_KEY and STREAM_SECRET must be set');

/** Options of a client of the node at base. Its last one keeps the SDK's advice about browsers quiet. */
export const options = (base) => ({ baseURL: base, timeout: 10_000, allowServerSideConnect: true });

/** A server-side client. */
export const server = new StreamChat(key, secret, options(urls[0]));

/** A fresh id, so tests never meet. */
export const id = (name) => `${name}-${randomUUID().slice(0, 8)}`;

// The SDK leaves timers of up to 25 s behind, which would hold up the end of every
// file. So none of them keeps the process alive; this one does, until the tests end.
const { setTimeout: start } = globalThis;
globalThis.setTimeout = Object.assign((...args) => start(...args).unref(), start);
const alive = setInterval(() => {}, 60_000);

const open = new Set();
after(async () => {
  await Promise.all([...open].map((c) => c.disconnectUser().catch(() => {})));
  globalAgent.destroy(); // connections that uploads used are kept otherwise
  clearInterval(alive);
});

let turn = 0;

/** A client that is not connected; node picks one of the nodes. */
export function client(node = turn++) {
  return new StreamChat(key, options(urls[node % urls.length]));
}

/** A connected client for a user. */
export async function login(userID, { node, user = {}, token } = {}) {
  const c = client(node);
  open.add(c);
  await c.connectUser({ id: userID, name: userID, ...user }, token ?? server.createToken(userID));
  return c;
}

/** Connected clients for fresh users with these names, the second on another node than the first. */
export function people(...names) {
  return Promise.all(names.map((n, i) => login(id(n), { node: i })));
}

/** Where a client's websocket leads. */
export const nodeOf = (c) => new URL(c.wsConnection.ws.url).host;

/** Ends a client's connection. */
export async function logout(c) {
  open.delete(c);
  await c.disconnectUser();
}

/** Waits for an event that matches on a client or channel. Call before causing it. */
export function event(emitter, type, match = () => true, ms = 8000) {
  return new Promise((resolve, reject) => {
    const seen = [];
    const { unsubscribe } = emitter.on((e) => {
      seen.push(e.type);
      if (e.type !== type || !match(e)) return;
      clearTimeout(timer);
      unsubscribe();
      resolve(e);
    });
    const timer = setTimeout(() => {
      unsubscribe();
      reject(new Error(`no ${type} within ${ms} ms; seen: ${seen.join(', ')}`));
    }, ms);
  });
}

/** Collects the events of some types until the returned function is called. */
export function record(emitter, ...types) {
  const got = [];
  const { unsubscribe } = emitter.on((e) => {
    if (types.includes(e.type)) got.push(e);
  });
  return () => {
    unsubscribe();
    return got;
  };
}

/** Waits until everything published for a user has reached his client. */
export async function settled(c) {
  const mark = id('mark');
  const seen = event(c, mark);
  await server.sendUserCustomEvent(c.userID, { type: mark });
  await seen;
}

/** A channel of these clients, watched by all of them; the first is its creator. */
export async function room(clients, data = {}, type = 'messaging') {
  const channelID = id('room');
  const channel = clients[0].channel(type, channelID, { members: clients.map((c) => c.userID), ...data });
  await channel.watch();
  const channels = [channel];
  for (const c of clients.slice(1)) {
    const other = c.channel(type, channelID);
    await other.watch();
    channels.push(other);
  }
  return channels;
}

/** Runs fn and returns the error it must throw. */
export async function refusal(fn) {
  try {
    await fn();
  } catch (e) {
    return e;
  }
  throw new Error('the call succeeded but must be refused');
}
