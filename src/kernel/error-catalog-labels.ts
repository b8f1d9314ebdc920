/** The part of the catalog for labels, their printers and scanners. */
export const LABEL_ERRORS = {
  'label-template-invalid': {
    exit: 3,
    hint: 'Names are {serial}, {endpointKey}, {index}, {lot}, {lotId}, {model}, {attribute.NAME}, and with --with-claim {claimUrl} and {claimCode}.',
  },
  'label-unprintable': {
    exit: 2,
    hint: 'Choose a greater --size, a printer with more --dpi, or a template with less text.',
  },
  'already-printed': {
    exit: 2,
    hint: 'Two labels of one unit get onto two boards: destroy the first, and say why with --reprint REASON.',
  },
  'printer-unreachable': {
    exit: 4,
    hint: 'Check that the printer is on and that host and port are right; most listen on 9100.',
  },
  'printer-failed': {
    exit: 4,
    hint: 'Check paper, ribbon and whether the printer is paused; then print the rest, and with --reprint what did not come out.',
  },
  'scanner-gone': {
    exit: 4,
    hint: 'Connect the scanner and start the run again; a board that waited for its label is verified and needs only the scan.',
  },
} as const;
