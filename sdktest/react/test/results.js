// Where what the tests leave behind goes: pictures, and the log of chatd.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const results = fileURLToPath(new URL('../../../results/react', import.meta.url));
mkdirSync(results, { recursive: true });
