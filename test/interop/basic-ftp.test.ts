import { basicFtp } from './drivers/basic-ftp.ts'
import { describeClient } from './scenarios.ts'

describeClient(basicFtp)
