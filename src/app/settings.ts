import { exceptionEndMs } from '../config/exceptions.ts'
import type { Config, ListenerConfig } from '../config/schema.ts'
import type { LoginSettings } from '../core/auth/deps.ts'
import type { PasswordSettings } from '../core/auth/password.ts'
import type { Door } from '../core/identity.ts'
import { createAddressList } from '../core/net.ts'
import type { Admission, PolicySettings } from '../core/policy/decide.ts'
import type { LockRule } from '../core/ports.ts'
import type { FtpSettings } from '../ftp/settings.ts'
import type { SftpSettings } from '../sftp/settings.ts'
import type { TermsSettings } from '../sftp/terms.ts'
import type { LocalSettings } from '../storage/local/context.ts'
import { readBanner } from './banner.ts'
import { type FindHost, passiveAddressOf } from './passive-address.ts'

// From the keys of the configuration to what each part asks for: the only place where units change.

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const MIB = 1024 * 1024

/** A good password is remembered this long, so that clients that open many connections cost one hash. */
const VERIFIER_CACHE_MS = 60 * SECOND_MS

export type FtpListener = Extract<ListenerConfig, { door: 'ftp' }>
type SftpListener = Extract<ListenerConfig, { door: 'sftp' }>

function admissionOf(listener: ListenerConfig): Admission {
  const hosts = listener.door === 'ftp' ? listener.hosts : []
  return {
    users: new Set(listener.users),
    hosts: new Map(hosts.map(({ name, users }) => [name, new Set(users)])),
  }
}

export function policySettings({ access, listeners }: Config): PolicySettings {
  const ftp = listeners.filter((listener) => listener.door === 'ftp')
  const cleartext = ftp.filter((listener) => listener.cleartext)
  const anonymous = ftp.filter((listener) => listener.anonymous)
  return {
    allow: access.allow,
    deny: access.deny,
    cleartextListeners: new Set(cleartext.map((listener) => listener.name)),
    anonymousListeners: new Set(anonymous.map((listener) => listener.name)),
    admissions: new Map(listeners.map((listener) => [listener.name, admissionOf(listener)])),
  }
}

function lockRule(rule: Config['login']['lockout']['user']): LockRule {
  return {
    after: rule.after,
    windowMs: rule.windowSeconds * SECOND_MS,
    lockMs: rule.lockSeconds * SECOND_MS,
  }
}

export function loginSettings({ login, mfa }: Config): LoginSettings {
  return {
    failureDelayMs: login.failureDelayMs,
    failureDelayMaxMs: login.failureDelayMaxMs,
    attemptsPerConnection: login.attemptsPerConnection,
    appendedCode: mfa.appendedCode,
    lockout: { user: lockRule(login.lockout.user), address: lockRule(login.lockout.address) },
  }
}

export function passwordSettings({ passwords }: Config): PasswordSettings {
  return {
    argon2: passwords.argon2,
    queue: { concurrent: passwords.concurrent, waiting: passwords.queue },
    cacheMs: VERIFIER_CACHE_MS,
  }
}

export function storageSettings({ files }: Config): LocalSettings {
  return {
    umask: files.umask,
    symlinks: files.symlinks,
    partialRetentionMs: files.partialRetentionHours * HOUR_MS,
    inPlaceWrites: files.inPlaceWrites,
    syncOnCommit: files.syncOnCommit,
  }
}

/** What a connection is before any upgrade. */
export function doorAtAccept(listener: ListenerConfig): { door: Door; encrypted: boolean } {
  if (listener.door === 'sftp') return { door: 'sftp', encrypted: true }
  return listener.tls === 'implicit' ? { door: 'ftps', encrypted: true } : { door: 'ftp', encrypted: false }
}

function textOf(file: string | null): readonly string[] | undefined {
  return file === null ? undefined : readBanner(file)
}

function greetingOf({ banner, bannerFile }: Readonly<{ banner: string | null; bannerFile: string | null }>) {
  if (bannerFile !== null) return readBanner(bannerFile)
  return banner === null ? undefined : [banner]
}

/** Throws for a banner file of any listener that cannot be shown. */
export function readBanners({ listeners }: Config): void {
  for (const listener of listeners) {
    for (const place of [listener, ...(listener.door === 'ftp' ? listener.hosts : [])]) greetingOf(place)
    if (listener.door !== 'ftp') continue
    textOf(listener.welcomeFile)
    textOf(listener.goodbyeFile)
  }
}

function openEndedFor({ openEndedUploads }: FtpListener): FtpSettings['openEnded'] {
  const exceptions = openEndedUploads.map((exception) => ({
    addresses: createAddressList(exception.networks),
    untilMs: exceptionEndMs(exception),
  }))
  return (remoteIp, nowMs) =>
    exceptions.some(({ addresses, untilMs }) => nowMs <= untilMs && addresses.has(remoteIp))
}

/** Reads the banner files: throws OperatorError, or the system's error for an unreadable one. */
export function ftpSettings({ ftp, login, tls }: Config, listener: FtpListener, find: FindHost): FtpSettings {
  const greeting = greetingOf(listener) ?? []
  return {
    tls: listener.tls,
    greeting,
    welcome: textOf(listener.welcomeFile) ?? [],
    goodbye: textOf(listener.goodbyeFile) ?? ['Goodbye.'],
    hosts: new Map(listener.hosts.map((host) => [host.name, greetingOf(host) ?? greeting])),
    tlsReuse: listener.tlsSessionReuse ?? ftp.tlsSessionReuse,
    minTlsVersion: tls.minVersion,
    legacyTlsUntilMs: listener.legacyTls === null ? 0 : exceptionEndMs(listener.legacyTls),
    openEnded: openEndedFor(listener),
    passivePorts: listener.passivePorts ?? ftp.passivePorts,
    passiveAddress: passiveAddressOf({ ftp }, listener, find),
    activeMode: ftp.activeMode,
    activePort: ftp.activePort,
    modeZ: ftp.modeZ,
    deflateLevel: ftp.deflateLevel,
    maxLineBytes: ftp.maxLineBytes,
    commandsPerSecond: ftp.commandsPerSecond,
    maxBadCommands: ftp.maxBadCommands,
    maxQueuedCommands: ftp.maxQueuedCommands,
    loginGraceMs: login.graceSeconds * SECOND_MS,
    idleMs: ftp.idleSeconds * SECOND_MS,
    stallMs: ftp.stallSeconds * SECOND_MS,
    dataConnectMs: ftp.dataConnectSeconds * SECOND_MS,
    tlsHandshakeMs: tls.handshakeSeconds * SECOND_MS,
  }
}

/** Algorithms, exceptions and the size of user keys: what a reload takes over. */
export function termsSettings(sftp: Config['sftp'], listener: SftpListener): TermsSettings {
  return {
    profile: listener.algorithms ?? sftp.algorithms,
    minRsaBits: sftp.minRsaBits,
    exceptions: listener.exceptions.map((exception) => ({
      ...exception,
      untilMs: exceptionEndMs(exception),
    })),
  }
}

/** Reads the banner file, as `ftpSettings` does. */
export function sftpSettings({ sftp, login }: Config, listener: SftpListener): SftpSettings {
  return {
    loginGraceMs: login.graceSeconds * SECOND_MS,
    authRequestsPerConnection: sftp.authRequestsPerConnection,
    promptsAtOnce: sftp.promptsAtOnce,
    terms: termsSettings(sftp, listener),
    idleMs: sftp.idleSeconds * SECOND_MS,
    keepAliveMs: sftp.keepAliveSeconds * SECOND_MS,
    keepAliveMisses: sftp.keepAliveMisses,
    channelsPerConnection: sftp.channelsPerConnection,
    handlesPerChannel: sftp.handlesPerChannel,
    rekeyBytes: sftp.rekeyMiB * MIB,
    rekeyMs: sftp.rekeyMinutes * MINUTE_MS,
    identification: sftp.identification,
    banner: greetingOf(listener)?.join('\n') ?? sftp.banner,
  }
}
