import { Type } from 'typebox';
import type { App, Service } from '../service.ts';
import { accountRoutes } from './account.ts';
import { newAccountRoutes } from './accounts.ts';
import { deviceSessionRoutes } from './device-session.ts';
import { deviceRoutes } from './device.ts';
import { escrowRoutes } from './escrow.ts';
import { eventRoutes } from './events.ts';
import { fleetRoutes } from './fleet.ts';
import { healthRoutes } from './health.ts';
import { loginRoutes } from './login.ts';
import { lotDeviceRoutes } from './lot-devices.ts';
import { lotRoutes } from './lots.ts';
import { meRoutes } from './me.ts';
import { operationRoutes } from './operations.ts';
import { passwordRoutes } from './password.ts';
import { provisioningKeyRoutes } from './provisioning-keys.ts';
import { registrationRoutes } from './registrations.ts';
import { standingApprovalRoutes } from './standing-approvals.ts';
import { systemAccountRoutes } from './system-accounts.ts';
import { templateRoutes } from './templates.ts';
import { tokenRoutes } from './token.ts';
import { transferRoutes } from './transfers.ts';
import { uploadRoutes } from './uploads.ts';
import { userRoutes } from './users.ts';

/** All of the API, one noun a file. */
export function registerRoutes(app: App, service: Service): void {
  app.get(
    '/openapi.json',
    {
      config: { access: 'anyone' },
      schema: { tags: ['description'], response: { 200: Type.Unknown() } },
    },
    () => app.swagger(),
  );
  healthRoutes(app, service);
  tokenRoutes(app, service);
  loginRoutes(app, service);
  meRoutes(app, service);
  passwordRoutes(app, service);
  registrationRoutes(app, service);
  newAccountRoutes(app, service);
  userRoutes(app, service);
  systemAccountRoutes(app, service);
  accountRoutes(app, service);
  operationRoutes(app, service);
  eventRoutes(app, service);
  deviceSessionRoutes(app, service);
  deviceRoutes(app, service);
  provisioningKeyRoutes(app, service);
  lotRoutes(app, service);
  lotDeviceRoutes(app, service);
  uploadRoutes(app, service);
  fleetRoutes(app, service);
  escrowRoutes(app, service);
  transferRoutes(app, service);
  standingApprovalRoutes(app, service);
  templateRoutes(app, service);
}
