/**
 * Every fixed bound of umlmon: rings, queues, frames, counts, times. docs/limits.md is generated from this table; a test
 * finds bounds that are missing here. Bounds of protocol fields are in rpc/umlmonctrl.x, those of configured values in
 * the key table (umlmon(5)).
 */
import { admin } from './admin.ts';
import { client } from './client.ts';
import { configuration } from './config.ts';
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
import { umlrunTable } from './umlrun.ts';
import { web } from './web.ts';

/** Room → limits, in the order of docs/limits.md. */
export const limitTable = {
  config: configuration,
  console: consoles,
  disk,
  network,
  rpc,
  remote,
  kernel,
  jail,
  monitor,
  client,
  admin,
  service,
  security,
  directory,
  umlrun: umlrunTable,
  web,
} as const;

export const configLimits = valuesOf(configuration);
export const consoleLimits = valuesOf(consoles);
export const diskLimits = valuesOf(disk);
export const networkLimits = valuesOf(network);
export const rpcLimits = valuesOf(rpc);
export const remoteLimits = valuesOf(remote);
export const kernelLimits = valuesOf(kernel);
export const jailLimits = valuesOf(jail);
export const monitorLimits = valuesOf(monitor);
export const clientLimits = valuesOf(client);
export const adminLimits = valuesOf(admin);
export const serviceLimits = valuesOf(service);
export const securityLimits = valuesOf(security);
export const directoryLimits = valuesOf(directory);
export const umlrunLimits = valuesOf(umlrunTable);
export const webLimits = valuesOf(web);

/** Shares of the tables that several peers fill. */
export const consoleShares = sharesOf('console', consoles);
export const rpcShares = sharesOf('rpc', rpc);
export const remoteShares = sharesOf('remote', remote);
export const kernelShares = sharesOf('kernel', kernel);
export const monitorShares = sharesOf('monitor', monitor);
export const directoryShares = sharesOf('directory', directory);
export const webShares = sharesOf('web', web);
