import { lftp } from './drivers/lftp.ts'
import { describeClient } from './scenarios.ts'

describeClient(lftp)
