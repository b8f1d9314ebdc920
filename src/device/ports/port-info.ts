/** A serial port of this machine; what the system does not know is undefined. */
export interface PortInfo {
  /** What opens it: `/dev/ttyUSB0`, `COM3`. */
  readonly path: string;
  /** USB vendor and product id, four hexadecimal digits in lower case. */
  readonly vendorId: string | undefined;
  readonly productId: string | undefined;
  readonly serialNumber: string | undefined;
  /** Where it is plugged in, the same after every plugging: `1-1.4` is port 4 of the hub at port 1 of bus 1. */
  readonly location: string | undefined;
  readonly manufacturer: string | undefined;
}

/** Which ports are meant; what is left out fits every port. */
export interface PortFilter {
  readonly vendorId?: string | undefined;
  readonly productId?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly location?: string | undefined;
  /** A path in which `*` stands for any characters and `?` for one: `/dev/ttyUSB*`. */
  readonly path?: string | undefined;
}

/**
 * Whether a port fits. A port of the board itself, such as /dev/ttyS0, where a console or a modem may
 * sit, fits only a filter that names its path in full.
 */
export function portMatches(port: PortInfo, filter: PortFilter): boolean {
  if (isOnBoard(port) && filter.path !== port.path) return false;
  return (
    isSame(filter.vendorId, port.vendorId) &&
    isSame(filter.productId, port.productId) &&
    (filter.serialNumber === undefined || filter.serialNumber === port.serialNumber) &&
    (filter.location === undefined || filter.location === port.location) &&
    (filter.path === undefined || pathPattern(filter.path).test(port.path))
  );
}

/** Whether a filter that asks for nothing but a path pattern fits whatever is at `path`. */
export function coversPath(filter: PortFilter, path: string): boolean {
  const { path: pattern, ...others } = filter;
  const isAlone = Object.values(others).every((wanted) => wanted === undefined);
  // Such a port fits only its own full path.
  const isBoards = /\/tty(S|AMA)\d+$/.test(path);
  return isAlone && pattern !== undefined && !isBoards && pathPattern(pattern).test(path);
}

/** Whether a port is part of the machine: /dev/ttyS0, /dev/ttyAMA0. */
export function isOnBoard(port: PortInfo): boolean {
  return port.vendorId === undefined && /\/tty(S|AMA)\d+$/.test(port.path);
}

/** Whether two entries are the same device at the same place, and not another one that took its path. */
export function isSamePort(a: PortInfo, b: PortInfo): boolean {
  return (
    a.path === b.path &&
    a.vendorId === b.vendorId &&
    a.productId === b.productId &&
    a.serialNumber === b.serialNumber &&
    a.location === b.location
  );
}

/** USB ids as people write them: in either case, with or without 0x and leading zeros. */
function isSame(wanted: string | undefined, actual: string | undefined): boolean {
  return wanted === undefined || (actual !== undefined && plainId(wanted) === plainId(actual));
}

function plainId(id: string): string {
  return id.toLowerCase().replace(/^0x/, '').padStart(4, '0');
}

function pathPattern(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}
