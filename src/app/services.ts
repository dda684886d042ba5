import type { AppServices } from '../cli/services.ts'
import { createPolicy } from '../core/policy/policy.ts'
import { CAN_PROVE as FTP_FACTORS } from '../ftp/login.ts'
import { CAN_PROVE as SFTP_FACTORS } from '../sftp/auth.ts'
import { generateHostKey } from '../sftp/host-keys.ts'
import { emptyUsersFile } from '../users/edit.ts'
import { makeSecretsKey } from '../users/secret-box.ts'
import { createTotpVerifier } from '../users/totp-speakeasy.ts'
import { readAllClientTrust } from './client-trust.ts'
import { openState } from './core.ts'
import { readAllHostKeys, readCertificates } from './key-material.ts'
import { openKeyTrust } from './key-trust.ts'
import { nativeParts } from './native-parts.ts'
import { policySettings, readBanners } from './settings.ts'
import { startServer } from './start.ts'
import { openUserStore } from './user-store.ts'
import { version } from './version.ts'

/** The real parts behind the CLI's verbs. */
export const services: AppServices = {
  version,
  nativeParts,
  start: startServer,
  openUsers: openUserStore,
  openState: async (config) => openState(config, undefined),
  policy: (config) => createPolicy(policySettings(config)),
  canProve: (listener, door) => {
    if (listener.door === 'sftp') return SFTP_FACTORS
    const certificates = door === 'ftps' && listener.clientCertificates !== 'off'
    return certificates ? new Set([...FTP_FACTORS, 'client-cert']) : FTP_FACTORS
  },
  totpVerifier: (config) => createTotpVerifier(config.mfa.driftSteps),
  loadHostKeys: async (config) => readAllHostKeys(config),
  loadCertificates: async (config) => readCertificates(config),
  loadClientTrust: async (config) => readAllClientTrust(config),
  loadBanners: async (config) => readBanners(config),
  loadKeyTrust: async (config) => void openKeyTrust(config),
  makeHostKey: generateHostKey,
  makeSecretsKey,
  emptyUsersFile,
}
