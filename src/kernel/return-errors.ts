/** What is wrong with a station's statement of never-used units, each refusal with a code of its own. */
export const RETURN_ERRORS = {
  'return-invalid': {
    exit: 3,
    hint: 'Ask for the statement again; it must be the file that `keyline station close` wrote.',
  },
  'return-altered': {
    exit: 3,
    hint: 'Do not use it. Ask the station for the statement again.',
  },
  'return-forged': {
    exit: 3,
    hint: 'Do not use it: it was not signed by the station that got the grant.',
  },
  'return-foreign': {
    exit: 3,
    hint: 'Reclaim it where its lot and its grant were made; `keyline lot allocations LOT` lists the grants.',
  },
  'return-replayed': {
    exit: 3,
    hint: 'Nothing is left to be done with this statement; its units came back before.',
  },
} as const;
