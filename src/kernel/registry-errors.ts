/**
 * What a registry answers, and what goes wrong around one. `status` is the HTTP status of its problem
 * document; the client that reads one throws the same code again, so that both sides share it.
 */
export const REGISTRY_ERRORS = {
  // a registry's own process and database
  'registry-missing': { exit: 2, hint: 'Make the registry with `keyline registry init`.' },
  'registry-exists': {
    exit: 2,
    hint: 'Start it with `keyline registry serve`; nothing was changed.',
  },
  'registry-newer': {
    exit: 3,
    hint: 'Install the keyline that this registry was last served with; nothing was changed.',
  },
  'registry-damaged': {
    exit: 3,
    hint: 'Check the path; restore the last backup with `keyline registry restore`.',
  },
  'audit-broken': {
    exit: 3,
    hint: 'Keep the database as it is for whoever investigates; compare it with the last backup.',
  },
  'registry-busy': {
    exit: 2,
    hint: 'Another process serves this file; PostgreSQL can be shared by several.',
  },
  'master-key-invalid': {
    exit: 3,
    hint: 'Give the master key file that `keyline registry init` wrote for this registry.',
  },
  'listen-failed': { exit: 2, hint: 'Choose another address with --listen HOST:PORT.' },
  'tls-files-invalid': {
    exit: 3,
    hint: 'Give the PEM files of one certificate, its chain after it, and of its private key.',
  },
  'plain-http': {
    exit: 2,
    hint: 'Give --tls-cert and --tls-key, or say --insecure-http where a proxy speaks TLS.',
  },

  // a client's way there
  'login-incomplete': {
    exit: 2,
    hint: 'Give --login NAME and --password-file FILE|-, or --client-id-file and --client-secret-file.',
  },
  'registry-cannot': {
    exit: 5,
    hint: 'Use a registry of keyline’s own for this.',
  },
  'proxy-refused': {
    exit: 5,
    hint: 'Check HTTPS_PROXY with its user and password, or name the registry in NO_PROXY.',
  },
  'registry-untrusted': {
    exit: 5,
    hint: 'Give the CA of the registry with --ca-file FILE when you log in, or to what you simulate.',
  },
  'registry-scheme': {
    exit: 5,
    hint: 'Give the address with https:// where the registry speaks TLS, with http:// where it does not.',
  },

  // any request
  'registry-unavailable': {
    exit: 5,
    status: 503,
    hint: 'Try again in a moment; the registry recovers by itself.',
  },
  'registry-failed': {
    exit: 5,
    status: 500,
    hint: 'Ask who runs the registry; its log has the cause under the request id.',
  },
  'request-malformed': {
    exit: 5,
    status: 400,
    hint: 'Send well-formed HTTP and JSON, as /openapi.json describes it.',
  },
  'request-invalid': {
    exit: 5,
    status: 422,
    hint: 'Correct what is named; of several, `errors` has each by its JSON pointer.',
  },
  'request-too-large': { exit: 5, status: 413, hint: 'Send less at once.' },
  'media-type-unsupported': { exit: 5, status: 415, hint: 'Send application/json.' },
  'route-unknown': {
    exit: 5,
    status: 404,
    hint: 'Check the address and the version of the registry; /openapi.json lists its routes.',
  },
  unauthenticated: {
    exit: 5,
    status: 401,
    hint: 'Log in with `keyline registry login`; a token may have ended.',
  },
  'totp-required': {
    exit: 5,
    status: 401,
    hint: 'Give the code that your authenticator shows now.',
  },
  'totp-not-enrolled': {
    exit: 5,
    status: 403,
    hint: 'This account asks its admins for a second factor: enrol one with `keyline registry totp add`.',
  },
  'link-ended': {
    exit: 5,
    status: 410,
    hint: 'Ask an admin for another: each serves once, and for a limited time.',
  },
  forbidden: {
    exit: 5,
    status: 403,
    hint: 'Ask an account-admin for the role that this needs.',
  },
  'object-unknown': {
    exit: 5,
    status: 404,
    hint: 'Check the name or id, and with `keyline registry whoami` which account you are logged in to.',
  },
  'rate-limited': { exit: 5, status: 429, hint: 'Wait as long as Retry-After says.' },
  'precondition-required': {
    exit: 5,
    status: 428,
    hint: 'Read the resource and send its ETag as If-Match.',
  },
  'precondition-failed': {
    exit: 5,
    status: 412,
    hint: 'It was changed meanwhile: read it again, then decide again.',
  },
  'idempotency-key-missing': {
    exit: 5,
    status: 400,
    hint: 'Send an Idempotency-Key, such as a UUID, that stays the same when the request is repeated.',
  },
  'idempotency-mismatch': {
    exit: 5,
    status: 422,
    hint: 'Use a new Idempotency-Key for another request.',
  },
  'idempotency-in-flight': {
    exit: 5,
    status: 409,
    hint: 'The first request with this key is still being carried out; repeat it in a moment.',
  },
  'already-issued': {
    exit: 5,
    status: 409,
    hint: 'A secret is shown once: rotate it to get another.',
  },
  'cursor-invalid': { exit: 5, status: 422, hint: 'Begin at the first page again.' },
  'cursor-gone': {
    exit: 5,
    status: 410,
    hint: 'The registry began another history: read the resources anew, then the events from 0.',
  },
  'name-taken': { exit: 5, status: 409, hint: 'Choose another name.' },
  'transfer-already-decided': {
    exit: 5,
    status: 409,
    hint: 'Show the transfer: the first decision stands, and so does a withdrawal.',
  },
  'state-conflict': {
    exit: 5,
    status: 409,
    hint: 'Look at it again: as it is now, this cannot be done.',
  },

  // keys, lots and uploads
  'proof-refused': {
    exit: 5,
    status: 422,
    hint: 'Ask for a new nonce and sign again: a proof is for one registry, one account and ten minutes.',
  },
  'delegation-refused': {
    exit: 5,
    status: 422,
    hint: 'The first custody statement names the account’s owner key and is signed by the key’s own manufacturer key: run `keyline registry key add` again.',
  },
  'key-taken': {
    exit: 5,
    status: 409,
    hint: 'The key is registered already, by an account that you cannot see; ask who else has it.',
  },
  'test-key-refused': {
    exit: 5,
    status: 422,
    hint: 'A test key is for test accounts; register the key that products are made with.',
  },
  'part-mismatch': {
    exit: 5,
    status: 422,
    hint: 'Send the bytes of this chunk as the seal has them; `keyline manifest check` tells whether the file changed.',
  },
  'part-conflict': {
    exit: 5,
    status: 409,
    hint: 'Another content of this part is here already, and fits the seal; check which file you sent.',
  },
  'upload-incomplete': {
    exit: 5,
    status: 409,
    hint: 'Send the parts that GET of the upload names as missing, then commit again.',
  },
  'template-invalid': {
    exit: 3,
    hint: 'Write `values`, and `trustAnchors` as SHA-256 digests in hexadecimal; nothing else.',
  },
  'device-list-invalid': {
    exit: 3,
    hint: 'Write an id, serial or endpoint key a line, or CSV with a header that names one of them.',
  },
  'devices-refused': {
    exit: 6,
    hint: 'Show the transfer’s refused devices: each has the reason.',
  },
  'rows-refused': { exit: 6, hint: 'The file of failed rows names each, and why.' },
} as const;
