/** What encrypted data connections need of the addon; `src/native/native.ts` says what each function does. */
export type NativeTls = Readonly<{
  knowsTls(): number
  createTlsContext(
    certificates: Uint8Array,
    key: Uint8Array,
    ciphers: string,
    suites: string,
    version: number,
  ): object | null
  resumeSessions(
    context: object,
    ticketKeys: Uint8Array,
    sessionIdContext: string,
    seconds: number,
    find: (id: Uint8Array) => Uint8Array | undefined,
    begins: number,
  ): number
  openTls(context: object, fd: number, ticketsLast: number): object | null
  shakeHands(tls: object): number
  tlsResumed(tls: object): number
  sendTls(tls: object, bytes: Uint8Array, from: number, to: number, corked: number): number
  flushTls(tls: object): number
  endTls(tls: object): number
  receiveTls(tls: object, into: Uint8Array, used: number): number
  pendingTls(tls: object): number
  tlsProblem(tls: object): string
  closeTls(tls: object): number
}>
