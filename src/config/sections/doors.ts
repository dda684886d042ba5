import { z } from 'zod'
import { TLS_REUSE } from '../../core/identity.ts'
import { filePath } from '../../yaml/fields.ts'
import { DAY_SECONDS, flag, MAX_PORT, whole } from '../fields.ts'
import { ALGORITHM_PROFILES } from './algorithms.ts'
import { passiveAddress, passiveNetworks } from './passive.ts'

const passivePorts = z
  .strictObject({
    from: whole(0, MAX_PORT, 40_000, 'First port; with both 0 any free port from 49152 to 65535 is taken.'),
    to: whole(
      0,
      MAX_PORT,
      40_999,
      'Last port; a transfer under way takes one, and fewer than 10 are refused.',
    ),
  })
  .prefault({})
  .describe('Ports for passive data connections; open them in the firewall.')

export const ftp = z
  .strictObject({
    passivePorts,
    passiveAddress,
    passiveNetworks,
    activeMode: flag(
      true,
      "PORT and EPRT, to the client's own address and ports from 1024 only; false refuses them.",
    ),
    activePort: whole(
      0,
      MAX_PORT,
      0,
      'The port from which active data connections go out, for firewalls that want 20; below 1024 it needs a privilege. 0 = any.',
    ),
    idleSeconds: whole(1, DAY_SECONDS, 900, 'A session without a command or transfer is closed after this.'),
    stallSeconds: whole(1, DAY_SECONDS, 300, 'A transfer in which no byte moves is ended after this.'),
    dataConnectSeconds: whole(1, 3600, 30, 'Time for a data connection to come about.'),
    tlsSessionReuse: z
      .enum(TLS_REUSE)
      .default('prefer')
      .describe(
        'Must a TLS data connection resume the session of its control connection? off: nobody looks. prefer: the audit tells. require: refused else, and some clients cannot do it (rclone, many libraries).',
      ),
    modeZ: flag(
      false,
      'true: clients may pack what they send and get (MODE Z), which costs CPU and saves bandwidth. Limits count what is unpacked.',
    ),
    deflateLevel: whole(1, 9, 6, 'How hard MODE Z packs unless the client chooses: 1 is fast, 9 small.'),
    maxLineBytes: whole(512, 65_536, 4096, 'The longest command line; a longer one is refused unread.'),
    commandsPerSecond: whole(
      0,
      100_000,
      0,
      'Commands of one session; faster ones wait, but for bursts of a second. 0 = no limit: sessions take turns anyway.',
    ),
    maxBadCommands: whole(
      0,
      100_000,
      50,
      'Mistakes in a row (unknown commands, wrong arguments or order) that are let pass; one more closes the session. 0 = no limit.',
    ),
    maxQueuedCommands: whole(
      1,
      1000,
      32,
      'Commands that may wait behind the running one before reading stops.',
    ),
  })
  .prefault({})
  .describe('The FTP and FTPS door.')

export const sftp = z
  .strictObject({
    idleSeconds: whole(1, DAY_SECONDS, 900, 'A connection without a request is closed after this.'),
    channelsPerConnection: whole(
      1,
      16,
      8,
      'SFTP sessions at once on one connection; each may hold 264 KiB of requests.',
    ),
    handlesPerChannel: whole(1, 10_000, 100, 'Open files and folders at once in one SFTP session.'),
    authRequestsPerConnection: whole(
      1,
      1000,
      20,
      'Authentication requests of any kind on one connection, offers of public keys included.',
    ),
    promptsAtOnce: flag(
      false,
      'true: keyboard-interactive asks everybody for password and code at once; who has no code leaves it empty.',
    ),
    algorithms: z
      .enum(ALGORITHM_PROFILES)
      .default('modern')
      .describe(
        'What SSH may use: modern, or compatible for libraries some years old. See docs/ssh-algorithms.md.',
      ),
    minRsaBits: whole(
      3072,
      16_384,
      3072,
      'RSA keys of users with fewer bits are refused, but for the exception rsa-2048 of a listener.',
    ),
    keepAliveSeconds: whole(
      1,
      DAY_SECONDS,
      30,
      'How often a silent client is asked whether it is still there.',
    ),
    keepAliveMisses: whole(1, 100, 4, 'Unanswered questions after which the connection is closed.'),
    // The most is RFC 4344, section 3.2, for AES: 2^32 blocks. It also keeps ChaCha20's numbers of packets from coming back.
    rekeyMiB: whole(16, 65_536, 1024, 'Data after which new session keys are agreed.'),
    rekeyMinutes: whole(1, 10_080, 60, 'Time after which new session keys are agreed.'),
    identification: z
      .string()
      .refine((text) => /^[!-,.-~]{1,200}$/.test(text), {
        error: 'expected 1 to 200 ASCII characters without spaces and minus signs',
      })
      .default('sftp')
      .describe(
        'What the server calls itself before the key exchange, behind SSH-2.0-. It should not name a product.',
      ),
    banner: z
      .string()
      .refine((text) => text.length <= 2000 && !/[^\P{Cc}\n]/u.test(text), {
        error: 'expected at most 2000 characters without control characters other than line breaks',
      })
      .default('')
      .describe('Text shown before the login; empty = none. It should not name a product.'),
  })
  .prefault({})
  .describe('The SFTP door.')

export const tls = z
  .strictObject({
    certificateFile: filePath('Certificate and its chain, PEM.').default('keys/tls.crt'),
    keyFile: filePath('Its private key, PEM, readable by the server alone.').default('keys/tls.key'),
    minVersion: z
      .enum(['TLSv1.2', 'TLSv1.3'])
      .default('TLSv1.2')
      .describe('The oldest TLS version that is spoken.'),
    handshakeSeconds: whole(1, 600, 15, 'Time for a TLS handshake.'),
  })
  .prefault({})
  .describe('TLS of the ftp listeners.')

export const keys = z
  .strictObject({
    hostKeys: z
      .array(filePath('Private host key, OpenSSH or PEM format.'))
      .min(1, { error: 'expected at least one host key' })
      .default(['keys/ssh_host_ed25519_key', 'keys/ssh_host_rsa_key'])
      .describe('SSH host keys, the preferred first.'),
  })
  .prefault({})
  .describe('Keys by which SFTP clients know the server.')
