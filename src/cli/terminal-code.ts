import { makeCode } from '../label/code-matrix.ts';

/** Upper and lower module of a character, light ones drawn, as terminals are mostly dark. */
const BLOCKS = ['█', '▀', '▄', ' '] as const;
const QUIET = 2;

/** The QR code of a text for a terminal, two rows of modules a line. */
export async function terminalCode(text: string): Promise<string> {
  const code = await makeCode('qr', text);
  const isDark = (column: number, row: number): boolean => {
    const isInside = [column, row].every((at) => at >= 0 && at < code.size);
    return isInside && code.isDark(column, row);
  };
  const lines: string[] = [];
  for (let row = -QUIET; row < code.size + QUIET; row += 2) {
    let line = '';
    for (let column = -QUIET; column < code.size + QUIET; column++) {
      const [upper, lower] = [isDark(column, row), isDark(column, row + 1)];
      line += BLOCKS[(upper ? 2 : 0) + (lower ? 1 : 0)] ?? '';
    }
    lines.push(line);
  }
  return lines.join('\n');
}
