/** What a membership, or a system account, can be in an account. */
export const ROLES = [
  'platform-admin',
  'account-admin',
  'factory-engineer',
  'station',
  'provisioner',
  'customer-admin',
  'technician',
  'end-user',
  'support',
  'auditor',
  'broker',
] as const;
export type Role = (typeof ROLES)[number];

/** What a route asks for: `<resource>:<act>`. */
export const PERMISSIONS = [
  'account:read',
  'account:manage',
  'accounts:create',
  'users:read',
  'users:manage',
  'users:create',
  'keys:read',
  'keys:manage',
  'lots:read',
  'lots:manage',
  'stations:manage',
  'devices:read',
  'devices:register',
  'devices:control',
  'devices:claim',
  'escrow:read',
  'escrow:manage',
  'transfers:read',
  'transfers:request',
  'transfers:decide',
  'config:read',
  'config:manage',
  'policies:manage',
  'access:ask',
  'access:check',
  'events:read',
  'audit:read',
  'operations:read',
  'health:read',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

const SUPPORT: readonly Permission[] = [
  'account:read',
  'lots:read',
  'devices:read',
  'escrow:read',
  'transfers:read',
  'events:read',
  'operations:read',
];

/** Everything in its own account, and nothing of the platform's or of a machine's. */
const ACCOUNT_ADMIN: readonly Permission[] = PERMISSIONS.filter(
  (permission) => !['accounts:create', 'health:read', 'access:check'].includes(permission),
);

/** The one table of who may do what in the account that the token is for. */
const TABLE: Readonly<Record<Role, readonly Permission[]>> = {
  'platform-admin': ['accounts:create', 'health:read'],
  'account-admin': ACCOUNT_ADMIN,
  'factory-engineer': [
    ...['account:read', 'keys:read', 'keys:manage', 'lots:read', 'lots:manage'],
    ...['stations:manage', 'devices:read', 'devices:register', 'operations:read', 'events:read'],
  ] as Permission[],
  station: ['lots:read', 'devices:read', 'devices:register', 'operations:read'],
  provisioner: [
    ...['account:read', 'lots:read', 'devices:read', 'escrow:read', 'escrow:manage'],
    ...['transfers:read', 'transfers:request', 'operations:read', 'events:read'],
  ] as Permission[],
  'customer-admin': [
    ...['account:read', 'users:read', 'users:manage', 'users:create'],
    ...['devices:read', 'devices:control'],
    ...['escrow:read', 'transfers:read', 'transfers:decide', 'config:read', 'config:manage'],
    ...['policies:manage', 'operations:read', 'events:read'],
  ] as Permission[],
  technician: ['access:ask'],
  'end-user': ['devices:claim', 'access:ask'],
  support: SUPPORT,
  auditor: [
    ...SUPPORT,
    ...['users:read', 'keys:read', 'config:read', 'audit:read'],
  ] as Permission[],
  broker: ['access:check'],
};

/** What a machine's own account never may, whatever its roles: it creates users but controls no device. */
const NOT_FOR_MACHINES: readonly Permission[] = ['devices:control', 'users:manage'];

/** Who asks, as far as the table is concerned. */
export interface Holder {
  readonly kind: 'user' | 'system';
  readonly roles: readonly Role[];
}

/** Whether one of the roles grants `permission`. What it is granted on, the account, comes from the token. */
export function may({ kind, roles }: Holder, permission: Permission): boolean {
  if (kind === 'system' && NOT_FOR_MACHINES.includes(permission)) return false;
  return roles.some((role) => TABLE[role].includes(permission));
}

/** The roles that a role may give to others, and so the holders that it may manage. */
const GRANTS: Readonly<Partial<Record<Role, readonly Role[]>>> = {
  'platform-admin': ['platform-admin'],
  'account-admin': ROLES.filter((role) => role !== 'platform-admin'),
  'factory-engineer': ['station'],
  'customer-admin': ['customer-admin', 'technician', 'end-user', 'support'],
};

/** What a machine brings in: nobody through whom it would control a device. */
const GRANTS_OF_MACHINES: readonly Role[] = ['end-user', 'station'];

/** Whether every one of `roles` is the holder's to give. None at all may be given by anyone. */
export function mayGrant({ kind, roles: own }: Holder, roles: readonly Role[]): boolean {
  const given = new Set(own.flatMap((role) => GRANTS[role] ?? []));
  return roles.every(
    (role) => given.has(role) && (kind === 'user' || GRANTS_OF_MACHINES.includes(role)),
  );
}

/** What answers to `support` leave out: secrets and personal data. */
export function seesPersonalData({ roles }: Holder): boolean {
  return roles.some((role) => role !== 'support');
}
