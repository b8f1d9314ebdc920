import { randomBytes } from 'node:crypto';
import { concat, utf8 } from '../../kernel/bytes.ts';

/** Languages in which a line can be put between two marks. */
export type FrameStyle = 'posix' | 'u-boot' | 'python';

/**
 * Two marks around a command's output, the second with its exit status. The mark is random, and cut
 * in two in the line that is sent, so that neither the echo nor an old answer can be taken for it.
 */
export class ConsoleFrame {
  readonly #style: FrameStyle;
  readonly #halves: readonly [string, string];
  readonly #end: RegExp;
  readonly #begin: string;

  constructor(style: FrameStyle, mark = randomBytes(6).toString('hex')) {
    const half = mark.length / 2;
    this.#style = style;
    this.#halves = [mark.slice(0, half), mark.slice(half)];
    this.#begin = `${mark}:B:\n`;
    this.#end = new RegExp(`${mark}:(-?\\d{1,10}):`);
  }

  /** The command between its marks, in a new array; no command: the marks alone. */
  wrap(command: Uint8Array): Uint8Array {
    const [a, b] = this.#halves;
    const separator = command.length > 0 ? ';' : '';
    if (this.#style === 'python') {
      return concat(
        utf8(`print("${a}"+"${b}:B:");`),
        command,
        utf8(`${separator}print("${a}"+"${b}:0:")`),
      );
    }
    return concat(utf8(`echo "${a}"${b}:B:;`), command, utf8(`${separator}echo "${a}"${b}:$?:`));
  }

  /** What came, once the second mark is there. `output` is undefined where the first mark was lost. */
  read(text: string): { readonly output: string | undefined; readonly status: number } | undefined {
    const end = this.#end.exec(text);
    if (!end) return undefined;
    const begin = text.indexOf(this.#begin);
    const from = begin + this.#begin.length;
    const output = begin === -1 || from > end.index ? undefined : text.slice(from, end.index);
    return { output: output?.replace(/\n$/, ''), status: Number(end[1]) };
  }
}
