import { ftplib } from './drivers/ftplib.ts'
import { describeClient } from './scenarios.ts'

describeClient(ftplib)
