/**
 * What a registry answers, and what goes wrong around one. `status` is the HTTP status of its problem
 * document; the client that reads one throws the same code again, so that both sides share it.
 */
export const REGISTRY_ERRORS = {
  // a registry's own process and database
  'registry-missing': { exit: 2, hint: 'Make the registry with `keyline registry init`.' },
  'registry-newer': {
    exit: 3,
    hint: 'Install the keyline that this registry was last served with; nothing was changed.',
  },
  'registry-damaged': {
    exit: 3,
    hint: 'Check the path; restore the last backup with `keyline registry restore`.',
  },

  // any request
  'registry-unavailable': {
    exit: 5,
    status: 503,
    hint: 'Try again in a moment; the registry recovers by itself.',
  },
  'object-unknown': {
    exit: 5,
    status: 404,
    hint: 'Check the id, and that you are logged in to the account that it belongs to.',
  },
  'precondition-failed': {
    exit: 5,
    status: 412,
    hint: 'It was changed meanwhile: read it again, then decide again.',
  },
  'idempotency-mismatch': {
    exit: 5,
    status: 422,
    hint: 'Use a new Idempotency-Key for another request.',
  },
  'already-issued': {
    exit: 5,
    status: 409,
    hint: 'A secret is shown once: rotate it to get another.',
  },
  'name-taken': { exit: 5, status: 409, hint: 'Choose another name.' },
  'state-conflict': {
    exit: 5,
    status: 409,
    hint: 'Read it again: its state does not allow this.',
  },
} as const;
