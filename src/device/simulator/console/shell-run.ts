import type { Pipeline, Redirect, ShellList, ShellNode, Word } from './shell-syntax.ts';
import { parseShellLine, ShellSyntaxError } from './shell-syntax.ts';

/** What one command came to. Output holds a byte a character. */
export interface CommandResult {
  readonly output: string;
  readonly status: number;
}

/** The part of a shell that differs from device to device. */
export interface ShellCommands {
  /** Runs a command that is no keyword; undefined: there is none of this name. */
  command(argv: readonly string[], input: string): CommandResult | undefined;
  readFile(path: string): string | undefined;
  /** False where it cannot be written. */
  writeFile(path: string, content: string): boolean;
  variable(name: string): string | undefined;
  setVariable(name: string, value: string): void;
  readonly unknownCommand: (name: string) => CommandResult;
  readonly syntaxError: CommandResult;
}

/** Thrown by a command after which nothing of the line is left: a restart. */
export class ShellHalted extends Error {}

/** Variables that double with each line end here. */
const LONGEST_WORD = 64 * 1024;

/** Runs lines one after the other; keeps the exit status in between. */
export class ShellRunner {
  status = 0;
  readonly #commands: ShellCommands;

  constructor(commands: ShellCommands) {
    this.#commands = commands;
  }

  /** The line's output. Throws ShellHalted. */
  run(line: string): string {
    try {
      return this.#list(parseShellLine(line), '');
    } catch (error) {
      if (!(error instanceof ShellSyntaxError)) throw error;
      this.status = this.#commands.syntaxError.status;
      return this.#commands.syntaxError.output;
    }
  }

  #list(list: ShellList, input: string): string {
    let output = '';
    for (const { when, pipeline } of list) {
      if (when === 'ok' && this.status !== 0) continue;
      if (when === 'failed' && this.status === 0) continue;
      output += this.#pipeline(pipeline, input);
    }
    return output;
  }

  #pipeline(pipeline: Pipeline, input: string): string {
    return pipeline.reduce((before, node) => this.#node(node, before), input);
  }

  #node(node: ShellNode, piped: string): string {
    let input = piped;
    for (const redirect of node.redirects) {
      if (redirect.operator !== '<') continue;
      const content = this.#commands.readFile(this.#one(redirect.target));
      if (content === undefined) {
        this.status = 1;
        return `sh: can't open ${this.#one(redirect.target)}: no such file\n`;
      }
      input = content;
    }
    const output = this.#body(node, input);
    const target = node.redirects.findLast(({ operator }) => operator !== '<');
    return target ? this.#into(target, output) : output;
  }

  #body(node: ShellNode, input: string): string {
    switch (node.kind) {
      case 'group':
        return this.#list(node.list, input);
      case 'if': {
        const told = this.#list(node.condition, input);
        const isTrue = this.status === 0;
        this.status = 0;
        const chosen = isTrue ? node.body : node.otherwise;
        return told + (chosen ? this.#list(chosen, input) : '');
      }
      case 'simple':
        return this.#simple(node.words, input);
    }
  }

  #simple(words: readonly Word[], input: string): string {
    const argv = words.flatMap((word) => this.#expand(word));
    const assignments = argv.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
    const isOnlySetting = argv.length > 0 && assignments === -1;
    if (isOnlySetting) {
      for (const text of argv) {
        const at = text.indexOf('=');
        this.#commands.setVariable(text.slice(0, at), text.slice(at + 1));
      }
      this.status = 0;
      return '';
    }
    const [name] = argv;
    if (name === undefined) return '';
    const result = this.#commands.command(argv, input) ?? this.#commands.unknownCommand(name);
    this.status = result.status;
    return result.output;
  }

  #into({ operator, target }: Redirect, output: string): string {
    const path = this.#one(target);
    if (path === '/dev/null') return '';
    const before = operator === '>>' ? (this.#commands.readFile(path) ?? '') : '';
    if (this.#commands.writeFile(path, before + output)) return '';
    this.status = 1;
    return `sh: can't create ${path}: Read-only file system\n`;
  }

  #one(word: Word): string {
    return this.#expand(word).join(' ');
  }

  /** No field splitting: an unquoted expansion that is empty leaves no word, and that is all. */
  #expand(word: Word): string[] {
    let text = '';
    let isThere = false;
    for (const part of word) {
      if (part.kind === 'text') text += part.text;
      else if (part.kind === 'variable') {
        text +=
          part.name === '?' ? String(this.status) : (this.#commands.variable(part.name) ?? '');
      } else text += this.#list(part.list, '').replace(/\n+$/, '');
      isThere ||= part.kind === 'text' || part.isQuoted;
      if (text.length > LONGEST_WORD) throw new ShellSyntaxError('a word is too long');
    }
    return text !== '' || isThere ? [text] : [];
  }
}
