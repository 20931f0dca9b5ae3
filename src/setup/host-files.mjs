// What is installed on a host, and where: values only, nothing is written here.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** Of each native addon only what is loaded when it runs, and its licence. */
const addons = {
  koffi: ['LICENSE.txt'],
  [`@koromix/koffi-linux-${process.arch}`]: [
    'package.json',
    'index.js',
    `linux_${process.arch}/koffi.node`,
    `musl_${process.arch}/koffi.node`,
  ],
  'node-pty': ['package.json', 'LICENSE', 'build/Release/pty.node'],
};

/**
 * All files as `{ to, mode, text }`, and links as `{ to, target }`, for a checkout at `root` with everything built.
 * `keep`: a file that the administrator has changed stays.
 */
export function hostFiles(root, prefix) {
  // systemd reads no other prefix.
  const isSystem = prefix === '/usr' || prefix === '/usr/local';
  const lib = isSystem ? `${prefix}/lib` : '/etc';
  const home = `${prefix}/lib/umlmon`;
  const read = (path) => readFileSync(join(root, path));
  const copy = (path, to, mode = 0o644) => ({ to, mode, text: read(path) });
  const fill = (path, to, mode = 0o644) => ({
    to,
    mode,
    text: Buffer.from(
      read(path).toString().replaceAll('@bindir@', `${prefix}/bin`).replaceAll('@home@', home),
    ),
  });
  const modeOf = (path) => (statSync(join(root, path)).mode & 0o111 ? 0o755 : 0o644);
  const within = (directory) =>
    existsSync(join(root, directory))
      ? readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      : [];

  const programs = readdirSync(join(root, 'src/bin')).flatMap((file) =>
    file.endsWith('.ts') ? [basename(file, '.ts')] : [],
  );
  const unitPlace = (name) => {
    const [file] = name.split(/\.in$/);
    if (file === 'leave-on-restart') return [`${home}/${file}`, 0o755];
    if (file === 'umlmon-generator') return [`${lib}/systemd/system-generators/${file}`, 0o755];
    const [, kind] = /\.(sysusers|tmpfiles)$/.exec(file) ?? [];
    return [kind ? `${lib}/${kind}.d/umlmon.conf` : `${lib}/systemd/system/${file}`, 0o644];
  };
  const programOf = (path) => (basename(path).startsWith('umlweb') ? 'umlweb' : 'umldir');
  const completions = {
    bash: `${prefix}/share/bash-completion/completions/`,
    zsh: prefix === '/usr' ? '/usr/share/zsh/vendor-completions/_' : `${prefix}/share/zsh/site-functions/_`,
    fish: `${prefix}/share/fish/vendor_completions.d/`,
  };

  return [
    ...within('dist')
      // Below are the manual pages, and what tests and benches have built.
      .filter((path) => dirname(path) === 'dist' && !path.endsWith('.map'))
      .map((path) => copy(path, join(home, relative('dist', path)), modeOf(path))),
    ...Object.entries(addons).flatMap(([name, files]) =>
      files.map((file) => copy(`node_modules/${name}/${file}`, `${home}/node_modules/${name}/${file}`)),
    ),
    // Where the PATH of every user looks: umlmon and umladmin are for users other than root, too.
    ...programs.map((name) => ({
      to: `${prefix}/bin/${name}`,
      target: `../lib/umlmon/${name}`,
    })),
    // By its name, the launcher knows which program it is.
    ...programs.map((name) => ({ to: `${home}/${name}`, target: 'launcher' })),
    ...within('dist/man').map((path) => copy(path, join(prefix, 'share', relative('dist', path)))),
    ...within('etc/completion').map((path) => {
      const [, program = '', shell = ''] = /([^/]+)\.(\w+)$/.exec(path) ?? [];
      return copy(path, `${completions[shell]}${program}${shell === 'fish' ? '.fish' : ''}`);
    }),
    // Units of programs that there are.
    ...within('systemd')
      .filter((path) => !/uml(?:dir|redir|web)\./.test(path) || programs.includes(programOf(path)))
      .map((path) => fill(path, ...unitPlace(basename(path)))),
    // On hosts with systemd, the rc script does not become a second way to start the same VMs.
    { to: `${lib}/systemd/system/umlmon.service`, target: '/dev/null' },
    copy('etc/services.umlmon', `${prefix}/share/doc/umlmon/services`),
    copy('etc/logrotate.umlmon', `${prefix}/share/doc/umlmon/logrotate`),
    { ...fill('etc/umlmon.rc.in', '/etc/init.d/umlmon', 0o755), keep: true },
    { ...copy('etc/umlmon.example.ini', '/etc/umlmon/umlmon.example.ini'), keep: true },
  ];
}
