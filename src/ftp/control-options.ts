import type { Socket } from 'node:net'
import type { Origin } from '../core/identity.ts'
import type { DescriptorNet } from './descriptor-net.ts'
import type { Row } from './session.ts'
import type { FtpDeps } from './settings.ts'
import type { TlsEngine } from './tls.ts'

/** What a control connection is made of. The socket is its own from then on; all else it shares with others. */
export type ControlOptions = Readonly<{
  socket: Socket
  origin: Origin
  deps: FtpDeps
  engine: TlsEngine
  commands: ReadonlyMap<string, Row>
  net: DescriptorNet | undefined
}>
