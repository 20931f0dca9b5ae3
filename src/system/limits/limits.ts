/**
 * Every bound of umlmon that is not set by configuration: rings, queues, frames, counts, times. One table, because
 * docs/limits.md is printed from it, and because a bound that nobody sees is one that nobody questions. Bounds of
 * the protocol's fields are in rpc/umlmonctrl.x, bounds of configured values in the key table (umlmon(5)).
 */
import { admin } from './admin.ts';
import { consoles } from './console.ts';
import { directory } from './directory.ts';
import { disk } from './disk.ts';
import { jail } from './jail.ts';
import { kernel } from './kernel.ts';
import { sharesOf, valuesOf } from './limit.ts';
import { monitor } from './monitor.ts';
import { network } from './network.ts';
import { remote } from './remote.ts';
import { rpc } from './rpc.ts';
import { security } from './security.ts';
import { service } from './service.ts';
import { umlrun } from './umlrun.ts';
import { web } from './web.ts';

/** The table as docs/limits.md shows it: room → limits. */
export const limitTable = {
  console: consoles,
  disk,
  network,
  rpc,
  remote,
  kernel,
  jail,
  monitor,
  admin,
  service,
  security,
  directory,
  umlrun,
  web,
} as const;

export const consoleLimits = valuesOf(consoles);
export const diskLimits = valuesOf(disk);
export const networkLimits = valuesOf(network);
export const rpcLimits = valuesOf(rpc);
export const remoteLimits = valuesOf(remote);
export const kernelLimits = valuesOf(kernel);
export const jailLimits = valuesOf(jail);
export const monitorLimits = valuesOf(monitor);
export const adminLimits = valuesOf(admin);
export const serviceLimits = valuesOf(service);
export const securityLimits = valuesOf(security);
export const directoryLimits = valuesOf(directory);
export const umlrunLimits = valuesOf(umlrun);
export const webLimits = valuesOf(web);

/** How the tables are shared that several fill. */
export const consoleShares = sharesOf('console', consoles);
export const rpcShares = sharesOf('rpc', rpc);
export const remoteShares = sharesOf('remote', remote);
export const kernelShares = sharesOf('kernel', kernel);
export const monitorShares = sharesOf('monitor', monitor);
export const directoryShares = sharesOf('directory', directory);
export const webShares = sharesOf('web', web);
