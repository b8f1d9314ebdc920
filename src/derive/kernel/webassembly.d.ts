/**
 * The part of the WebAssembly JavaScript interface that the kernel's host uses. The compiler's own
 * declarations come only with the whole DOM.
 */
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  const Module: new (bytes: Uint8Array) => Module;
  interface Instance {
    readonly exports: object;
  }
  const Instance: new (module: Module, imports: object) => Instance;
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  /** An exported constant of type i32. */
  interface Global {
    readonly value: number;
  }
  function validate(bytes: Uint8Array): boolean;
}
