/** What devices of one model, or all others, are configured with. */
export interface TemplateContent {
  /** SHA-256 of public keys (SPKI) that the device is to trust, hexadecimal. */
  readonly trustAnchors: readonly string[];
  /** JSON whose texts may have device fields in braces. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** The newest version of a configuration template of the account. */
export interface RegistryTemplate extends TemplateContent {
  /** A device model, or `default`. */
  readonly name: string;
  readonly version: number;
  readonly createdAt: string;
}

/** Configuration templates of a registry that keeps them. */
export interface RegistryTemplates {
  /** By name. */
  list(): Promise<readonly RegistryTemplate[]>;
  show(name: string): Promise<RegistryTemplate>;
  /**
   * Makes the version after `after`, 0 for a new template; the same again is the same answer. Throws
   * `precondition-failed` where another version came in between.
   */
  set(name: string, content: TemplateContent, after: number): Promise<RegistryTemplate>;
}
