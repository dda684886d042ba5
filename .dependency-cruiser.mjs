// Who may import whom. Each rule says why; `npm run check` runs it.
const layer = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^src/', pathNot: allowed },
})

export default {
  forbidden: [
    layer(
      'core-imports-core-only',
      'The rules of login, policy and files must not depend on how bytes arrive or where they are kept.',
      '^src/core/',
      '^src/core/',
    ),
    {
      name: 'core-does-no-io',
      comment:
        'The core is pure so that enforce, explain and the tests run the same code; only core/net.ts may use BlockList of node:net.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'], pathNot: '^(node:)?(crypto|path/posix|net)$' },
    },
    {
      name: 'core-net-is-for-net-ts',
      comment:
        'node:net in the core is for address arithmetic in core/net.ts only; sockets belong to server/ and the doors.',
      severity: 'error',
      from: { path: '^src/core/', pathNot: '^src/core/net[.]ts$' },
      to: { path: '^(node:)?net$' },
    },
    layer(
      'ftp-is-an-adapter',
      'The FTP door translates wire to core; it must not see another door, a store or a disk.',
      '^src/ftp/',
      '^src/(core/|ftp/|server/adapter[.]ts$)',
    ),
    layer(
      'sftp-is-an-adapter',
      'The SFTP door translates wire to core; it must not see another door, a store or a disk.',
      '^src/sftp/',
      '^src/(core/|sftp/|server/adapter[.]ts$)',
    ),
    layer(
      'server-knows-adapters-only',
      'Listeners hand sockets to an adapter; they know no protocol.',
      '^src/server/',
      '^src/(core/|server/)',
    ),
    layer(
      'native-knows-nothing',
      'System calls that Node does not offer, without a rule and without a protocol; drivers and doors may use them.',
      '^src/native/',
      '^src/native/',
    ),
    layer(
      'storage-is-a-driver',
      'Swapping a storage driver must touch no rule and no door.',
      '^src/storage/',
      '^src/(core/|storage/|native/)',
    ),
    layer(
      'state-is-a-driver',
      'Swapping the state store must touch no rule and no door.',
      '^src/state/',
      '^src/(core/|state/)',
    ),
    layer(
      'users-is-a-driver',
      'Swapping the user directory must touch no rule and no door.',
      '^src/users/',
      '^src/(core/|users/|yaml/)',
    ),
    layer(
      'observe-is-a-driver',
      'Sinks write what the core tells them; they decide nothing.',
      '^src/observe/',
      '^src/(core/|observe/)',
    ),
    layer(
      'config-knows-core-types',
      'Configuration is read in one place and handed out frozen.',
      '^src/config/',
      '^src/(core/|config/|yaml/)',
    ),
    layer(
      'yaml-knows-no-file-of-ours',
      'Reading YAML and naming line, column and remedy is one job, shared by the configuration and the users file; it must not know what either holds, but may use the core to read an address.',
      '^src/yaml/',
      '^src/(yaml/|core/net[.]ts$|core/errors[.]ts$)',
    ),
    layer(
      'cli-goes-through-app',
      'A CLI verb composes through app.ts so that it runs what the server runs.',
      '^src/cli/',
      '^src/(cli/|app[.]ts$|config/|core/)',
    ),
    {
      name: 'fs-in-named-files-only',
      comment: 'Every touch of the disk stands in a file made for it, so that it can be audited.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(storage/local|state/|users/|config/|observe/|cli/setup/)',
      },
      to: { path: '^(node:)?fs(/promises)?$' },
    },
    {
      name: 'ssh2-only-in-sftp',
      comment: 'The SSH transport can be replaced as long as one folder knows it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/sftp/' },
      to: { path: 'node_modules/(@types/)?ssh2' },
    },
    {
      name: 'yaml-and-zod-at-the-edges',
      comment: 'Only the files that read YAML know YAML; everybody else gets typed values.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(config|users|yaml)/' },
      to: { path: 'node_modules/(yaml|zod)' },
    },
    {
      name: 'no-circular',
      comment: 'A cycle means that two files are one.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-to-test',
      comment: 'What ships must not need its tests.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-dev-dependencies-in-src',
      comment: 'A published install has no development dependencies.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: ['node_modules/@types/'] },
    },
    {
      name: 'not-to-unresolvable',
      comment: 'An import that resolves nowhere fails at run time.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
