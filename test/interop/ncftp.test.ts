import { ncftp } from './drivers/ncftp.ts'
import { describeClient } from './scenarios.ts'

describeClient(ncftp)
