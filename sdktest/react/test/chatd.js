// One chatd that the tests can stop and start again, with an app of its own.
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { StreamChat } from 'stream-chat';
import { results } from './results.js';

const { CHATD, CHATD_TEST_DATABASE_URL, CHATD_TEST_REDIS_URL } = process.env;
if (!CHATD || !CHATD_TEST_DATABASE_URL || !CHATD_TEST_REDIS_URL) throw new Error('CHATD, CHATD_TEST_DATABASE_URL and CHATD_TEST_REDIS_URL must be set');

export class Chatd {
  key = `react${randomUUID().slice(0, 8)}`;
  secret = `${randomUUID()}${randomUUID()}`;
  #files = mkdtempSync(join(tmpdir(), 'chatd-react'));
  #log = createWriteStream(join(results, 'chatd.log'), { flags: 'a' });
  #addr = '127.0.0.1:0';
  #process;

  /** Makes the app and starts the server. */
  async start() {
    await promisify(execFile)(CHATD, ['app', 'create', 'react', '--key', this.key, '--secret', this.secret], { env: this.#env() });
    await this.resume();
    this.url = `http://${this.#addr}`;
    this.client = new StreamChat(this.key, this.secret, { baseURL: this.url, timeout: 10_000 });
    await this.client.updateChannelType('messaging', { polls: true });
  }

  /** Starts the server where it was before. */
  async resume() {
    this.#process = spawn(CHATD, ['serve'], { env: this.#env(), stdio: ['ignore', 'inherit', 'pipe'] });
    const lines = createInterface(this.#process.stderr);
    lines.on('line', (line) => this.#log.write(`${line}\n`));
    await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const { msg, addr } = JSON.parse(line);
        if (msg !== 'listening') return;
        this.#addr = addr;
        resolve();
      });
      this.#process.once('exit', (code) => reject(new Error(`chatd ended with ${code}, see ${results}/chatd.log`)));
    });
  }

  /** Stops the server as an operator does. */
  async pause() {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const [code] = await ended;
    if (code !== 0) throw new Error(`chatd ended with ${code}, see ${results}/chatd.log`);
  }

  async end() {
    await this.pause();
    this.#log.end();
    rmSync(this.#files, { recursive: true });
  }

  #env() {
    return {
      ...process.env,
      CHATD_DATABASE_URL: CHATD_TEST_DATABASE_URL, CHATD_REDIS_URL: CHATD_TEST_REDIS_URL,
      CHATD_STORAGE_URL: this.#files, CHATD_ADDR: this.#addr, CHATD_LOG_FORMAT: 'json',
    };
  }
}
