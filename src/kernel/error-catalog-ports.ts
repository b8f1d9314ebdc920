/** What a port, or the device behind it, is found to be before a run. */
export const PORT_ERRORS = {
  'invalid-port': {
    exit: 2,
    hint: 'A port is serial:/dev/ttyUSB0, tcp://HOST:PORT or rfc2217://HOST:PORT; `keyline port list` shows yours.',
  },
  'port-missing': {
    exit: 4,
    hint: 'Check the cable and the name; `keyline port list` shows what is plugged in.',
  },
  'port-busy': { exit: 4, hint: 'End the other program that holds this port.' },
  'identity-unfit': {
    exit: 4,
    hint: 'Let the profile read an id that the hardware keeps, or set this board aside.',
  },
  'port-not-serial': {
    exit: 4,
    hint: 'Name a serial port; `keyline port list` shows what is plugged in.',
  },
  'port-unusable': {
    exit: 4,
    hint: 'Check that the port does what the profile asks of it.',
  },
} as const;
