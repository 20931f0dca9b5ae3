import { expect, test } from 'vitest';
import { withOneDefault } from '../../../src/network/plan/guest-commands.ts';

test('the first interface with a default route keeps it, for IPv4 and for IPv6', () => {
  const commands = (unit: number, gateway: string) => [
    `ip link set vec${unit} up`,
    `ip route add default via ${gateway} dev vec${unit}`,
  ];
  const list = [
    commands(0, '10.0.0.1'),
    commands(1, 'fd00::1'),
    commands(2, '10.1.0.1'),
    commands(3, 'fd01::1'),
  ];
  const interfaces = list.map((guestCommands, unit) => ({ unit, guestCommands }));
  expect(withOneDefault(interfaces)).toEqual([
    { unit: 0, guestCommands: list[0] },
    { unit: 1, guestCommands: list[1] },
    { unit: 2, guestCommands: ['ip link set vec2 up'] },
    { unit: 3, guestCommands: ['ip link set vec3 up'] },
  ]);
});
