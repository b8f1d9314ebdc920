/** Telnet option numbers: RFC 856, 857, 858, 2217. */
export const BINARY = 0;
export const ECHO = 1;
export const SUPPRESS_GO_AHEAD = 3;
export const COM_PORT = 44;

/** Commands of the client, RFC 2217 section 3; the server's answer is the same plus 100. */
export const SET_BAUDRATE = 1;
export const SET_DATASIZE = 2;
export const SET_PARITY = 3;
export const SET_STOPSIZE = 4;
export const SET_CONTROL = 5;
export const NOTIFY_MODEMSTATE = 7;
export const FLOWCONTROL_SUSPEND = 8;
export const FLOWCONTROL_RESUME = 9;
export const SET_MODEMSTATE_MASK = 11;
export const PURGE_DATA = 12;
export const SERVER_OFFSET = 100;

/** Values of SET-CONTROL. */
export const NO_FLOW_CONTROL = 1;
export const BREAK_ON = 5;
export const BREAK_OFF = 6;
export const DTR_ON = 8;
export const DTR_OFF = 9;
export const RTS_ON = 11;
export const RTS_OFF = 12;

/** Values of PURGE-DATA. */
export const PURGE_RECEIVED = 1;
export const PURGE_BOTH = 3;

/** Bits of NOTIFY-MODEMSTATE. */
export const CTS = 0x10;
export const DSR = 0x20;
export const DCD = 0x80;

/** 32 bits, network byte order. */
export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
