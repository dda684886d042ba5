import { rclone } from './drivers/rclone.ts'
import { describeClient } from './scenarios.ts'

describeClient(rclone)
