import packageJson from '../../package.json' with { type: 'json' };

/** The version of umlmon, as package.json has it (esbuild copies it into the bundles). */
export const version: string = packageJson.version;
