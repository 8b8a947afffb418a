// The AI SDK's own transport for gateways that pass an answer on only when it has ended (MOBIUS_STREAMS=finite): when
// a piece ends with `data-resume`, it goes on there, and the SDK sees one stream. On a streaming gateway it changes
// nothing. What a front-end needs is this class.

import { DefaultChatTransport } from 'ai';

export class FollowingChatTransport extends DefaultChatTransport {
  async sendMessages(options) {
    return this.#followed(await super.sendMessages(options), options);
  }

  async reconnectToStream(options) {
    const stream = await super.reconnectToStream(options);
    return stream && this.#followed(stream, options);
  }

  #followed(first, { abortSignal, headers }) {
    let reader = first.getReader();
    const next = async () => {
      const { done, value } = await reader.read();
      if (done || value.type !== 'data-resume') return { done, value };
      reader = (await this.#piece(value.data.url, abortSignal, headers)).getReader();
      return next();
    };
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    });
  }

  async #piece(path, signal, headers) {
    const given = typeof this.headers === 'function' ? await this.headers() : await this.headers;
    const send = this.fetch ?? globalThis.fetch;
    const answer = await send(new URL(path, this.api), { headers: { ...given, ...headers }, signal });
    if (!answer.ok) throw new Error(await answer.text());
    return this.processResponseStream(answer.body);
  }
}
