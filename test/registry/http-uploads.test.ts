import { expect, it } from 'vitest';
import { HttpUploads } from '../../src/registry/http-uploads.ts';

/** Outcomes of two rows, and then `end`. */
function uploadsEnding(
  end: (stream: ReadableStreamDefaultController) => void,
  signal?: AbortSignal,
) {
  const lines = '{"row":0,"outcome":"created"}\n{"row":1,"outcome":"created"}\n{"row"';
  const body = new ReadableStream({
    start: (stream) => {
      stream.enqueue(new TextEncoder().encode(lines));
    },
    pull: end,
  });
  const fetch = () => Promise.resolve(new Response(body));
  return new HttpUploads({ url: 'http://127.0.0.1:9', fetch, signal });
}

async function rowsOf(uploads: HttpUploads): Promise<number[]> {
  const rows: number[] = [];
  for await (const { row } of uploads.outcomes('up_1', 'all')) rows.push(row);
  return rows;
}

it('says of outcomes that break off that they do', async () => {
  const uploads = uploadsEnding((stream) => {
    stream.error(new TypeError('terminated'));
  });
  await expect(rowsOf(uploads)).rejects.toMatchObject({ code: 'registry-unavailable' });
});

it('is interrupted while outcomes come', async () => {
  const controller = new AbortController();
  const uploads = uploadsEnding((stream) => {
    controller.abort();
    stream.error(new DOMException('aborted', 'AbortError'));
  }, controller.signal);
  await expect(rowsOf(uploads)).rejects.toMatchObject({ code: 'interrupted' });
});
