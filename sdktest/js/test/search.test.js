import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { id, people, refusal, room, server } from './kit.js';

let ann;
let mine;
const word = id('word').replace('-', '');

before(async () => {
  let bob;
  [ann, bob] = await people('ann', 'bob');
  let his;
  [mine, his] = await room([ann, bob]);
  await mine.sendMessage({ text: `${word} red`, color: 'red', rank: 1 });
  await his.sendMessage({ text: `the ${word} that is blue`, rank: 20, attachments: [{ type: 'image', image_url: 'http://x/y.png' }] });
  await mine.sendMessage({ text: `green ${word}`, rank: 3, mentioned_users: [bob.userID] });
});

const texts = ({ results }) => results.map((r) => r.message.text);
const members = () => ({ members: { $in: [ann.userID] } });

test('a channel is searched', async () => {
  const found = await mine.search(`${word} red`);
  assert.deepEqual(texts(found), [`${word} red`]);
  assert.equal(found.results[0].message.color, 'red');
  assert.equal(found.results[0].message.channel.cid, mine.cid);
  assert.equal(found.next, undefined);
  assert.deepEqual(texts(await mine.search({ text: { $autocomplete: 'gre' } })), [`green ${word}`]);
  assert.deepEqual(texts(await mine.search({ 'attachments.type': { $in: ['image'] } })), [`the ${word} that is blue`]);
  assert.deepEqual(texts(await mine.search({ color: 'red' })), [`${word} red`]);
});

test('the most relevant is found first', async () => {
  const [eva] = await people('eva');
  const [hers] = await room([eva]);
  const what = id('what').replace('-', '');
  for (const text of [`much is said before ${what} comes and much more after it`, `${what}, ${what} and ${what}`, 'nothing of the kind']) await hers.sendMessage({ text });
  const first = await hers.search(what, { limit: 1 });
  assert.deepEqual(texts(first), [`${what}, ${what} and ${what}`]);
  assert.equal(first.previous, undefined);
  const second = await hers.search(what, { limit: 1, next: first.next });
  assert.deepEqual(texts(second), [`much is said before ${what} comes and much more after it`]);
  assert.deepEqual(texts(await hers.search(what, { limit: 1, next: second.previous })), texts(first));
});

test('all channels are searched, page by page', async () => {
  const sort = { rank: -1 };
  const first = await ann.search(members(), word, { sort, limit: 2 });
  assert.deepEqual(texts(first), [`the ${word} that is blue`, `green ${word}`]);
  const second = await ann.search(members(), word, { sort, limit: 2, next: first.next });
  assert.deepEqual(texts(second), [`${word} red`]);
  assert.equal(second.next, undefined);
  const back = await ann.search(members(), word, { sort, limit: 2, next: second.previous });
  assert.deepEqual(texts(back), texts(first));
  assert.equal((await ann.search(members(), word, { limit: 1, offset: 1 })).results.length, 1);
  assert.deepEqual(texts(await ann.search(members(), { text: word, type: 'regular' }, { sort: { created_at: -1 } })),
    [`green ${word}`, `the ${word} that is blue`, `${word} red`]);
  assert.equal((await server.search({ cid: mine.cid }, word)).results.length, 3);
});

test('bad searches are refused', async () => {
  assert.match((await refusal(() => ann.search(members(), word, { offset: 1, sort: { created_at: -1 } }))).message, /cannot use offset with next or sort parameters/);
  assert.match((await refusal(() => ann.search(members(), { color: { $q: 'red' } }))).message, /search is not enabled for field messages.color./);
  assert.equal((await refusal(() => ann.search({}, word))).code, 4);
  assert.equal((await refusal(() => ann.search(members(), '?!'))).code, 4);
});

test('a search in too many channels says so', async () => {
  const type = id('many');
  await server.createChannelType({ name: type });
  const [eva] = await people('eva');
  for (let made = 0; made < 520; made += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, i) => server.channel(type, `c${made + i}`, { created_by_id: eva.userID }).create()));
  }
  const { results, results_warning: warning } = await server.search({ type }, 'anything');
  assert.deepEqual(results, []);
  assert.deepEqual([warning.warning_code, warning.channel_search_count, warning.channel_search_cids.length], [1, 500, 500]);
  assert.ok(warning.warning_description);
  assert.equal((await server.search({ type, id: { $in: ['c1', 'c2'] } }, 'anything')).results_warning, undefined);
});
