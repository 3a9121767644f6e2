import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { event, id, people, refusal, room, server, settled } from './kit.js';

const type = id('polls');
before(async () => {
  await server.createChannelType({ name: type, polls: true });
});

/** Waits until an event has reached each of these clients or channels. */
const both = (emitters, type) => Promise.all(emitters.map((e) => event(e, type)));

/** Two people who watch a channel in which the first sent a poll. */
async function asked(data = {}) {
  const [ann, bob] = await people('ann', 'bob');
  for (const c of [ann, bob]) c.polls.registerSubscriptions();
  const [mine, theirs] = await room([ann, bob], {}, type);
  const { poll } = await ann.createPoll({ name: 'Where to?', options: [{ text: 'Amsterdam' }, { text: 'Boulder' }], ...data });
  const seen = both([mine, theirs], 'message.new');
  const { message } = await mine.sendMessage({ text: 'vote', poll_id: poll.id });
  for (const e of await seen) assert.equal(e.message.poll.id, poll.id);
  return { ann, bob, mine, theirs, poll, message, options: poll.options.map((o) => o.id) };
}

test('a poll is sent, shown and voted on', async () => {
  const { ann, bob, mine, theirs, poll, message, options } = await asked({ color: 'red', allow_answers: true });
  assert.equal(message.poll.name, 'Where to?');
  assert.equal(message.poll.color, 'red');
  assert.equal(message.poll.created_by.id, ann.userID);
  assert.ok(mine.data.own_capabilities.includes('cast-poll-vote'));
  let told = event(mine, 'poll.vote_casted');
  const { vote } = await theirs.vote(message.id, poll.id, { option_id: options[0] });
  assert.equal(vote.option_id, options[0]);
  assert.equal(vote.user.id, bob.userID);
  let e = await told;
  assert.equal(e.poll_vote.id, vote.id);
  assert.equal(e.poll_vote.user_id, bob.userID);
  assert.equal(e.message_id, message.id);
  assert.deepEqual(e.poll.vote_counts_by_option, { [options[0]]: 1 });
  assert.deepEqual(e.poll.own_votes, []);

  told = event(mine, 'poll.vote_casted');
  const answer = (await bob.addPollAnswer(message.id, poll.id, 'home')).vote;
  assert.equal((await told).poll_vote.answer_text, 'home');
  told = event(mine, 'poll.vote_changed');
  assert.equal((await bob.addPollAnswer(message.id, poll.id, 'away')).vote.id, answer.id);
  assert.equal((await told).poll.answers_count, 1);

  told = event(mine, 'poll.vote_removed');
  await theirs.removeVote(message.id, poll.id, vote.id);
  e = await told;
  assert.equal(e.poll_vote.id, vote.id);
  assert.equal(e.poll.vote_count, 0);
  const state = await bob.channel(type, theirs.id).query({ messages: { limit: 1 } });
  assert.equal(state.messages[0].poll.own_votes[0].answer_text, 'away');
  assert.equal(state.messages[0].poll.latest_answers.length, 1);
});

test("the SDK's own poll follows what happens", async () => {
  const { ann, bob, poll, message, options } = await asked({ enforce_unique_vote: true });
  const anns = ann.polls.fromState(poll.id);
  const bobs = bob.polls.fromState(poll.id);
  let told = both([ann, bob], 'poll.vote_casted');
  await bobs.castVote(options[0], message.id);
  await told;
  assert.equal(anns.data.vote_count, 1);
  assert.deepEqual(anns.data.maxVotedOptionIds, [options[0]]);
  assert.deepEqual(anns.data.ownVotesByOptionId, {});
  assert.ok(bobs.data.ownVotesByOptionId[options[0]]);
  told = both([ann, bob], 'poll.vote_changed');
  await bobs.castVote(options[1], message.id);
  await told;
  assert.deepEqual(anns.data.vote_counts_by_option, { [options[1]]: 1 });
  assert.deepEqual(Object.keys(bobs.data.ownVotesByOptionId), [options[1]]);
  told = both([bob], 'poll.updated');
  await anns.createOption({ text: 'Cairo' });
  await told;
  assert.equal(bobs.data.options[2].text, 'Cairo');
  told = both([bob], 'poll.closed');
  await anns.close();
  await told;
  assert.equal(bobs.data.is_closed, true);
  const e = await refusal(() => bob.castPollVote(message.id, poll.id, { option_id: options[0] }));
  assert.equal(e.code, 4);
  assert.match(e.message, /is closed/);
});

test('who votes in an anonymous poll is told to himself only', async () => {
  const { ann, bob, mine, poll, message, options } = await asked({ voting_visibility: 'anonymous' });
  const told = event(mine, 'poll.vote_casted');
  await bob.castPollVote(message.id, poll.id, { option_id: options[0] });
  const e = await told;
  assert.equal(e.poll_vote.user, undefined);
  assert.equal(e.poll_vote.user_id, undefined);
  assert.deepEqual(e.poll.latest_votes_by_option, {});
  await settled(bob);
  assert.ok(bob.polls.fromState(poll.id).data.ownVotesByOptionId[options[0]]);
  const { votes } = await ann.queryPollVotes(poll.id);
  assert.equal(votes.length, 1);
  assert.equal(votes[0].user_id, undefined);
});

test('votes are limited', async () => {
  const { bob, poll, message, options } = await asked({ max_votes_allowed: 1 });
  await bob.castPollVote(message.id, poll.id, { option_id: options[0] });
  assert.equal((await refusal(() => bob.castPollVote(message.id, poll.id, { option_id: options[1] }))).status, 400);
  assert.equal((await refusal(() => bob.addPollAnswer(message.id, poll.id, 'x'))).code, 4);
});

test('votes that come at once are counted once', async () => {
  const one = await asked({ enforce_unique_vote: true });
  const all = (votes) => Promise.allSettled(votes);
  await all(Array.from({ length: 12 }, (_, i) => one.bob.castPollVote(one.message.id, one.poll.id, { option_id: one.options[i % 2] })));
  const { poll } = await one.ann.getPoll(one.poll.id);
  assert.equal(poll.vote_count, 1);
  assert.equal((await one.ann.queryPollVotes(one.poll.id)).votes.length, 1);

  const two = await asked({ max_votes_allowed: 2, options: ['a', 'b', 'c', 'd'].map((text) => ({ text })) });
  const cast = await all(two.options.map((option) => two.bob.castPollVote(two.message.id, two.poll.id, { option_id: option })));
  assert.equal(cast.filter((r) => r.status === 'fulfilled').length, 2);
  assert.deepEqual(cast.filter((r) => r.status === 'rejected').map((r) => r.reason.code), [4, 4]);
  assert.equal((await two.bob.getPoll(two.poll.id)).poll.own_votes.length, 2);
});

test('voters suggest options, where they may', async () => {
  const { bob, mine, poll } = await asked({ allow_user_suggested_options: true });
  const told = event(mine, 'poll.updated');
  const { poll_option: option } = await bob.createPollOption(poll.id, { text: 'Cairo', color: 'sand' });
  assert.equal(option.color, 'sand');
  assert.deepEqual((await told).poll.options.map((o) => o.text), ['Amsterdam', 'Boulder', 'Cairo']);
  const other = await asked();
  assert.equal((await refusal(() => other.bob.createPollOption(other.poll.id, { text: 'Cairo' }))).code, 17);
});

test('polls and votes are found', async () => {
  const { ann, bob, poll, message, options } = await asked({ allow_answers: true, mark: id('mark') });
  await bob.castPollVote(message.id, poll.id, { option_id: options[0] });
  await bob.addPollAnswer(message.id, poll.id, 'home');
  let { polls } = await bob.queryPolls({ id: poll.id, is_closed: false }, { created_at: -1 }, { limit: 5 });
  assert.deepEqual(polls.map((p) => p.id), [poll.id]);
  assert.equal(polls[0].own_votes.length, 2);
  ({ polls } = await server.queryPolls({ mark: poll.mark }, [], {}, ann.userID));
  assert.equal(polls.length, 1);
  assert.equal((await ann.queryPollVotes(poll.id, { option_id: { $in: options } }, { created_at: 1 })).votes.length, 1);
  const { votes } = await ann.queryPollAnswers(poll.id);
  assert.equal(votes[0].answer_text, 'home');
  assert.equal((await server.getPoll(poll.id, bob.userID)).poll.own_votes.length, 2);
});

test('polls are changed and deleted', async () => {
  const { ann, bob, theirs, poll, options } = await asked();
  let told = event(theirs, 'poll.updated');
  await ann.partialUpdatePoll(poll.id, { set: { name: 'New', size: 1 } });
  assert.equal((await told).poll.name, 'New');
  assert.equal((await refusal(() => bob.partialUpdatePoll(poll.id, { set: { name: 'x' } }))).code, 17);
  told = event(theirs, 'poll.updated');
  const { poll: updated } = await ann.updatePoll({ id: poll.id, name: 'All', options: [{ id: options[0], text: 'Athens' }] });
  assert.deepEqual(updated.options, [{ id: options[0], text: 'Athens' }]);
  assert.equal(updated.size, undefined);
  await told;
  await ann.updatePollOption(poll.id, { id: options[0], text: 'Aachen' });
  assert.equal((await bob.getPollOption(poll.id, options[0])).poll_option.text, 'Aachen');
  await ann.deletePollOption(poll.id, options[0]);
  told = event(theirs, 'poll.closed');
  assert.equal((await ann.closePoll(poll.id)).poll.is_closed, true);
  await told;
  told = event(theirs, 'poll.deleted');
  const changed = event(theirs, 'message.updated');
  await ann.deletePoll(poll.id);
  assert.equal((await told).poll.id, poll.id);
  assert.equal((await changed).message.poll, undefined);
  assert.equal((await refusal(() => ann.getPoll(poll.id))).code, 16);
});
