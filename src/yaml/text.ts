import { isUtf8 } from 'node:buffer'

/** A YAML file as it is saved by an editor that is set to UTF-8; undefined for any other bytes, such as Latin-1 or UTF-16. */
export function yamlText(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

export const NO_UTF8 = { message: 'the file is not UTF-8', remedy: 'save it as UTF-8' } as const
