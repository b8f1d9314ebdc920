/** Makes public keys one after another; disposal overwrites the last private key it saw. */
export interface PublicKeyMaker extends Disposable {
  /** How, for reports and tests. */
  readonly name: string;
  /** The public key of a 32-byte private key, in an array of its own. */
  publicKey(privateKey: Uint8Array): Uint8Array;
}
