/** True when the command line or KEYLINE_CONTENT_TYPE asks for JSON; `--json` after `--` is an argument. */
export function wantsJson(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env['KEYLINE_CONTENT_TYPE']?.toLowerCase() === 'json') return true;
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}
