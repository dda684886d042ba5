"""An upload by ftplib that closes the data connection as .NET's FtpWebRequest does: without close_notify."""
import ftplib
import ssl

import job

given = job.read_job()
ftp = ftplib.FTP_TLS(context=ssl.create_default_context(cafile=given["ca"]), timeout=30, encoding="utf-8")
ftp.connect(given["servername"], given["port"])
ftp.login(given["user"], given["password"])
ftp.prot_p()
ftp.voidcmd("TYPE I")
with ftp.transfercmd("STOR " + given["name"]) as data:
    data.sendall(given["content"].encode())
try:
    print(ftp.voidresp())
except ftplib.Error as refusal:
    print(refusal)
ftp.quit()
