/**
 * The data of server-sent events (HTML Living Standard, section 9.2) as they come, each a line as this
 * registry sends them, until the stream ends or breaks off; an event that came in part is left out.
 */
export async function* sentEvents(response: Response): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  const body = (response.body ?? []) as AsyncIterable<Uint8Array>;
  let rest = '';
  try {
    for await (const bytes of body) {
      const frames = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
      rest = frames.pop() ?? '';
      for (const frame of frames) {
        const line = frame.split('\n').find((text) => text.startsWith('data: '));
        if (line !== undefined) yield line.slice('data: '.length);
      }
    }
  } catch {
    // It broke off: whoever follows comes back with the last id.
  }
}
