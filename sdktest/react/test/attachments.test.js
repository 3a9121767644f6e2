import assert from 'node:assert/strict';
import { test } from 'node:test';
import { people, room } from './kit.js';

test('an image is uploaded and seen', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const [ann, bob] = await people(t, 'garden', ids);
  const image = await ann.page.screenshot();
  await ann.main.getByTestId('file-input').setInputFiles({ name: 'bed.png', mimeType: 'image/png', buffer: image });
  await ann.main.getByTestId('attachment-preview-media').waitFor();
  await ann.says('my bed');
  for (const p of [ann, bob]) {
    const shown = p.message('my bed').locator('img.str-chat__base-image');
    await shown.evaluate((img) => img.decode());
    assert.equal(await shown.evaluate((img) => (img.naturalWidth / img.naturalHeight).toFixed(1)), '1.6'); // it may be asked for smaller
  }
});

test('a file is uploaded and can be fetched', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const [ann, bob] = await people(t, 'garden', ids);
  await ann.main.getByTestId('file-input').setInputFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('beans north, peas south') });
  await ann.main.getByTestId('attachment-preview-file').waitFor();
  await ann.says('the plan');
  const file = bob.message('the plan').getByTestId('attachment-file');
  await file.filter({ hasText: 'plan.txt' }).waitFor();
  const href = await file.locator('a').first().getAttribute('href');
  assert.equal(await (await fetch(href)).text(), 'beans north, peas south');
});

test('a poll is made, voted in and ended', async (t) => {
  const { ids } = await room('garden', 'ann', 'bob');
  const [ann, bob] = await people(t, 'garden', ids);
  await ann.attaches('Poll');
  const dialog = ann.page.getByTestId('poll-creation-dialog');
  await dialog.locator('#name').fill('what do we plant?');
  const options = dialog.getByPlaceholder('Add an option');
  await options.nth(0).fill('kale');
  await options.nth(1).fill('leek');
  await dialog.locator('.str-chat__prompt__footer__controls-button--submit').click();
  const option = (p, text) => p.main.locator('.str-chat__poll-option').filter({ hasText: text });
  const votes = (p, text, n) => option(p, text).locator('.str-chat__poll-option-vote-count').filter({ hasText: String(n) });
  await option(bob, 'kale').click();
  await votes(ann, 'kale', 1).waitFor();
  await option(ann, 'kale').click();
  await votes(bob, 'kale', 2).waitFor();
  await option(bob, 'leek').click();
  await votes(ann, 'leek', 1).waitFor();
  await votes(ann, 'kale', 1).waitFor();
  await ann.main.getByRole('button', { name: 'End poll' }).click();
  await ann.page.getByTestId('end-poll-alert-end-vote-button').click();
  await bob.main.locator('.str-chat__poll-option--votable').first().waitFor({ state: 'detached' });
});
