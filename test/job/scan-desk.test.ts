import { describe, expect, it } from 'vitest';
import { ScanDesk } from '../../src/job/scan-desk.ts';
import { KeylineError } from '../../src/kernel/errors.ts';

const never = new AbortController().signal;

function deskOf() {
  const ignored: string[] = [];
  const slots = [{ slot: 1 }, { slot: 2 }, { slot: 3, barcode: 'JIG-A/3' }];
  const desk = new ScanDesk(slots, (reason) => ignored.push(reason));
  return { desk, ignored };
}

describe('a scan', () => {
  it('counts for the one slot that waits', async () => {
    const { desk, ignored } = deskOf();
    const scanned = desk.next(2, never);
    desk.read('  board-7\r');
    expect(await scanned).toBe('board-7');
    expect(ignored).toEqual([]);
  });

  it('counts for nobody while two slots wait, until one is named by its barcode', async () => {
    const { desk, ignored } = deskOf();
    const [first, third] = [desk.next(1, never), desk.next(3, never)];
    desk.read('label-3');
    expect(ignored).toHaveLength(1);
    desk.read('jig-a/3');
    desk.read('label-3');
    expect(await third).toBe('label-3');
    desk.read('label-1');
    expect(await first).toBe('label-1');
  });

  it('after the barcode of a slot that does not wait counts for nobody else', async () => {
    const { desk, ignored } = deskOf();
    const scanned = desk.next(1, never);
    desk.read('SLOT-2');
    expect(ignored).toHaveLength(1);
    desk.read('SLOT-1');
    desk.read('board');
    expect(await scanned).toBe('board');
  });

  it('is for its slot only once, and never for one that has stopped waiting', async () => {
    const { desk, ignored } = deskOf();
    const stop = new AbortController();
    const given = desk.next(1, stop.signal);
    const waits = desk.next(2, never);
    desk.read('SLOT-1');
    stop.abort();
    await expect(given).rejects.toMatchObject({ code: 'interrupted' });
    desk.read('label-1');
    expect(ignored).toHaveLength(1);
    desk.read('label-2');
    expect(await waits).toBe('label-2');
  });

  it('that nobody waits for is told of without what it said', () => {
    const { desk, ignored } = deskOf();
    desk.read('https://r.example/c/ek_x#secret');
    expect(ignored).toHaveLength(1);
    expect(ignored.join()).not.toContain('secret');
  });

  it('cannot come once the scanner has gone', async () => {
    const { desk } = deskOf();
    const scanned = desk.next(1, never);
    desk.end(new KeylineError('scanner-gone', { message: 'gone' }));
    await expect(scanned).rejects.toMatchObject({ code: 'scanner-gone' });
    await expect(desk.next(2, never)).rejects.toMatchObject({ code: 'scanner-gone' });
  });
});
