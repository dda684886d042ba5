import type { Verb } from './verb.ts'
import { check } from './verbs/check.ts'
import { explain } from './verbs/explain.ts'
import { serve } from './verbs/serve.ts'
import { userAdd } from './verbs/user-add.ts'
import { userCertAdd, userCertRm } from './verbs/user-cert.ts'
import { userDisable, userEnable } from './verbs/user-enabled.ts'
import { userKeyAdd, userKeyRm } from './verbs/user-key.ts'
import { userList } from './verbs/user-list.ts'
import { userPasswd } from './verbs/user-passwd.ts'
import { userRm } from './verbs/user-rm.ts'
import { userShow } from './verbs/user-show.ts'
import { userTotpEnrol, userTotpRemove } from './verbs/user-totp.ts'
import { userUnlock } from './verbs/user-unlock.ts'
import { version } from './verbs/version.ts'

/** Every verb, in the order of the help. docs/cli.md lists the same; a test compares. */
export const VERBS: readonly Verb[] = [
  serve,
  check,
  explain,
  userAdd,
  userList,
  userShow,
  userPasswd,
  userDisable,
  userEnable,
  userUnlock,
  userRm,
  userTotpEnrol,
  userTotpRemove,
  userKeyAdd,
  userKeyRm,
  userCertAdd,
  userCertRm,
  version,
]
