/** What data connections in clear need of the addon; `src/native/native.ts` says what each function does. */
export type NativeSockets = Readonly<{
  listenTcp(address: string, port: number): number
  acceptPeer(listener: number, address: string): number
  dropWaiting(listener: number): number
  sendBytes(socket: number, bytes: Uint8Array, from: number, to: number, corked: number): number
  sendText(socket: number, text: string): number
  receiveInto(socket: number, into: Uint8Array, used: number): number
  peerEnded(socket: number): number
  endSending(socket: number): number
  closeSocket(socket: number, discard: number): number
  createWatch(told: (id: number) => void): object | null
  watchDescriptor(watch: object, fd: number, id: number, events: number): number
  unwatchDescriptor(watch: object, fd: number): number
  closeWatch(watch: object): number
}>

/** What a descriptor is watched for. */
export const READABLE = 1
export const WRITABLE = 2
