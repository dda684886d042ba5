"""Python's own ftplib over cleartext, explicit TLS and implicit TLS."""
import ftplib
import os
import ssl

from job import download_tree, read_job, upload_tree


class ImplicitFtp(ftplib.FTP_TLS):
    """ftplib has no implicit TLS: the socket is wrapped as soon as it is there."""

    _sock = None

    @property
    def sock(self):
        return self._sock

    @sock.setter
    def sock(self, value):
        if value is not None and not isinstance(value, ssl.SSLSocket):
            value = self.context.wrap_socket(value, server_hostname=self.host)
        self._sock = value


def connect(job):
    context = ssl.create_default_context(cafile=job["ca"])
    if job["certificate"]:
        context.load_cert_chain(job["certificate"], job["certificate_key"])
    kinds = {
        "ftp": lambda: ftplib.FTP(timeout=30, encoding="utf-8"),
        "ftpes": lambda: ftplib.FTP_TLS(context=context, timeout=30, encoding="utf-8"),
        "ftps": lambda: ImplicitFtp(context=context, timeout=30, encoding="utf-8"),
    }
    ftp = kinds[job["listener"]]()
    ftp.connect(job["servername"], job["port"])
    account = job["code"] if job["form"] == "acct" else ""
    if job["listener"] == "ftps":
        ftp.login(job["user"], job["secret"], account, secure=False)
    else:
        ftp.login(job["user"], job["secret"], account)
    if job["listener"] != "ftp":
        ftp.prot_p()
    return ftp


def put(ftp, here, there, offset=None):
    with open(here, "rb") as source:
        source.seek(offset or 0)
        ftp.storbinary("STOR " + there, source, rest=offset)


def get(ftp, there, here, offset=None):
    with open(here, "ab" if offset else "wb") as target:
        ftp.retrbinary("RETR " + there, target.write, rest=offset)


def entries(ftp):
    def of(path):
        rows = list(ftp.mlsd(path, ["type"]))
        return [(name, facts["type"] == "dir") for name, facts in rows if facts["type"] in ("dir", "file")]

    return of


def perform(ftp, step):
    kind = step["do"]
    if kind == "upload":
        put(ftp, step["local"], step["remote"])
    elif kind == "download":
        get(ftp, step["remote"], step["local"])
    elif kind == "resume-upload":
        put(ftp, step["local"], step["remote"], ftp.size(step["remote"]))
    elif kind == "resume-download":
        get(ftp, step["remote"], step["local"], os.path.getsize(step["local"]))
    elif kind == "upload-tree":
        upload_tree(step["local"], step["remote"], ftp.mkd, lambda here, there: put(ftp, here, there))
    elif kind == "download-tree":
        download_tree(step["remote"], step["local"], entries(ftp), lambda there, here: get(ftp, there, here))
    elif kind == "list":
        ftp.dir(step["remote"])
        print(sorted(name for name, _ in ftp.mlsd(step["remote"])))
    elif kind == "checksum":
        print(ftp.sendcmd("HASH " + step["remote"]))
    elif kind == "rename":
        ftp.rename(step["from"], step["to"])
    elif kind == "remove":
        ftp.delete(step["remote"])
    elif kind == "mkdir":
        ftp.mkd(step["remote"])
    else:
        ftp.rmd(step["remote"])


def main():
    job = read_job()
    ftp = connect(job)
    ftp.voidcmd("TYPE I")
    perform(ftp, job["step"])
    ftp.quit()


main()
