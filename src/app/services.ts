import type { AppServices } from '../cli/services.ts'
import { createPolicy } from '../core/policy/policy.ts'
import { CAN_PROVE as FTP_FACTORS } from '../ftp/login.ts'
import { CAN_PROVE as SFTP_FACTORS } from '../sftp/auth.ts'
import { makeSecretsKey } from '../users/secret-box.ts'
import { createTotpVerifier } from '../users/totp-speakeasy.ts'
import { readAllClientTrust } from './client-trust.ts'
import { nativeParts } from './native-parts.ts'
import { policySettings, readBanners } from './settings.ts'
import { version } from './version.ts'

/**
 * The real parts behind the CLI's verbs. What is large is loaded by the verb that needs it: the doors and their libraries are
 * most of the time that a short verb would take.
 */
export const services: AppServices = {
  version,
  nativeParts,
  start: async (config) => (await import('./start.ts')).startServer(config),
  openUsers: async (config) => (await import('./user-store.ts')).openUserStore(config),
  openState: async (config) => (await import('./core.ts')).openState(config, undefined),
  examineState: async (config) =>
    (await import('../state/sqlite-look.ts')).examineStateFile(config.state.file),
  policy: (config) => createPolicy(policySettings(config)),
  canProve: (listener, door) => {
    if (listener.door === 'sftp') return SFTP_FACTORS
    const certificates = door === 'ftps' && listener.clientCertificates !== 'off'
    return certificates ? new Set([...FTP_FACTORS, 'client-cert']) : FTP_FACTORS
  },
  totpVerifier: (config) => createTotpVerifier(config.mfa.driftSteps),
  loadHostKeys: async (config) => (await import('./key-material.ts')).readAllHostKeys(config),
  loadCertificates: async (config) => (await import('./key-material.ts')).readCertificates(config),
  loadClientTrust: async (config) => readAllClientTrust(config),
  loadBanners: async (config) => readBanners(config),
  loadKeyTrust: async (config) => void (await import('./key-trust.ts')).openKeyTrust(config),
  makeHostKey: async (kind) => (await import('../sftp/host-keys.ts')).generateHostKey(kind),
  makeSecretsKey,
  emptyUsersFile: async () => (await import('../users/edit.ts')).emptyUsersFile(),
}
