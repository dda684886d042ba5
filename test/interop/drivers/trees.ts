import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Paths below the top, each beginning with a slash; folders before what is in them. */
export type Tree = Readonly<{ folders: readonly string[]; files: readonly string[] }>

/** For clients that transfer what they are told, one file after another, and walk no trees themselves. */
export async function localTree(top: string): Promise<Tree> {
  const entries = await readdir(top, { recursive: true, withFileTypes: true })
  const path = (entry: (typeof entries)[number]) => join(entry.parentPath, entry.name).slice(top.length)
  const folders = entries.filter((entry) => entry.isDirectory()).map(path)
  const files = entries.filter((entry) => entry.isFile()).map(path)
  return { folders: folders.sort(), files }
}

/** `mlsd` gives what the client shows of an MLSD of each of the folders: one run of the client for each level. */
export async function remoteTree(
  mlsd: (paths: readonly string[]) => Promise<readonly string[]>,
  top: string,
): Promise<Tree> {
  const folders: string[] = []
  const files: string[] = []
  for (let level = ['']; level.length > 0; ) {
    const listings = await mlsd(level.map((below) => top + below))
    const found = level.flatMap((below, index) =>
      [...(listings[index] ?? '').matchAll(/type=(dir|file);\S* (.+?)\r?$/gm)].map(
        ([, type, name]) => [type, `${below}/${name}`] as const,
      ),
    )
    files.push(...found.filter(([type]) => type === 'file').map(([, path]) => path))
    level = found.filter(([type]) => type === 'dir').map(([, path]) => path)
    folders.push(...level)
  }
  return { folders, files }
}

export async function makeFolders(top: string, { folders }: Tree): Promise<void> {
  for (const folder of ['', ...folders]) await mkdir(`${top}${folder}`, { recursive: true })
}
