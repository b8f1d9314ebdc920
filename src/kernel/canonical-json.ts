/**
 * JSON with one spelling for one value, RFC 8785: members sorted by UTF-16 code units, no spaces,
 * numbers and strings as ECMAScript writes them. Members that are undefined are left out.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) {
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new TypeError('this value has no JSON');
    return text;
  }
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    // The default order compares code units, which is the order of RFC 8785 section 3.2.3.
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
