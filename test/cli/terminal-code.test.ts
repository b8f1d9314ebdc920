import { expect, it } from 'vitest';
import { terminalCode } from '../../src/cli/terminal-code.ts';
import { readQr } from '../label/read-label.ts';
import type { Picture } from '../label/read-label.ts';

/** Dots of a module, each way. */
const SCALE = 4;

/** What a dark terminal shows of the text: a drawn half is light. */
function photograph(text: string): Picture {
  const lines = text.split('\n').map((line) => [...line]);
  const [columns, rows] = [lines[0]?.length ?? 0, 2 * lines.length];
  const [width, height] = [columns * SCALE, rows * SCALE];
  const dots = Uint8Array.from({ length: width * height }, (_, at) => {
    const column = Math.floor((at % width) / SCALE);
    const row = Math.floor(Math.floor(at / width) / SCALE);
    const shown = lines[Math.floor(row / 2)]?.[column] ?? ' ';
    return (row % 2 === 0 ? '█▀' : '█▄').includes(shown) ? 0 : 1;
  });
  return { width, height, dots };
}

it.each(['ann', `${'a'.repeat(100)}@registry.example.com`])(
  'an authenticator’s address can be scanned from a terminal of 80 columns: %s',
  async (login) => {
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    const name = encodeURIComponent(login);
    const uri = `otpauth://totp/keyline:${name}?secret=${secret}&issuer=keyline`;
    const shown = await terminalCode(uri);
    expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(readQr(photograph(shown))).toBe(uri);
  },
);
