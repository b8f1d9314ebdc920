import { Flags } from '@oclif/core';
import { exportRows } from '../job/export-rows.ts';
import type { ExportColumn, ExportedRows } from '../job/export-rows.ts';
import { protectedFiles } from '../job/protected-files.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { BaseCommand } from './base-command.ts';
import { outputFlags } from './flags.ts';
import { grouped } from './progress.ts';

/** The flags of every command that can write all there is to a file. */
export const exportFlags = {
  output: Flags.string({
    char: 'o',
    helpValue: 'FILE',
    summary: 'Write all rows to FILE; - is stdout.',
  }),
  force: outputFlags.force,
  format: Flags.option({
    options: ['csv', 'ndjson'] as const,
    default: 'csv' as const,
    summary: 'Text form of the rows in FILE.',
  })(),
};

/** Writes rows with a count on standard error, and says where they are. Throws `usage` for `-o -` with `--json`. */
export async function exportByCommand<Row extends object>(
  command: BaseCommand,
  rows: {
    readonly what: string;
    readonly pages: AsyncIterable<readonly Row[]>;
    readonly columns: readonly ExportColumn<Row>[];
  },
  flags: { readonly output: string; readonly force: boolean; readonly format: 'csv' | 'ndjson' },
): Promise<ExportedRows> {
  const { output: path, force, format } = flags;
  if (path === '-' && command.jsonEnabled()) {
    throw new KeylineError('usage', {
      message: 'standard output cannot hold both the rows and --json',
      hint: 'Write the rows to a file with -o FILE.',
    });
  }
  const isShown = process.stderr.isTTY && path !== '-' && !command.jsonEnabled();
  const show = (text: string): void => {
    if (isShown) process.stderr.write(`\r\u001b[K${text}`);
  };
  const exported = await exportRows(
    rows.pages,
    { path, force },
    {
      ...{ format, columns: rows.columns, inputs: protectedFiles(command.home) },
      signal: command.signal,
      onProgress: (count) => {
        show(`${grouped(count)} ${rows.what}`);
      },
    },
  ).finally(() => {
    show('');
  });
  if (path !== '-') command.print(`${grouped(exported.rows)} ${rows.what} are in ${path}.`);
  return exported;
}
