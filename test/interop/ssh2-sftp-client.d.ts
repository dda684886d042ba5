/** What the tests use of ssh2-sftp-client, which ships no types. */
declare module 'ssh2-sftp-client' {
  import type { WriteStream } from 'node:fs'
  import type { ConnectConfig, KeyboardInteractiveCallback, Prompt } from 'ssh2'

  type Entry = Readonly<{ name: string; type: string; size: number }>
  type Callbacks = Readonly<Record<'error' | 'end' | 'close', () => void>>
  type Destination = string | WriteStream

  // biome-ignore lint/style/noDefaultExport: that is what the package has
  export default class Client {
    constructor(name?: string, callbacks?: Callbacks)
    on(
      event: 'keyboard-interactive',
      listener: (
        name: string,
        text: string,
        language: string,
        prompts: Prompt[],
        finish: KeyboardInteractiveCallback,
      ) => void,
    ): void
    connect(options: ConnectConfig & { retries?: number }): Promise<unknown>
    put(local: string | Buffer, remote: string): Promise<string>
    fastPut(local: string, remote: string): Promise<string>
    get(remote: string, local?: Destination, options?: object): Promise<unknown>
    fastGet(remote: string, local: string): Promise<string>
    exists(remote: string): Promise<false | string>
    append(content: Buffer, remote: string): Promise<string>
    stat(remote: string): Promise<{ size: number }>
    list(remote: string): Promise<readonly Entry[]>
    uploadDir(local: string, remote: string): Promise<string>
    downloadDir(remote: string, local: string, options?: { useFastget?: boolean }): Promise<string>
    rename(from: string, to: string): Promise<string>
    delete(remote: string): Promise<string>
    mkdir(remote: string, parents?: boolean): Promise<string>
    rmdir(remote: string, recursive?: boolean): Promise<string>
    end(): Promise<boolean>
  }
}
