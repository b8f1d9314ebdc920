/** What went over a line, kept for an inquiry; it never shows a secret. */
export interface WireLog {
  sent(bytes: Uint8Array): void;
  received(bytes: Uint8Array): void;
  /** What is being done: a step's name. */
  note(text: string): void;
}
