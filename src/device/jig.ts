import { normalize } from 'node:path';
import { KeylineError } from '../kernel/errors.ts';
import type { PresenceMode } from './profile-model.ts';
import { formatPortAddress, parsePortAddress } from './ports/port-address.ts';
import type { PortAddress } from './ports/port-address.ts';
import { coversPath, portMatches } from './ports/port-info.ts';
import type { PortInfo } from './ports/port-info.ts';
import { schemaIssues, sortIssues } from './schema-issues.ts';
import { JigSchema } from './schema/jig-schema.ts';
import type { JigDocument, JigPort } from './schema/jig-schema.ts';
import { parseYamlFile } from './yaml-file.ts';
import type { FileIssue, YamlFile } from './yaml-file.ts';

/** One place for a device. */
export interface JigSlot {
  readonly slot: number;
  readonly port: JigPort;
  /** Undefined: as the profile says. */
  readonly presence: PresenceMode | undefined;
  readonly barcode: string | undefined;
}

/** The slots of one fixture, by number. */
export interface Jig {
  readonly name: string;
  readonly description: string | undefined;
  readonly slots: readonly JigSlot[];
}

/** A jig, or the mistakes that its file has. */
export type ParsedJig =
  | { readonly jig: Jig; readonly issues: readonly [] }
  | { readonly jig: undefined; readonly issues: readonly FileIssue[] };

/** Reads a jig file. */
export function parseJig(text: string): ParsedJig {
  const file = parseYamlFile(text);
  const issues = file.issues.length > 0 ? file.issues : schemaIssues(file, JigSchema);
  if (issues.length > 0) return { jig: undefined, issues };
  const document = file.value as JigDocument;
  const mistakes = document.slots.flatMap((_, at) => slotMistakes(document, at, file));
  if (mistakes.length > 0) return { jig: undefined, issues: sortIssues(mistakes) };
  const slots = document.slots
    .map(({ slot, port, presence, barcode }) => ({
      slot,
      port,
      presence: presence ?? document.presence,
      barcode,
    }))
    .sort((a, b) => a.slot - b.slot);
  return { jig: { name: document.name, description: document.description, slots }, issues: [] };
}

/** The JSON Schema of jig files, for editors. */
export function jigJsonSchema(): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'keyline jig',
    ...(JSON.parse(JSON.stringify(JigSchema)) as object),
  };
}

/** The address of a slot that has a fixed one: a URL, or a path without `*` or `?` and nothing else asked of it. */
export function fixedAddress({ port }: JigSlot): PortAddress | undefined {
  if (port.url !== undefined) return parsePortAddress(port.url);
  const isAlone = Object.values(port).length === 1;
  if (port.path === undefined || /[*?]/.test(port.path) || !isAlone) return undefined;
  return { kind: 'serial', path: port.path };
}

/** Whether a port that is plugged in is the slot's. */
export function isPortOf({ port }: JigSlot, info: PortInfo): boolean {
  return port.url === undefined && portMatches(info, port);
}

/** Two slots that one device could be in would both write it. */
function slotMistakes({ slots }: JigDocument, at: number, file: YamlFile): FileIssue[] {
  const slot = slots[at];
  if (!slot) return [];
  const mistakes: FileIssue[] = [];
  const path = ['slots', at];
  const before = slots.slice(0, at);
  if (before.some((other) => other.slot === slot.slot)) {
    mistakes.push(file.issueAt([...path, 'slot'], `slot ${slot.slot} is there twice`));
  }
  const twin = before.find((other) => spellingOf(other.port) === spellingOf(slot.port));
  if (twin) mistakes.push(file.issueAt([...path, 'port'], `is the port of slot ${twin.slot} too`));
  const over = slots.find((other) => coversPort(other, slot) && other !== twin);
  if (over) {
    const pattern = over.port.path ?? '';
    mistakes.push(
      file.issueAt([...path, 'port'], `is the port of slot ${over.slot} too, by its ${pattern}`),
    );
  }
  if (slot.barcode !== undefined && before.some((other) => other.barcode === slot.barcode)) {
    mistakes.push(file.issueAt([...path, 'barcode'], 'is the barcode of another slot too'));
  }
  return [...mistakes, ...urlMistakes(slot, at, file)];
}

/** Whether a slot's pattern takes the one path of another slot, whatever is plugged in there. */
function coversPort(
  { port: pattern }: JigDocument['slots'][number],
  slot: JigDocument['slots'][number],
): boolean {
  const { url, path } = slot.port;
  if (url !== undefined || path === undefined || /[*?]/.test(path)) return false;
  return /[*?]/.test(pattern.path ?? '') && coversPath(pattern, normalize(path));
}

/** One spelling for a port, however it is written. */
function spellingOf({ url, path, ...usb }: JigPort): string {
  const one = {
    ...(url !== undefined && { url: urlSpelling(url) }),
    ...(path !== undefined && { path: normalize(path) }),
    vendorId: usb.vendorId?.toLowerCase(),
    productId: usb.productId?.toLowerCase(),
    serialNumber: usb.serialNumber,
    location: usb.location,
  };
  return JSON.stringify(one);
}

function urlSpelling(url: string): string {
  try {
    return formatPortAddress(parsePortAddress(url)).toLowerCase();
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    return url;
  }
}

function urlMistakes(
  { port, presence }: JigDocument['slots'][number],
  at: number,
  file: YamlFile,
): FileIssue[] {
  const path = ['slots', at, 'port'];
  if (port.url === undefined) return [];
  const mistakes: FileIssue[] = [];
  if (Object.keys(port).length > 1) {
    mistakes.push(file.issueAt(path, 'a url goes without anything else'));
  }
  if (presence === 'usb') {
    mistakes.push(
      file.issueAt(['slots', at, 'presence'], 'a url never unplugs; use poll, line:… or operator'),
    );
  }
  try {
    parsePortAddress(port.url);
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    mistakes.push(file.issueAt([...path, 'url'], error.message));
  }
  return mistakes;
}
