import type { Driver } from '../driver.ts'
import { basicFtp } from './basic-ftp.ts'
import { curl } from './curl.ts'
import { ftplib } from './ftplib.ts'
import { lftp } from './lftp.ts'
import { ncftp } from './ncftp.ts'
import { netFtp } from './net-ftp.ts'
import { rclone } from './rclone.ts'
import { tnftp } from './tnftp.ts'
import { wget } from './wget.ts'

/** Every client that is tested on the doors of FTP. */
export const FTP_CLIENTS: readonly Driver[] = [
  curl,
  lftp,
  ncftp,
  tnftp,
  wget,
  rclone,
  ftplib,
  basicFtp,
  netFtp,
]
