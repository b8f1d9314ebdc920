/** Numbers of PKCS #11 3.0 (OASIS, header file pkcs11t.h) that keyline uses. */
export const CKA = {
  CLASS: 0x0,
  TOKEN: 0x1,
  PRIVATE: 0x2,
  LABEL: 0x3,
  VALUE: 0x11,
  KEY_TYPE: 0x100,
  ID: 0x102,
  SENSITIVE: 0x103,
  SIGN: 0x108,
  EXTRACTABLE: 0x162,
  MODIFIABLE: 0x170,
  EC_PARAMS: 0x180,
} as const;
export const CKO = { PRIVATE_KEY: 3, SECRET_KEY: 4 } as const;
export const CKK = { EC: 0x3, GENERIC_SECRET: 0x10 } as const;
export const CKM = { SHA256_HMAC: 0x251, ECDSA: 0x1041 } as const;
export const CKF = { RW_SESSION: 0x2, SERIAL_SESSION: 0x4 } as const;
export const CKU_USER = 1;
