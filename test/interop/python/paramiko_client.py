"""Paramiko: password, key, keyboard-interactive, and a key followed by a question for the code."""
import os
import stat
import warnings

warnings.simplefilter("ignore")
import paramiko  # noqa: E402

from job import download_tree, read_job, upload_tree  # noqa: E402

CHUNK = 65536


def answer(job):
    def handler(_title, _instructions, prompts):
        return [job["code"] if "code" in text.lower() else job["secret"] for text, _echo in prompts]

    return handler


def login(transport, job):
    form, user = job["form"], job["user"]
    if form in ("password", "appended"):
        rest = transport.auth_password(user, job["secret"], fallback=False)
    elif form == "prompt":
        rest = transport.auth_interactive(user, answer(job))
    else:
        rest = transport.auth_publickey(user, paramiko.Ed25519Key.from_private_key_file(job["key"]))
        if form == "key-prompt":
            assert rest, "the key alone was enough"
            rest = transport.auth_interactive(user, answer(job))
        elif form == "key-password":
            assert rest, "the key alone was enough"
            rest = transport.auth_password(user, job["secret"], fallback=False)
    assert not rest, "more is wanted: %s" % rest
    assert transport.is_authenticated()


def resume_upload(sftp, step):
    with open(step["local"], "rb") as source, sftp.open(step["remote"], "r+") as target:
        start = target.stat().st_size
        source.seek(start)
        target.seek(start)
        target.set_pipelined(True)
        for chunk in iter(lambda: source.read(CHUNK), b""):
            target.write(chunk)


def resume_download(sftp, step):
    with open(step["local"], "ab") as target, sftp.open(step["remote"], "rb") as source:
        source.seek(os.path.getsize(step["local"]))
        for chunk in iter(lambda: source.read(CHUNK), b""):
            target.write(chunk)


def perform(sftp, step):
    kind = step["do"]
    if kind == "upload":
        sftp.put(step["local"], step["remote"])
    elif kind == "download":
        sftp.get(step["remote"], step["local"])
    elif kind == "resume-upload":
        resume_upload(sftp, step)
    elif kind == "resume-download":
        resume_download(sftp, step)
    elif kind == "upload-tree":
        upload_tree(step["local"], step["remote"], sftp.mkdir, sftp.put)
    elif kind == "download-tree":
        entries = lambda path: [(e.filename, stat.S_ISDIR(e.st_mode)) for e in sftp.listdir_attr(path)]
        download_tree(step["remote"], step["local"], entries, sftp.get)
    elif kind == "list":
        print([str(entry) for entry in sftp.listdir_attr(step["remote"])])
    elif kind == "rename":
        sftp.rename(step["from"], step["to"])
    elif kind == "remove":
        sftp.remove(step["remote"])
    elif kind == "mkdir":
        sftp.mkdir(step["remote"])
    else:
        sftp.rmdir(step["remote"])


def main():
    job = read_job()
    transport = paramiko.Transport((job["host"], job["port"]))
    try:
        transport.start_client(timeout=30)
        login(transport, job)
        sftp = paramiko.SFTPClient.from_transport(transport)
        perform(sftp, job["step"])
        sftp.close()
    finally:
        transport.close()


main()
