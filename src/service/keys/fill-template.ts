/** The device fields that every device has, and that a template may therefore name in braces. */
export const DEVICE_FIELDS = [
  'deviceId',
  'serial',
  'endpointKey',
  'provisioningKey',
  'lotId',
  'lotIndex',
] as const;
export type DeviceFields = Readonly<Record<(typeof DEVICE_FIELDS)[number], string>>;

const BRACED = /\{([^{}]*)\}/g;

/** The names in braces that are no device field, each once; none in a template that can be filled in. */
export function unknownFields(value: unknown): string[] {
  const names = textsOf(value).flatMap((text) =>
    [...text.matchAll(BRACED)].map(([, name = '']) => name),
  );
  return [...new Set(names)].filter((name) => !isField(name));
}

/** The value with every `{field}` in its texts replaced; names of members stay as they are. */
export function fillTemplate(value: unknown, fields: DeviceFields): unknown {
  if (typeof value === 'string') {
    return value.replace(BRACED, (all, name: string) => (isField(name) ? fields[name] : all));
  }
  if (Array.isArray(value)) return value.map((part) => fillTemplate(part, fields));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, fillTemplate(part, fields)]),
  );
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}

function isField(name: string): name is (typeof DEVICE_FIELDS)[number] {
  return DEVICE_FIELDS.some((field) => field === name);
}
