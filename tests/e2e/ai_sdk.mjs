// What a front-end does with the AI SDK of npm (`ai`): its chat, its transport and its stream reader, as they are,
// against a gateway. Prints one JSON object of what happened. What to ask comes in CHAT (JSON: gateway, finite, token,
// contexts). Exits 1 with the error when a step fails.

import { AbstractChat, DefaultChatTransport, readUIMessageStream } from 'ai';

import { FollowingChatTransport } from './finite_transport.mjs';

const asked = JSON.parse(process.env.CHAT);
const seen = {};

// What `useChat` keeps in React, kept in a plain object.
class Chat extends AbstractChat {
  constructor({ messages = [], ...init }) {
    const state = {
      status: 'ready',
      error: undefined,
      messages,
      pushMessage(message) {
        this.messages = this.messages.concat(message);
      },
      popMessage() {
        this.messages = this.messages.slice(0, -1);
      },
      replaceMessage(index, message) {
        this.messages = this.messages.with(index, this.snapshot(message));
      },
      snapshot: (value) => structuredClone(value),
    };
    super({ ...init, state });
  }
}

const headers = { Authorization: `Bearer ${asked.token}` };
const api = (gateway) => `${gateway}/api/v1/components/chat/stream`;

// `useChat({ transport, resume })` as the documentation of the API says: the context in the body, the reply's id in
// the address to go on at.
function transportOf(gateway, contextId, { Transport = DefaultChatTransport, replyId = () => undefined, ...more } = {}) {
  return new Transport({
    api: api(gateway),
    headers,
    body: { contextId },
    prepareReconnectToStreamRequest: () => ({ api: `${api(gateway)}/${replyId()}` }),
    ...more,
  });
}

const call = async (path, method = 'GET') => {
  const answer = await fetch(`${asked.gateway}/api/v1/components/chat${path}`, { method, headers });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const textOf = (message) => message.parts.filter((part) => part.type === 'text').map((part) => part.text).join('');
const newest = async (contextId) => (await call(`/messages?contextId=${contextId}`)).messages[0];
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function settled(contextId) {
  for (;;) {
    const message = await newest(contextId);
    if (!['queued', 'streaming'].includes(message.status)) return message;
    await pause(100);
  }
}

async function answered() {
  const [contextId] = asked.contexts;
  const data = [];
  let finished;
  const chat = new Chat({
    transport: transportOf(asked.gateway, contextId),
    onData: (part) => data.push(part.type),
    onFinish: ({ finishReason, isError }) => (finished = { finishReason, isError }),
  });
  await chat.sendMessage({ text: 'Is she covered?' });
  await chat.sendMessage({ text: 'And her son?' });
  const stored = await newest(contextId);
  const reply = chat.messages.at(-1);
  return {
    status: chat.status,
    finished,
    data,
    roles: chat.messages.map(({ role }) => role),
    sameId: reply.id === stored.id,
    sameText: textOf(reply) === stored.content,
    text: textOf(reply),
    kinds: reply.parts.map(({ type, state }) => (state ? `${type}:${state}` : type)),
    metadata: reply.metadata,
    sameThread: reply.metadata.threadId === stored.threadId,
  };
}

// The connection drops in the middle: the fetch that the transport was given ends its body with an error.
async function dropped() {
  const contextId = asked.contexts[1];
  let drop = true;
  const broken = async (url, init) => {
    const answer = await fetch(url, init);
    if (!drop) return answer;
    drop = false;
    const reader = answer.body.getReader();
    let chunks = 0;
    const body = new ReadableStream({
      async pull(controller) {
        if (++chunks > 6) {
          await reader.cancel();
          controller.error(new TypeError('network error'));
          return;
        }
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    });
    return new Response(body, { status: answer.status, headers: answer.headers });
  };
  const errors = [];
  const chat = new Chat({
    transport: transportOf(asked.gateway, contextId, { fetch: broken, replyId: () => chat.messages.at(-1).id }),
    onError: (error) => errors.push(error.message),
  });
  await chat.sendMessage({ text: 'count 30 every 40' });
  const before = { status: chat.status, text: textOf(chat.messages.at(-1)), messages: chat.messages.length };
  await chat.resumeStream();
  const stored = await settled(contextId);
  return {
    errors,
    before: { ...before, whole: before.text === stored.content },
    status: chat.status,
    messages: chat.messages.length,
    sameId: chat.messages.at(-1).id === stored.id,
    sameText: textOf(chat.messages.at(-1)) === stored.content,
    text: stored.content,
  };
}

// A page that was loaded anew knows the history only: the reply that is still being written is resumed.
async function reloaded() {
  const contextId = asked.contexts[2];
  const chat = new Chat({ transport: transportOf(asked.gateway, contextId) });
  const leaving = chat.sendMessage({ text: 'count 30 every 40' });
  await pause(400);
  await chat.stop(); // the page goes away: the connection ends, the run does not
  await leaving;
  const { messages } = await call(`/messages?contextId=${contextId}`);
  const roles = { user: 'user', system: 'assistant' };
  const known = messages
    .toReversed()
    .filter(({ status }) => status === 'complete')
    .map(({ id, type, content }) => ({ id, role: roles[type], parts: [{ type: 'text', text: content }] }));
  const anew = new Chat({
    messages: known,
    transport: transportOf(asked.gateway, contextId, { replyId: () => messages[0].id }),
  });
  await anew.resumeStream();
  const stored = await settled(contextId);
  return {
    known: known.length,
    wasWriting: messages[0].status === 'streaming',
    status: anew.status,
    messages: anew.messages.length,
    sameText: textOf(anew.messages.at(-1)) === stored.content,
    ending: stored.ending,
  };
}

async function stopped() {
  const contextId = asked.contexts[3];
  const chat = new Chat({ transport: transportOf(asked.gateway, contextId) });
  const sending = chat.sendMessage({ text: 'count 400 every 40' });
  while (chat.messages.length < 2 || !textOf(chat.messages.at(-1))) await pause(20);
  await call(`/messages/${chat.messages.at(-1).id}/stop`, 'POST');
  await sending;
  const stored = await settled(contextId);
  return {
    status: chat.status,
    stored: stored.status,
    metadata: chat.messages.at(-1).metadata.status,
    sameText: textOf(chat.messages.at(-1)) === stored.content,
  };
}

async function repeated() {
  const contextId = asked.contexts[4];
  const key = { headers: { ...headers, 'Idempotency-Key': `key-${contextId}` } };
  const ids = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const message = { id: 'question-1', role: 'user', parts: [{ type: 'text', text: 'Is she covered?' }] };
    const stream = await transportOf(asked.gateway, contextId, key).sendMessages({
      chatId: 'chat-1',
      messages: [message],
      trigger: 'submit-message',
      messageId: undefined,
      abortSignal: undefined,
    });
    let last;
    for await (const state of readUIMessageStream({ stream })) last = state;
    ids.push([last.id, textOf(last)]);
  }
  const { messages } = await call(`/messages?contextId=${contextId}`);
  return { same: JSON.stringify(ids[0]) === JSON.stringify(ids[1]), stored: messages.length };
}

async function refused() {
  const errors = [];
  const chat = new Chat({
    transport: transportOf(asked.gateway, 'ctx_unknown'),
    onError: (error) => errors.push(JSON.parse(error.message).code),
  });
  await chat.sendMessage({ text: 'Is she covered?' });
  return { status: chat.status, errors };
}

async function failed() {
  const contextId = asked.contexts[5];
  const chat = new Chat({ transport: transportOf(asked.gateway, contextId) });
  await chat.sendMessage({ text: 'fail after 3' });
  return { status: chat.status, error: chat.error.message, text: textOf(chat.messages.at(-1)) };
}

async function finite() {
  const contextId = asked.contexts[6];
  let pieces = 0;
  const counted = (...request) => {
    pieces += 1;
    return fetch(...request);
  };
  const Transport = FollowingChatTransport;
  const chat = new Chat({ transport: transportOf(asked.finite, contextId, { Transport, fetch: counted }) });
  await chat.sendMessage({ text: 'count 14 every 1000' });
  const stored = await newest(contextId);
  return {
    status: chat.status,
    pieces,
    sameText: textOf(chat.messages.at(-1)) === stored.content,
    text: stored.content,
    parts: chat.messages.at(-1).parts.filter(({ type }) => type === 'text').length,
  };
}

const STEPS = { answered, dropped, reloaded, stopped, repeated, refused, failed, finite };
try {
  for (const [name, step] of Object.entries(STEPS)) seen[name] = await step();
  console.log(JSON.stringify(seen));
} catch (error) {
  console.error(error.stack);
  process.exit(1);
}
