import { netFtp } from './drivers/net-ftp.ts'
import { describeClient } from './scenarios.ts'

describeClient(netFtp)
