import { opensshSftp } from './drivers/openssh-sftp.ts'
import { describeClient } from './scenarios.ts'

describeClient(opensshSftp)
