import type { ProtocolAdapter } from '../server/adapter.ts'
import { Control } from './control.ts'
import { openDescriptorNet } from './descriptor-net.ts'
import { replyForError } from './error-map.ts'
import { formatReply } from './replies.ts'
import type { FtpDeps } from './settings.ts'
import { COMMANDS } from './table.ts'
import { createTlsEngine } from './tls.ts'

/** The FTP and FTPS door of one listener. `close` cuts the connections that are left. */
export function createFtpAdapter(deps: FtpDeps): ProtocolAdapter {
  const engine = createTlsEngine(deps)
  const net = openDescriptorNet(deps.native, deps.clock)
  const open = new Set<Control>()
  return {
    serve(socket, origin) {
      const control = new Control({ socket, origin, deps, engine, commands: COMMANDS, net })
      open.add(control)
      void control.done.then(() => open.delete(control))
      return control
    },
    refuse(socket, code) {
      socket.on('error', () => undefined)
      // Inside implicit TLS nothing can be said without a handshake, and a refused peer is not worth one.
      if (deps.settings.tls === 'implicit') return void socket.destroy()
      const refusal = replyForError(code)
      socket.end(formatReply({ code: 421, lines: refusal.lines }), () => socket.destroy())
    },
    async close() {
      const left = [...open]
      for (const control of left) control.close('now')
      await Promise.all(left.map((control) => control.done))
      net?.close()
    },
  }
}
