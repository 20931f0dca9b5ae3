import { type WireRole, type WireSession, wireRoles } from '../wire.ts';

/** Whether a session may do at a VM what needs `role`. The server decides; this only spares vain tries. */
export function mayDo({ grants }: WireSession, vm: string, role: WireRole): boolean {
  return grants.some(
    (grant) =>
      (grant.vm === '*' || grant.vm === vm) && wireRoles.indexOf(grant.role) >= wireRoles.indexOf(role),
  );
}
