import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { watchOutput } from '../../src/cli/output-loss.ts';

function streamWith(onError: (error: Error) => void): PassThrough {
  const stream = new PassThrough();
  stream.on('error', onError);
  return stream;
}

describe('an output that is lost', () => {
  it('is told by a signal, and not to those who would end the process', () => {
    const others: Error[] = [];
    const stream = streamWith((error) => others.push(error));
    const output = watchOutput(stream);
    stream.emit('error', Object.assign(new Error('full'), { code: 'ENOSPC' }));
    expect(output.lost.aborted).toBe(true);
    expect(others).toEqual([]);
    expect(() => {
      output.throwIfFailed();
    }).toThrow('full');
    output[Symbol.dispose]();
    stream.emit('error', new Error('later'));
    expect(others).toHaveLength(1);
  });

  it.each(['EPIPE', 'EIO'])('is no failure where the reader went away: %s', (code) => {
    const stream = streamWith(() => undefined);
    using output = watchOutput(stream);
    stream.emit('error', Object.assign(new Error('gone'), { code }));
    expect(output.lost.aborted).toBe(true);
    output.throwIfFailed();
  });
});
