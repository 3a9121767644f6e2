// Translations, by the built-in dictionary of the server under test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, people, refusal, room, server } from './kit.js';

test('a message is translated', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [mine, theirs] = await room([ann, bob]);
  const { message } = await mine.sendMessage({ text: 'test message' });
  const seen = event(theirs, 'message.updated');
  const translated = await bob.translateMessage(message.id, 'es');
  assert.deepEqual(translated.message.i18n, { language: 'en', en_text: 'test message', es_text: 'mensaje de prueba' });
  assert.equal((await seen).message.i18n.es_text, 'mensaje de prueba');
  assert.equal(theirs.state.messages.at(-1).i18n.es_text, 'mensaje de prueba');
  assert.equal((await server.translateMessage(message.id, 'hu')).message.i18n.es_text, 'mensaje de prueba');
  const refused = await refusal(() => ann.translateMessage(message.id, 'klingon'));
  assert.equal(refused.code, 4);
  assert.match(refused.message, /language must be one of \[af sq am /);
});

test('a text is translated', async () => {
  const [ann] = await people('ann');
  const { translated_text: text, language } = await ann.translate('hi', 'hu', 'en');
  assert.deepEqual([text, language], ['szia', 'hu']);
});

test('messages of a channel are translated by themselves', async () => {
  const [ann, bob] = await people('ann', 'bob');
  await server.upsertUsers([{ id: ann.userID, language: 'en' }, { id: bob.userID, language: 'de' }]);
  const [mine, theirs] = await room([ann, bob]);
  assert.equal((await refusal(() => mine.update({ auto_translation_enabled: true }))).code, 5);
  await server.channel(mine.type, mine.id).update({ auto_translation_enabled: true });
  const seen = event(theirs, 'message.new');
  const { message } = await mine.sendMessage({ text: 'hello' });
  assert.deepEqual(message.i18n, { language: 'en', en_text: 'hello', de_text: 'hallo' });
  assert.deepEqual((await seen).message.i18n, message.i18n);
  const edited = await ann.updateMessage({ ...message, text: 'thank you' });
  assert.equal(edited.message.i18n.de_text, 'danke');
});
