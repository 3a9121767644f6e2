// Serves the built application, from an origin that is not chatd's, as in life.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { results } from './results.js';

const page = '<!doctype html><html lang="en"><meta charset="utf-8"><title>chat</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/app.css"><div id="root"></div><script src="/app.js"></script></html>';
const files = { '/app.js': 'text/javascript', '/app.css': 'text/css' };

/** Starts the site and returns it with its address. */
export async function serveSite() {
  const server = createServer(async (req, res) => {
    const { pathname } = new URL(req.url, 'http://site');
    const type = files[pathname] ?? 'text/html';
    res.setHeader('Content-Type', `${type}; charset=utf-8`);
    res.end(files[pathname] ? await readFile(join(results, 'app', pathname)) : page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => { server.close(); server.closeAllConnections(); } };
}
