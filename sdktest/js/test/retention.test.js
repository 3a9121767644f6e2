// For how long an app keeps its messages and channels. What is removed is not tested
// here: no policy removes anything in its first day.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal, server } from './kit.js';

test('the policies of an app', async () => {
  const { policy } = await server.setRetentionPolicy('old-messages', 4380);
  assert.deepEqual([policy.policy, policy.config], ['old-messages', { max_age_hours: 4380 }]);
  assert.ok(new Date(policy.enabled_at) <= new Date());
  const { policies } = await server.getRetentionPolicy();
  assert.deepEqual(policies.map((p) => p.policy), ['old-messages']);
  assert.deepEqual((await server.getRetentionPolicyRuns({ filter_conditions: { policy: 'old-messages' }, sort: [{ field: 'date', direction: -1 }], limit: 5 })).runs, []);
  assert.equal((await refusal(() => server.setRetentionPolicy('old-messages', 1))).code, 4);
  await server.deleteRetentionPolicy('old-messages');
  assert.deepEqual((await server.getRetentionPolicy()).policies, []);
});
