// Loaded before anything else (`--import`): sockets then cannot be given memory to read into, as in a Node that calls its
// inner parts otherwise. See src/ftp/read-into.ts for what is done without.
import { createServer, Socket } from 'node:net'

/** The prototype of Node's handles that has the method; found on a handle, which only a listening server shows soon. */
function ownerOf(handle: object | null, method: string): object {
  for (let owner = handle; owner !== null; owner = Object.getPrototypeOf(owner) as object | null)
    if (Object.hasOwn(owner, method)) return owner
  throw new Error(`no ${method} in this Node`)
}

const listening = createServer().listen(0, '127.0.0.1')
await new Promise((resolve) => listening.once('listening', resolve))
const address = listening.address()
const socket = new Socket()
socket.connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
const handle: object = Reflect.get(socket, '_handle')
Reflect.set(ownerOf(handle, 'useUserBuffer'), 'useUserBuffer', undefined)
socket.destroy()
listening.close()
