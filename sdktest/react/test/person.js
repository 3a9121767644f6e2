// A person at a browser: what he does and sees, by the names that the components
// give to their parts. Everything waits for what it needs.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { results } from './results.js';

export class Person {
  refused = []; // answers of 400 and above
  faults = []; // exceptions in the page
  lost = []; // requests that got no answer

  constructor(id, page, server) {
    Object.assign(this, { id, page });
    page.on('response', async (r) => {
      if (r.status() < 400) return;
      const text = `${r.status()} ${r.request().method()} ${r.url().replace(server, '').split('?')[0]}`;
      this.refused.push(text);
      appendFileSync(join(results, 'refused.log'), `${text} ${await r.text().catch(String)}\n`);
    });
    page.on('requestfailed', (r) => r.url().startsWith(server) && this.lost.push(`${r.method()} ${r.url().replace(server, '').split('?')[0]} ${r.failure().errorText}`));
    page.on('pageerror', (e) => this.faults.push(String(e)));
    this.main = page.locator('.str-chat__main-panel');
    this.thread = page.locator('.str-chat__thread');
    this.typing = this.main.getByTestId('typing-indicator');
    this.header = page.locator('.str-chat__channel-header');
    this.offline = page.getByText('Waiting for network…').first();
  }

  /** The entry of a channel in the list. */
  entry(name) { return this.page.getByTestId('channel-list-item-button').filter({ hasText: name }); }

  async open(name) {
    await this.entry(name).click();
    await this.header.filter({ hasText: name }).waitFor();
  }

  /** The message with a text, in the channel or another part of the page. */
  message(text, within = this.main) { return within.locator('.str-chat__li').filter({ hasText: text }); }

  async sees(text, within) { await this.message(text, within).waitFor(); }

  /** The reactions to a message: as many in all. */
  reactions(text, n) { return this.message(text).getByTestId('message-reactions-total-count').filter({ hasText: String(n) }); }

  /** The texts of the channel's messages that are on the page. */
  texts() { return this.main.getByTestId('message-text-inner-wrapper').allInnerTexts(); }

  /** Types as a person does, key by key. */
  async types(text, within = this.main) { await within.getByTestId('message-input').pressSequentially(text, { delay: 100 }); }

  async says(text, within = this.main) {
    await within.getByTestId('message-input').fill(text);
    await within.getByTestId('send-button').click();
    await this.message(text, within).locator('.str-chat__message--received').waitFor();
  }

  /** Opens the menu of a message and chooses from it. */
  async chooses(action, text, within) {
    const message = this.message(text, within);
    await message.hover();
    await message.getByTestId('message-actions-toggle-button').click();
    await this.page.getByRole('menuitem').filter({ hasText: action }).click();
  }

  /** Reacts to a message with one of the reactions that are offered first. */
  async reacts(type, text) {
    const message = this.message(text);
    await message.hover();
    await message.getByTestId('message-reaction-action').click();
    const selector = this.page.getByTestId('reaction-selector');
    await selector.locator(`[data-text=${type}]`).click();
    await this.main.getByTestId('message-input').click(); // beside the selector, which closes it
    await selector.waitFor({ state: 'detached' });
  }

  /** Opens the thread of a message. */
  async enters(text) {
    const message = this.message(text);
    await message.hover();
    await message.getByTestId('thread-action').click();
    await this.thread.getByText(text).waitFor();
  }

  /** Searches among Channels, Users or Messages. */
  async searches(among, text) {
    await this.page.getByTestId('search-input').fill(text);
    await this.page.getByTestId('filter-source-buttons').getByText(among).click();
  }

  /** Chooses from the menu beside the composer. */
  async attaches(what) {
    await this.main.getByTestId('invoke-attachment-selector-button').click();
    await this.page.getByRole('menuitem').filter({ hasText: what }).click();
  }

  /** The state that a message of his own is in: sent, delivered or read-by. */
  status(state, text) { return this.message(text).getByTestId(`message-status-${state}`); }

  async picture(name) { await this.page.screenshot({ path: join(results, `${name.replaceAll(/\W+/g, '-')}-${this.id.split('-')[0]}.png`) }); }
}
