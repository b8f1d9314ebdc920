const SECRET_TEXT =
  /(?:ks_|es_)[A-Za-z0-9_-]{16,}|k[cdrt]_[A-Za-z0-9_-]{43}|AGE-SECRET-KEY-[A-Z0-9-]{16,}/gi;

/**
 * Text for people with everything that looks like a secret taken out. No message is made with a
 * secret in it; this is for what was typed in the wrong place and is quoted back.
 */
export function redact(text: string): string {
  return text.replace(SECRET_TEXT, '[secret]');
}
