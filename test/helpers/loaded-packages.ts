// With `--import`: at its end the program says on standard error which packages and folders of src/ it has loaded modules of.
import { registerHooks } from 'node:module'

const loaded = new Set<string>()

registerHooks({
  load: (url, context, next) => {
    const found = /\/(?:node_modules\/|(?=src\/))((?:@[^/]+\/|src\/)?[^/]+)(?!.*\/node_modules\/)/.exec(
      url,
    )?.[1]
    if (found !== undefined) loaded.add(found)
    return next(url, context)
  },
})

process.on('exit', () => process.stderr.write(`${JSON.stringify([...loaded])}\n`))
