// Loaded before anything else: unless its addon is wanted, ssh2 then finds no addon of its own, as on a machine where it could not be built.
const Module = require('node:module')

const load = Module._load
Module._load = function withoutAddon(request, ...rest) {
  if (process.env.CIPHERS_OF_TEST !== 'ssh2' && request.endsWith('sshcrypto.node'))
    throw new Error('not there')
  return load.call(this, request, ...rest)
}
