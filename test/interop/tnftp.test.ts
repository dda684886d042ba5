import { tnftp } from './drivers/tnftp.ts'
import { describeClient } from './scenarios.ts'

describeClient(tnftp)
